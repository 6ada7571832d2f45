//! What the customer service has on record of who a customer is, as far as it is compared here with lists
//! and documents.

use std::fmt;

use proto::customer::v1 as pb;
use time::{Date, macros::format_description};
use types::Country;

use crate::screening::{Kind, Wanted};

/// Who a customer is.
#[derive(Clone, Default)]
pub(crate) struct Record {
    /// Of a person, or of a company's contact.
    pub(crate) first_name: String,
    pub(crate) middle_name: String,
    pub(crate) last_name: String,
    /// Empty for a person.
    pub(crate) company_name: String,
    pub(crate) born: Option<Date>,
    /// Of the address.
    pub(crate) country: Option<Country>,
}

/// Personal data: none of it is shown.
impl fmt::Debug for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record").finish_non_exhaustive()
    }
}

impl From<&pb::Customer> for Record {
    fn from(customer: &pb::Customer) -> Self {
        let day = format_description!("[year]-[month]-[day]");
        let country = customer.address.as_ref().map(|address| address.iso_country.as_str());
        Self {
            first_name: customer.first_name.clone(),
            middle_name: customer.middle_name.clone(),
            last_name: customer.last_name.clone(),
            company_name: customer.company_name.clone(),
            born: Date::parse(&customer.date_of_birth, day).ok(),
            country: country.and_then(|code| Country::parse(code).ok()),
        }
    }
}

impl Record {
    /// Who is to be looked for on the lists: a person; or a company, and its contact. Nobody, once the
    /// customer's names were erased.
    pub(crate) fn wanted(&self) -> Wanted {
        let person = [&self.first_name, &self.middle_name, &self.last_name].map(String::as_str);
        let names = [(Kind::Person, person.join(" ")), (Kind::Entity, self.company_name.clone())];
        let is_there = |(_, name): &(Kind, String)| !name.trim().is_empty();
        let names = names.into_iter().filter(is_there).collect();
        Wanted { names, born: self.born, country: self.country }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_has_no_name_any_more_is_nobody() {
        let wanted = |first: &str, company: &str| {
            let record = Record {
                first_name: first.to_owned(),
                company_name: company.to_owned(),
                ..Record::default()
            };
            record.wanted().names.into_iter().map(|(kind, _)| kind).collect::<Vec<_>>()
        };

        assert_eq!(wanted("", ""), []);
        assert_eq!(wanted("Joe", ""), [Kind::Person]);
        assert_eq!(wanted("", "Acme"), [Kind::Entity]);
        assert_eq!(wanted("Joe", "Acme"), [Kind::Person, Kind::Entity]);
    }
}

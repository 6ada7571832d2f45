//! What is known of a customer: parsed field by field, complete or refused.

use kit::errors::Violations;
use time::Date;
use types::{Country, DateOfBirth, Email, Phone, PhoneError, Text};

/// A person or a company.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CustomerType {
    Individual,
    Company,
}

impl CustomerType {
    /// As the database has it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Individual => "individual",
            Self::Company => "company",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Individual, Self::Company].into_iter().find(|kind| kind.as_str() == text)
    }
}

/// What a caller wants to be so; a text as it was sent. None: to stay as it is. Empty: to be absent.
#[derive(Default)]
pub(crate) struct Change {
    pub(crate) first_name: Option<String>,
    pub(crate) middle_name: Option<String>,
    pub(crate) last_name: Option<String>,
    pub(crate) company_name: Option<String>,
    pub(crate) number: Option<String>,
    pub(crate) refinement: Option<String>,
    pub(crate) street: Option<String>,
    pub(crate) region: Option<String>,
    pub(crate) city: Option<String>,
    pub(crate) postal_code: Option<String>,
    pub(crate) iso_country: Option<String>,
    pub(crate) date_of_birth: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) active: Option<bool>,
}

/// Details with all that their type of customer requires.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Details {
    customer_type: CustomerType,
    fields: Draft,
    iso_country: Country,
}

/// Details on the way: each field is valid, but some may be missing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Draft {
    pub(crate) first_name: Option<Text>,
    pub(crate) middle_name: Option<Text>,
    pub(crate) last_name: Option<Text>,
    pub(crate) company_name: Option<Text>,
    pub(crate) number: Option<Text>,
    pub(crate) refinement: Option<Text>,
    pub(crate) street: Option<Text>,
    pub(crate) region: Option<Text>,
    pub(crate) city: Option<Text>,
    pub(crate) postal_code: Option<Text>,
    pub(crate) iso_country: Option<Country>,
    pub(crate) date_of_birth: Option<DateOfBirth>,
    pub(crate) email: Option<Email>,
    pub(crate) phone: Option<Phone>,
}

impl From<&Details> for Draft {
    fn from(details: &Details) -> Self {
        details.fields.clone()
    }
}

impl Draft {
    /// Takes over what the change says, field by field; a bad one becomes a violation.
    pub(crate) fn apply(&mut self, change: &Change, today: Date, bad: &mut Violations) {
        let name = |text: &str| Text::parse(text, 1..=50);
        let line = |text: &str| Text::parse(text, 1..=100);
        let number = |text: &str| Text::parse(text, 1..=11);
        set(&mut self.first_name, "first_name", change.first_name.as_ref(), name, bad);
        set(&mut self.middle_name, "middle_name", change.middle_name.as_ref(), name, bad);
        set(&mut self.last_name, "last_name", change.last_name.as_ref(), name, bad);
        set(&mut self.company_name, "company_name", change.company_name.as_ref(), line, bad);
        set(&mut self.number, "address.number", change.number.as_ref(), number, bad);
        set(&mut self.refinement, "address.refinement", change.refinement.as_ref(), line, bad);
        set(&mut self.street, "address.street", change.street.as_ref(), line, bad);
        set(&mut self.region, "address.region", change.region.as_ref(), line, bad);
        set(&mut self.city, "address.city", change.city.as_ref(), line, bad);
        set(&mut self.postal_code, "address.postal_code", change.postal_code.as_ref(), line, bad);
        let country = change.iso_country.as_ref();
        set(&mut self.iso_country, "address.iso_country", country, Country::parse, bad);
        let born = |text: &str| DateOfBirth::parse(text, today);
        set(&mut self.date_of_birth, "date_of_birth", change.date_of_birth.as_ref(), born, bad);
        set(&mut self.email, "email", change.email.as_ref(), Email::parse, bad);
        self.apply_phone(change, bad);
    }

    /// Without a country, which is then what is wrong, a national number is neither right nor wrong.
    fn apply_phone(&mut self, change: &Change, bad: &mut Violations) {
        let country = self.iso_country;
        let phone = |text: &str| match Phone::parse(text, country) {
            Err(PhoneError::NotANumber) if country.is_none() => Ok(None),
            parsed => parsed.map(Some),
        };
        let mut parsed = self.phone.take().map(Some);
        set(&mut parsed, "phone", change.phone.as_ref(), phone, bad);
        self.phone = parsed.flatten();
    }

    fn require_person(&self, bad: &mut Violations) {
        require(self.first_name.is_some(), "first_name", bad);
        require(self.last_name.is_some(), "last_name", bad);
        require(self.date_of_birth.is_some(), "date_of_birth", bad);
    }

    /// The details, when nothing is missing and nothing is too much for the type of customer. Without
    /// a type, which is then what is wrong, what would be missing is still told: that of an individual,
    /// unless there is the name of a company.
    pub(crate) fn complete(
        self,
        customer_type: Option<CustomerType>,
        bad: &mut Violations,
    ) -> Option<Details> {
        let named_as_company = self.company_name.is_some() || bad.has("customer.company_name");
        match customer_type {
            Some(CustomerType::Individual) => {
                self.require_person(bad);
                if self.company_name.is_some() {
                    bad.add("customer.company_name", "is for companies alone");
                }
            }
            None if !named_as_company => self.require_person(bad),
            Some(CustomerType::Company) => {
                require(self.company_name.is_some(), "company_name", bad);
            }
            None => {}
        }
        require(self.iso_country.is_some(), "address.iso_country", bad);
        let (customer_type, iso_country) = (customer_type?, self.iso_country?);
        bad.is_empty().then_some(Details { customer_type, fields: self, iso_country })
    }
}

impl Details {
    pub(crate) fn customer_type(&self) -> CustomerType {
        self.customer_type
    }

    pub(crate) fn iso_country(&self) -> Country {
        self.iso_country
    }

    /// What remains of them when the personal data is erased: the type and the country.
    pub(crate) fn erased(&self) -> Self {
        Self::without_fields(self.customer_type, self.iso_country)
    }

    /// Those of a customer whose personal data was erased.
    pub(crate) fn without_fields(customer_type: CustomerType, iso_country: Country) -> Self {
        let fields = Draft { iso_country: Some(iso_country), ..Draft::default() };
        Self { customer_type, fields, iso_country }
    }

    /// The fields, whose rules all hold.
    pub(crate) fn fields(&self) -> &Draft {
        &self.fields
    }

    /// First, middle and last name, or the company's.
    pub(crate) fn name(&self) -> String {
        let Draft { first_name, middle_name, last_name, company_name, .. } = &self.fields;
        match self.customer_type {
            CustomerType::Individual => {
                let parts = [first_name, middle_name, last_name];
                parts.into_iter().flatten().map(Text::as_str).collect::<Vec<_>>().join(" ")
            }
            CustomerType::Company => company_name.as_ref().map_or("", Text::as_str).to_owned(),
        }
    }

    /// Whether a verification of one is a verification of the other.
    pub(crate) fn is_same_identity(&self, other: &Self) -> bool {
        let identity = |details: &Self| {
            let Draft { first_name, middle_name, last_name, company_name, date_of_birth, .. } =
                details.fields.clone();
            let country = details.iso_country;
            (first_name, middle_name, last_name, company_name, date_of_birth, country)
        };
        identity(self) == identity(other)
    }
}

fn set<T, E: std::fmt::Display>(
    field: &mut Option<T>,
    name: &str,
    said: Option<&String>,
    parse: impl FnOnce(&str) -> Result<T, E>,
    bad: &mut Violations,
) {
    let Some(said) = said else { return };
    if let Some(value) = bad.optional(&format!("customer.{name}"), said, parse) {
        *field = value;
    }
}

/// A field that is missing; one that was sent but is bad has its violation already.
fn require(is_there: bool, name: &str, bad: &mut Violations) {
    let field = format!("customer.{name}");
    if !is_there && !bad.has(&field) {
        bad.add(field, "is required");
    }
}

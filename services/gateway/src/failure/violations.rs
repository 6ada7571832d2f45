//! Bad parameters under the names that REST has for them, whoever found them.

use serde::Serialize;
use tonic_types::ErrorDetails;
use utoipa::ToSchema;

use super::Failure;

/// Bad parameters in one answer at most.
const MOST: usize = 1000;

/// The longest name of a parameter that is repeated to its sender, in characters.
const NAME: usize = 100;

/// What the service says of a change that changes nothing.
const NOTHING_TO_CHANGE: &str = "body";

/// One bad parameter.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Violation {
    /// Its name, with dots: `address.iso_country`.
    parameter: String,
    /// What is wrong with it; goes on after the name.
    reason: String,
}

/// The bad parameters of a request: of each, the first thing that was found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Violations(Vec<Violation>);

impl From<Vec<Violation>> for Violations {
    fn from(violations: Vec<Violation>) -> Self {
        Self(violations)
    }
}

impl Violations {
    /// Adds one, unless its parameter is known to be bad already.
    pub(crate) fn add(&mut self, parameter: &str, reason: impl Into<String>) {
        let parameter: String = parameter.chars().take(NAME).collect();
        if self.0.len() < MOST && !self.0.iter().any(|known| known.parameter == parameter) {
            self.0.push(Violation { parameter, reason: reason.into() });
        }
    }

    /// Those of a service, under REST's names.
    pub(crate) fn of(details: &ErrorDetails) -> Self {
        let mut violations = Self::default();
        for bad in details.bad_request().iter().flat_map(|bad| &bad.field_violations) {
            violations.add(&parameter(&bad.field), bad.description.as_str());
        }
        violations
    }

    /// Takes in what a service found in a request from which the parameters known to be bad had been
    /// left out: that they are missing, or their parts, is not worth telling.
    pub(crate) fn join(mut self, theirs: Self) -> Self {
        let ours = self.0.len();
        for Violation { parameter, reason } in theirs.0 {
            let part_of_known = self.0.iter().take(ours).any(|known| {
                parameter.strip_prefix(&known.parameter).is_some_and(|rest| rest.starts_with('.'))
            });
            if !part_of_known && (parameter != NOTHING_TO_CHANGE || self.0.is_empty()) {
                self.add(&parameter, reason);
            }
        }
        self
    }

    /// Those found in a part of the request.
    pub(crate) fn append(&mut self, part: Self) {
        for Violation { parameter, reason } in part.0 {
            self.add(&parameter, reason);
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A failure when anything is wrong.
    pub(crate) fn into_result(self) -> Result<(), Failure> {
        if self.is_empty() { Ok(()) } else { Err(Failure::invalid(self)) }
    }

    #[cfg(test)]
    pub(crate) fn names(&self) -> Vec<String> {
        self.0.iter().map(|bad| bad.parameter.clone()).collect()
    }

    pub(crate) fn into_inner(self) -> Vec<Violation> {
        self.0
    }
}

/// REST's name for a field of a message.
fn parameter(field: &str) -> String {
    let field = match field {
        "create_time_from" => "created_from",
        "create_time_before" => "created_to",
        "filter.create_time_from" => "from_date",
        "filter.create_time_before" => "to_date",
        other => other,
    };
    let inner =
        ["customer.", "ledger.", "filter.", "sender.", "creditor.", "account.", "settings."]
            .into_iter()
            .find_map(|message| field.strip_prefix(message))
            .unwrap_or(field);
    inner.split('.').filter_map(segment).collect::<Vec<_>>().join(".")
}

/// REST's name for one field, without an index; none for a level that REST does not have.
fn segment(field: &str) -> Option<&str> {
    match field.split('[').next().unwrap_or(field) {
        "minor_units" | "currency_code" | "paths" => None,
        "content" => Some("image"),
        "creditor_name" | "name_prefix" => Some("name"),
        "date_of_birth" => Some("dob"),
        "decimal" | "money" => Some("amount"),
        "direction" => Some("in_out"),
        "overdraft_limit_decimal" => Some("overdraft_limit"),
        "page_size" => Some("limit"),
        "page_token" => Some("cursor"),
        "provider" => Some("third_party"),
        "request_id" => Some("Idempotency-Key"),
        "sender" | "account" => Some("sort_code"),
        "transfer_id" => Some("transaction_id"),
        "update_mask" => Some(NOTHING_TO_CHANGE),
        other => Some(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn violations(parameters: &[&str]) -> Violations {
        let mut violations = Violations::default();
        for parameter in parameters {
            violations.add(parameter, "is required");
        }
        violations
    }

    #[test]
    fn fields_have_the_names_of_the_documents() {
        for (field, name) in [
            ("customer.date_of_birth", "dob"),
            ("customer.address.iso_country", "address.iso_country"),
            ("customer.first_name", "first_name"),
            ("ledger.primary_use[1]", "primary_use"),
            ("front.content", "front.image"),
            ("additional_data.mime_type", "additional_data.mime_type"),
            ("provider", "third_party"),
            ("page_size", "limit"),
            ("page_token", "cursor"),
            ("decimal", "amount"),
            ("money.minor_units", "amount"),
            ("amount", "amount"),
            ("sender.sort_code", "sort_code"),
            ("creditor.iban", "iban"),
            ("creditor_name", "name"),
            ("account.account_number", "account_number"),
            ("transfer_id", "transaction_id"),
            ("overdraft_limit_decimal", "overdraft_limit"),
            ("metadata", "metadata"),
            ("request_id", "Idempotency-Key"),
            ("create_time_from", "created_from"),
            ("filter.create_time_before", "to_date"),
            ("filter.direction", "in_out"),
            ("name_prefix", "name"),
            ("update_mask.paths", "body"),
            ("to_ledger_id", "to_ledger_id"),
        ] {
            assert_eq!(parameter(field), name, "{field}");
        }
    }

    #[test]
    fn what_a_bad_parameter_s_absence_causes_is_not_told() {
        let ours = violations(&["address", "dob"]);
        let theirs = violations(&["address.iso_country", "dob", "body", "addressee", "email"]);

        assert_eq!(ours.join(theirs), violations(&["address", "dob", "addressee", "email"]));
    }

    #[test]
    fn that_nothing_changes_is_told_when_nothing_else_is_wrong() {
        assert_eq!(Violations::default().join(violations(&["body"])), violations(&["body"]));
    }
}

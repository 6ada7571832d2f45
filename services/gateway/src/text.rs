//! Values of the contracts as the documents spell them, in both directions: one table for each enum.

use proto::{
    customer::v1::CustomerType,
    kyc::v1::{Decision, IdType},
    ledger::v1::{
        Direction, LedgerStatus, PayeeMatch, PaymentStatus, PrimaryUse, ResponseCode,
        TransactionType,
    },
    r#type::v1::{Money, VerificationStatus},
};
use serde_json::value::RawValue;
use types::{Balance, Currency};
use utoipa::openapi::{Object, ObjectBuilder, Type};

use crate::failure::Failure;

/// The words for an enum's values. A value's first word is the one that is told; the others are
/// understood too.
#[derive(Debug)]
pub(crate) struct Words<T: 'static>(&'static [(&'static str, T)]);

impl<T: Copy + PartialEq> Words<T> {
    /// The value that a word stands for.
    pub(crate) fn value(&self, word: &str) -> Option<T> {
        self.0.iter().find(|(known, _)| *known == word).map(|(_, value)| *value)
    }

    /// The word for a value that a service sent.
    pub(crate) fn word(&self, value: T) -> Result<&'static str, Failure> {
        let found = self.0.iter().find(|(_, known)| *known == value);
        found.map(|(word, _)| *word).ok_or_else(|| Failure::internal("an enum without a value"))
    }

    /// What is wrong with a word that stands for nothing.
    pub(crate) fn must_be(&self) -> String {
        format!("must be one of {}", self.told().collect::<Vec<_>>().join(", "))
    }

    /// How the API's description describes it.
    pub(crate) fn schema(&self) -> Object {
        ObjectBuilder::new().schema_type(Type::String).enum_values(Some(self.told())).build()
    }

    fn told(&self) -> impl Iterator<Item = &'static str> {
        let first = |value: &T| self.0.iter().position(|(_, known)| known == value);
        self.0
            .iter()
            .enumerate()
            .filter(move |(at, (_, value))| first(value) == Some(*at))
            .map(|(_, (word, _))| *word)
    }
}

/// Persons and companies.
pub(crate) static CUSTOMER_TYPES: Words<CustomerType> =
    Words(&[("individual", CustomerType::Individual), ("company", CustomerType::Company)]);

/// How far an identity is established.
pub(crate) static VERIFICATION_STATUSES: Words<VerificationStatus> = Words(&[
    ("unverified", VerificationStatus::Unverified),
    ("pending", VerificationStatus::Pending),
    ("in_review", VerificationStatus::InReview),
    ("verified", VerificationStatus::Verified),
    ("resubmission_required", VerificationStatus::ResubmissionRequired),
    ("rejected", VerificationStatus::Rejected),
    ("expired", VerificationStatus::Expired),
    ("error", VerificationStatus::Error),
]);

/// What people decide of verifications.
pub(crate) static DECISIONS: Words<Decision> = Words(&[
    ("approve", Decision::Approve),
    ("reject", Decision::Reject),
    ("resubmission", Decision::Resubmission),
]);

/// Documents of identity; the last word is the documents' own sample's.
pub(crate) static ID_TYPES: Words<IdType> = Words(&[
    ("passport", IdType::Passport),
    ("driving_license", IdType::DrivingLicense),
    ("id_card", IdType::IdCard),
    ("driving_licence", IdType::DrivingLicense),
    ("driving_licesce", IdType::DrivingLicense),
]);

/// What ledgers are for.
pub(crate) static PRIMARY_USES: Words<PrimaryUse> = Words(&[
    ("investment", PrimaryUse::Investment),
    ("deposit", PrimaryUse::Deposit),
    ("payments", PrimaryUse::Payments),
    ("settlement", PrimaryUse::Settlement),
    ("float", PrimaryUse::Float),
    ("fee", PrimaryUse::Fee),
    ("collateral", PrimaryUse::Collateral),
    ("escrow", PrimaryUse::Escrow),
]);

/// Whether a ledger can be used.
pub(crate) static LEDGER_STATUSES: Words<LedgerStatus> = Words(&[
    ("ready", LedgerStatus::Ready),
    ("disabled", LedgerStatus::Disabled),
    ("closed", LedgerStatus::Closed),
]);

/// What made a transaction; the last word is how the documents misspell one.
pub(crate) static TRANSACTION_TYPES: Words<TransactionType> = Words(&[
    ("internal_transfer", TransactionType::InternalTransfer),
    ("faster_payment", TransactionType::FasterPayment),
    ("sepa_credit", TransactionType::SepaCredit),
    ("swift_credit", TransactionType::SwiftCredit),
    ("interal_transfer", TransactionType::InternalTransfer),
]);

/// Which way money went.
pub(crate) static DIRECTIONS: Words<Direction> =
    Words(&[("in", Direction::In), ("out", Direction::Out)]);

/// What a response code says.
pub(crate) static RESPONSE_MESSAGES: Words<ResponseCode> = Words(&[
    ("Transaction Success", ResponseCode::Success),
    ("Quarantined", ResponseCode::Quarantined),
    ("Declined", ResponseCode::Declined),
    ("Contact Support", ResponseCode::ContactSupport),
    ("Insufficient Funds", ResponseCode::InsufficientFunds),
    ("Compliance Firewall", ResponseCode::ComplianceFirewall),
]);

/// The `code` of a transfer that was declined.
pub(crate) static DECLINES: Words<ResponseCode> = Words(&[
    ("QUARANTINED", ResponseCode::Quarantined),
    ("DECLINED", ResponseCode::Declined),
    ("CONTACT_SUPPORT", ResponseCode::ContactSupport),
    ("INSUFFICIENT_FUNDS", ResponseCode::InsufficientFunds),
    ("COMPLIANCE_FIREWALL", ResponseCode::ComplianceFirewall),
]);

/// How far a payment has come.
pub(crate) static PAYMENT_STATUSES: Words<PaymentStatus> = Words(&[
    ("accepted", PaymentStatus::Accepted),
    ("submitted", PaymentStatus::Submitted),
    ("settled", PaymentStatus::Settled),
    ("rejected", PaymentStatus::Rejected),
    ("cancelled", PaymentStatus::Cancelled),
]);

/// How the API's description describes it.
pub(crate) fn payment_status() -> Object {
    PAYMENT_STATUSES.schema()
}

/// How the API's description describes it.
pub(crate) fn verification_status() -> Object {
    VERIFICATION_STATUSES.schema()
}

/// How the API's description describes it.
pub(crate) fn decision() -> Object {
    DECISIONS.schema()
}

/// How well a name fits an account.
pub(crate) static PAYEE_MATCHES: Words<PayeeMatch> = Words(&[
    ("match", PayeeMatch::Match),
    ("close_match", PayeeMatch::CloseMatch),
    ("no_match", PayeeMatch::NoMatch),
    ("unavailable", PayeeMatch::Unavailable),
]);

/// How the API's description describes it.
pub(crate) fn payee_match() -> Object {
    PAYEE_MATCHES.schema()
}

fn currency(money: &Money) -> Result<Currency, Failure> {
    Currency::parse(&money.currency).map_err(|_| Failure::internal("money of no known currency"))
}

/// With exactly the currency's decimals: "200.00" pounds, "200" yen.
pub(crate) fn decimal(money: &Money) -> Result<String, Failure> {
    Ok(Balance::new(money.minor_units, currency(money)?).to_decimal_string())
}

/// The same as a JSON number, digit by digit, never through a float.
pub(crate) fn number(money: &Money) -> Result<Box<RawValue>, Failure> {
    RawValue::from_string(decimal(money)?).map_err(|_| Failure::internal("money that is no number"))
}

/// Whether a domestic account, not an international one, belongs to it.
pub(crate) fn is_gbp(money: &Money) -> bool {
    money.currency == "GBP"
}

/// A text that a service sent; one that is empty is absent.
pub(crate) fn present(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_has_a_word_and_every_word_its_value() {
        fn check<T: Copy + PartialEq + TryFrom<i32> + std::fmt::Debug>(
            words: &Words<T>,
            known: usize,
        ) {
            let values = (1..1000).filter_map(|number| T::try_from(number).ok());
            let told: Vec<_> = values.map(|value| (value, words.word(value).unwrap())).collect();

            assert_eq!(told.len(), known);
            for (value, word) in told {
                assert_eq!(words.value(word), Some(value));
            }
        }
        check(&CUSTOMER_TYPES, 2);
        check(&VERIFICATION_STATUSES, 8);
        check(&ID_TYPES, 3);
        check(&PRIMARY_USES, 8);
        check(&LEDGER_STATUSES, 3);
        check(&TRANSACTION_TYPES, 4);
        check(&DIRECTIONS, 2);
        check(&RESPONSE_MESSAGES, 6);
        check(&PAYMENT_STATUSES, 5);
        check(&PAYEE_MATCHES, 4);
    }

    #[test]
    fn misspellings_of_the_documents_are_understood_and_never_told() {
        assert_eq!(ID_TYPES.value("driving_licesce"), Some(IdType::DrivingLicense));
        assert_eq!(ID_TYPES.must_be(), "must be one of passport, driving_license, id_card");
        let misspelt = TRANSACTION_TYPES.value("interal_transfer").unwrap();
        assert_eq!(TRANSACTION_TYPES.word(misspelt).unwrap(), "internal_transfer");
    }

    #[test]
    fn money_is_printed_with_its_currency_s_decimals() {
        let print = |code: &str, minor_units| {
            decimal(&Money { currency: code.to_owned(), minor_units }).unwrap()
        };

        assert_eq!(print("GBP", 20_000), "200.00");
        assert_eq!(print("JPY", 200), "200");
        assert_eq!(print("GBP", i64::MAX), "92233720368547758.07");
    }
}

//! What clients are told of a ledger.

use proto::ledger::v1::Ledger;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::{ToSchema, openapi::Array};

use crate::{clock, failure::Failure, text};

/// A ledger's details.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "ledger_id": "5e71546a-523b-4de0-b649-a4c8f1165e85",
    "customer_id": "5e7151c5-7038-4e60-a644-1609408d96a8",
    "active": true,
    "status": "ready",
    "primary_use": ["payments", "settlement"],
    "owner": "other",
    "ledger_details": {
        "name": "Joe Bloggs",
        "balance": 9438.99,
        "currency": "gbp",
        "sort_code": "040052",
        "account_number": "00453920",
        "iban": "GB87PAYR04005200453920",
        "bic_swift": "PAYRGB20XXX",
        "available": 9438.99,
        "overdraft_limit": "0.00"
    },
    "created": "2020-03-17 22:51:22",
    "last_update": "2020-03-17 22:51:22"
}))]
pub(crate) struct LedgerView {
    ledger_id: String,
    customer_id: String,
    active: bool,
    #[schema(schema_with = status)]
    status: &'static str,
    #[schema(schema_with = primary_use)]
    primary_use: Vec<&'static str>,
    owner: String,
    ledger_details: BankView,
    /// UTC.
    created: String,
    /// UTC.
    last_update: String,
}

/// Where money for the ledger is sent, and what is on it.
#[derive(Serialize, ToSchema)]
pub(crate) struct BankView {
    /// The customer's name, as it is now.
    name: String,
    /// With exactly the currency's decimals.
    #[schema(value_type = f64)]
    balance: Box<RawValue>,
    /// ISO 4217, in lower case.
    currency: String,
    /// Of GBP only: 6 digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    sort_code: Option<String>,
    /// Of GBP only: 8 digits.
    #[serde(skip_serializing_if = "Option::is_none")]
    account_number: Option<String>,
    iban: String,
    bic_swift: String,
    /// The balance without what is held for payments under way; what can be spent is this and the
    /// overdraft limit.
    #[schema(value_type = f64)]
    available: Box<RawValue>,
    /// How far below zero what is available may go, with exactly the currency's decimals.
    overdraft_limit: String,
}

fn status() -> utoipa::openapi::Object {
    text::LEDGER_STATUSES.schema()
}

/// How the API's description describes what a ledger is for.
pub(super) fn primary_use() -> Array {
    Array::new(text::PRIMARY_USES.schema())
}

impl TryFrom<Ledger> for LedgerView {
    type Error = Failure;

    fn try_from(ledger: Ledger) -> Result<Self, Failure> {
        let uses = ledger.primary_use().map(|value| text::PRIMARY_USES.word(value));
        let primary_use = uses.collect::<Result<_, _>>()?;
        Ok(Self {
            active: ledger.active,
            status: text::LEDGER_STATUSES.word(ledger.status())?,
            primary_use,
            created: clock::print(ledger.create_time.as_ref())?,
            last_update: clock::print(ledger.update_time.as_ref())?,
            ledger_id: ledger.ledger_id.clone(),
            customer_id: ledger.customer_id.clone(),
            owner: ledger.owner.clone(),
            ledger_details: ledger.try_into()?,
        })
    }
}

impl TryFrom<Ledger> for BankView {
    type Error = Failure;

    fn try_from(ledger: Ledger) -> Result<Self, Failure> {
        let balance = ledger.balance.ok_or_else(|| Failure::internal("a ledger of no balance"))?;
        let none = || Failure::internal("a ledger of no available balance, or of no limit");
        let available = ledger.available.as_ref().ok_or_else(none)?;
        let limit = ledger.overdraft_limit.as_ref().ok_or_else(none)?;
        let bank = ledger.bank_details.unwrap_or_default();
        let is_gbp = text::is_gbp(&balance);
        Ok(Self {
            name: ledger.holder_name,
            balance: text::number(&balance)?,
            currency: balance.currency.to_ascii_lowercase(),
            sort_code: is_gbp.then_some(bank.sort_code),
            account_number: is_gbp.then_some(bank.account_number),
            iban: bank.iban,
            bic_swift: bank.bic_swift,
            available: text::number(available)?,
            overdraft_limit: text::decimal(limit)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use prost_types::Timestamp;
    use proto::{
        ledger::v1::{BankDetails, LedgerStatus, PrimaryUse},
        r#type::v1::Money,
    };

    use super::*;

    fn ledger(currency: &str, minor_units: i64) -> Ledger {
        let bank_details = BankDetails {
            sort_code: "040052".to_owned(),
            account_number: "00453920".to_owned(),
            iban: "GB87PAYR04005200453920".to_owned(),
            bic_swift: "PAYRGB20XXX".to_owned(),
        };
        let money = |minor_units| Money { currency: currency.to_owned(), minor_units };
        Ledger {
            ledger_id: "l".to_owned(),
            customer_id: "c".to_owned(),
            primary_use: vec![PrimaryUse::Payments.into()],
            owner: "me".to_owned(),
            active: true,
            status: LedgerStatus::Ready.into(),
            holder_name: "Joe Bloggs".to_owned(),
            balance: Some(money(minor_units)),
            available: Some(money(minor_units.saturating_sub(50))),
            overdraft_limit: Some(money(0)),
            bank_details: Some(bank_details),
            create_time: Some(Timestamp::default()),
            update_time: Some(Timestamp::default()),
            ..Ledger::default()
        }
    }

    fn printed(currency: &str, minor_units: i64) -> String {
        let view = LedgerView::try_from(ledger(currency, minor_units)).unwrap();
        serde_json::to_string(&view).unwrap()
    }

    #[test]
    fn a_pound_ledger_is_printed_as_documented() {
        let expected = concat!(
            r#"{"ledger_id":"l","customer_id":"c","active":true,"status":"ready","#,
            r#""primary_use":["payments"],"owner":"me","ledger_details":{"name":"Joe Bloggs","#,
            r#""balance":9438.99,"currency":"gbp","sort_code":"040052","#,
            r#""account_number":"00453920","iban":"GB87PAYR04005200453920","#,
            r#""bic_swift":"PAYRGB20XXX","available":9438.49,"overdraft_limit":"0.00"},"#,
            r#""created":"1970-01-01 00:00:00","#,
            r#""last_update":"1970-01-01 00:00:00"}"#
        );

        assert_eq!(printed("GBP", 943_899), expected);
    }

    #[test]
    fn other_ledgers_have_no_domestic_account() {
        assert!(!printed("EUR", 0).contains("sort_code"));
        assert!(!printed("EUR", 0).contains("account_number"));
    }

    #[test]
    fn a_balance_has_exactly_its_currency_s_decimals() {
        assert!(printed("EUR", 0).contains(r#""balance":0.00,"#));
        assert!(printed("EUR", -5).contains(r#""balance":-0.05,"#));
        assert!(printed("EUR", 45).contains(r#""available":-0.05,"#));
        assert!(printed("JPY", 5).contains(r#""balance":5,"#));
        assert!(printed("GBP", i64::MAX).contains(r#""balance":92233720368547758.07,"#));
    }
}

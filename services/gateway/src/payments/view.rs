//! What clients are told of a payment.

use proto::ledger::v1::Payment;
use serde::Serialize;
use types::Side;
use utoipa::{ToSchema, openapi::Object};

use crate::{clock, failure::Failure, text, unknown::Unknown};

/// A payment's details: the name and the account are those of who is paid.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "payment_id": "0198c1de-3f0a-7c5b-9f6e-2a1b3c4d5e6f",
    "type": "faster_payment",
    "payment_status": "settled",
    "response_code": "1",
    "response_message": "Transaction Success",
    "ledger_id": "5e71546a-523b-4de0-b649-a4c8f1165e85",
    "name": "Dave Bloggs",
    "account_number": "12345678",
    "sort_code": "400052",
    "reference": "rent",
    "amount": "100.00",
    "currency": "gbp",
    "transaction_id": "9010ef5b-8b1a-484d-b27c-e9002dcd93d2",
    "created": "2020-03-17 22:51:22",
    "last_update": "2020-03-17 22:51:23"
}))]
pub(crate) struct PaymentView {
    payment_id: String,
    #[schema(schema_with = kind)]
    r#type: &'static str,
    #[schema(schema_with = text::payment_status)]
    payment_status: &'static str,
    /// 1 Transaction Success unless it was rejected.
    response_code: String,
    /// The code in words.
    response_message: &'static str,
    /// The ledger that pays; none pays what could not be credited and goes back.
    #[serde(skip_serializing_if = "Option::is_none")]
    ledger_id: Option<String>,
    name: String,
    /// Of a Faster Payment only.
    #[serde(skip_serializing_if = "Option::is_none")]
    account_number: Option<String>,
    /// Of a Faster Payment only.
    #[serde(skip_serializing_if = "Option::is_none")]
    sort_code: Option<String>,
    /// Of other payments only.
    #[serde(skip_serializing_if = "Option::is_none")]
    iban: Option<String>,
    /// Of other payments only.
    #[serde(skip_serializing_if = "Option::is_none")]
    bic_swift: Option<String>,
    reference: String,
    /// Greater than 0, with exactly the currency's decimals.
    amount: String,
    /// ISO 4217, in lower case.
    currency: String,
    /// Why the rail rejected it, in the rail's own code.
    #[serde(skip_serializing_if = "Option::is_none")]
    rejection_reason: Option<String>,
    /// The ledger's transaction, once it has settled, or of the decline.
    #[serde(skip_serializing_if = "Option::is_none")]
    transaction_id: Option<String>,
    /// The ledger's transaction by which the money came back later.
    #[serde(skip_serializing_if = "Option::is_none")]
    return_transaction_id: Option<String>,
    /// UTC.
    created: String,
    /// UTC.
    last_update: String,
}

fn kind() -> Object {
    text::TRANSACTION_TYPES.schema()
}

impl PaymentView {
    pub(super) fn of(payment: Payment, unknown: Unknown) -> Result<Self, Failure> {
        let (kind, code) = (payment.r#type(), payment.response_code());
        let status = payment.status();
        let amount = payment.amount.ok_or_else(|| Failure::internal("no amount"))?;
        let account = unknown.account(payment.creditor, &amount);
        Ok(Self {
            payment_id: payment.payment_id,
            r#type: text::TRANSACTION_TYPES.word(kind)?,
            payment_status: text::PAYMENT_STATUSES.word(status)?,
            response_code: i32::from(code).to_string(),
            response_message: text::RESPONSE_MESSAGES.word(code)?,
            ledger_id: unknown.text(payment.from_ledger_id),
            name: payment.creditor_name,
            account_number: account.account_number,
            sort_code: account.sort_code,
            iban: account.iban,
            bic_swift: account.bic_swift,
            reference: payment.reference,
            amount: text::decimal(&amount)?,
            currency: amount.currency.to_ascii_lowercase(),
            rejection_reason: unknown.text(payment.rejection_reason),
            transaction_id: unknown.text(payment.transaction_id),
            return_transaction_id: unknown.side(&payment.return_transfer_id, Side::Credit)?,
            created: clock::print(payment.create_time.as_ref())?,
            last_update: clock::print(payment.update_time.as_ref())?,
        })
    }
}

#[cfg(test)]
mod tests {
    use prost_types::Timestamp;
    use proto::{
        ledger::v1::{BankDetails, PaymentStatus, ResponseCode, TransactionType},
        r#type::v1::Money,
    };
    use types::TransferId;

    use super::*;

    fn payment(currency: &str) -> Payment {
        let creditor = BankDetails {
            sort_code: "400052".to_owned(),
            account_number: "12345678".to_owned(),
            iban: "DE89370400440532013000".to_owned(),
            bic_swift: String::new(),
        };
        Payment {
            payment_id: "p".to_owned(),
            r#type: TransactionType::FasterPayment.into(),
            status: PaymentStatus::Submitted.into(),
            response_code: ResponseCode::Success.into(),
            from_ledger_id: "l".to_owned(),
            creditor_name: "Dave Bloggs".to_owned(),
            creditor: Some(creditor),
            amount: Some(Money { currency: currency.to_owned(), minor_units: 20_000 }),
            reference: "rent".to_owned(),
            create_time: Some(Timestamp::default()),
            update_time: Some(Timestamp::default()),
            ..Payment::default()
        }
    }

    #[test]
    fn a_row_says_what_is_not_known_by_an_empty_text() {
        let row = PaymentView::of(payment("GBP"), Unknown::Empty).unwrap();

        let expected = concat!(
            r#"{"payment_id":"p","type":"faster_payment","payment_status":"submitted","#,
            r#""response_code":"1","response_message":"Transaction Success","ledger_id":"l","#,
            r#""name":"Dave Bloggs","account_number":"12345678","sort_code":"400052","#,
            r#""reference":"rent","amount":"200.00","currency":"gbp","rejection_reason":"","#,
            r#""transaction_id":"","return_transaction_id":"","created":"1970-01-01 00:00:00","#,
            r#""last_update":"1970-01-01 00:00:00"}"#
        );
        assert_eq!(serde_json::to_string(&row).unwrap(), expected);
    }

    #[test]
    fn details_leave_out_what_is_not_known() {
        let printed =
            serde_json::to_string(&PaymentView::of(payment("EUR"), Unknown::LeftOut).unwrap())
                .unwrap();

        assert!(printed.contains(r#""iban":"DE89370400440532013000","reference":"#), "{printed}");
        for absent in ["sort_code", "bic_swift", "transaction_id", "rejection_reason"] {
            assert!(!printed.contains(absent), "{absent}");
        }
    }

    #[test]
    fn money_that_came_back_is_told_by_the_ledger_s_own_transaction() {
        let back = TransferId::new();
        let returned = Payment { return_transfer_id: back.to_string(), ..payment("GBP") };

        let view = PaymentView::of(returned, Unknown::LeftOut).unwrap();

        assert_eq!(view.return_transaction_id, Some(back.transaction(Side::Credit).to_string()));
    }
}

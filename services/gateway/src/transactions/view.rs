//! What clients are told of a transaction.

use std::collections::BTreeMap;

use proto::ledger::v1::{Direction, Transaction};
use serde::Serialize;
use types::Side;
use utoipa::ToSchema;

use crate::{clock, failure::Failure, text, unknown::Unknown};

/// A transaction as its ledger sees it: the name and the account are the counterparty's.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({
    "transaction_id": "9010ef5b-8b1a-484d-b27c-e9002dcd93d2",
    "date_time": "2020/01/05 12:12:54",
    "name": "Dave Bloggs",
    "account_number": "12345678",
    "sort_code": "400052",
    "reference": "testing",
    "amount": "200.00",
    "currency": "gbp",
    "in_out": "in",
    "type": "faster_payment",
    "response_code": "1",
    "response_message": "Transaction Success",
    "linked_transaction_id": "",
    "balance_after": "9438.99",
    "reverses_transaction_id": "",
    "payment_id": "",
    "user_id": "0197a2c4-0d60-7c3e-9f0e-3f6b1f6a2f10",
    "api_key_id": ""
}))]
pub(crate) struct TransactionView {
    transaction_id: String,
    /// `YYYY/MM/DD HH:MM:SS`, UTC.
    date_time: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<String>,
    /// Of GBP only.
    #[serde(skip_serializing_if = "Option::is_none")]
    account_number: Option<String>,
    /// Of GBP only.
    #[serde(skip_serializing_if = "Option::is_none")]
    sort_code: Option<String>,
    /// Of other currencies only.
    #[serde(skip_serializing_if = "Option::is_none")]
    iban: Option<String>,
    /// Of other currencies only.
    #[serde(skip_serializing_if = "Option::is_none")]
    bic_swift: Option<String>,
    reference: String,
    /// Greater than 0, with exactly the currency's decimals.
    amount: String,
    /// ISO 4217, in lower case.
    currency: String,
    #[schema(schema_with = super::direction)]
    in_out: &'static str,
    #[schema(schema_with = super::kind)]
    r#type: &'static str,
    /// 1 Transaction Success, 12 Quarantined, 101 Declined, 606 Contact Support, 650 Insufficient
    /// Funds, 651 Compliance Firewall.
    response_code: String,
    /// The code in words.
    response_message: &'static str,
    /// The other ledger's side of a transfer that has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    linked_transaction_id: Option<String>,
    /// The ledger's balance when the transaction was posted.
    #[serde(skip_serializing_if = "Option::is_none")]
    balance_after: Option<String>,
    /// The ledger's own transaction that this one undoes.
    #[serde(skip_serializing_if = "Option::is_none")]
    reverses_transaction_id: Option<String>,
    /// The payment that it was made for.
    #[serde(skip_serializing_if = "Option::is_none")]
    payment_id: Option<String>,
    /// The API user on whose request it was made; unknown of what came from outside, and of what was
    /// made for a payment later.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<String>,
    /// The API key that the request was made with; unknown where it was made after a login.
    #[serde(skip_serializing_if = "Option::is_none")]
    api_key_id: Option<String>,
    /// What was given with the transfer, if anything was.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    #[schema(required = false)]
    metadata: BTreeMap<String, String>,
}

impl TransactionView {
    pub(super) fn of(transaction: Transaction, unknown: Unknown) -> Result<Self, Failure> {
        let (kind, code) = (transaction.r#type(), transaction.response_code());
        let direction = transaction.direction();
        let amount = transaction.amount.ok_or_else(|| Failure::internal("no amount"))?;
        let account = unknown.account(transaction.counterparty, &amount);
        let balance_after = transaction.balance_after.as_ref().map(text::decimal).transpose()?;
        Ok(Self {
            transaction_id: transaction.transaction_id,
            date_time: clock::print_with_slashes(transaction.create_time.as_ref())?,
            name: unknown.text(transaction.counterparty_name),
            account_number: account.account_number,
            sort_code: account.sort_code,
            iban: account.iban,
            bic_swift: account.bic_swift,
            reference: transaction.reference,
            amount: text::decimal(&amount)?,
            currency: amount.currency.to_ascii_lowercase(),
            in_out: text::DIRECTIONS.word(direction)?,
            r#type: text::TRANSACTION_TYPES.word(kind)?,
            response_code: i32::from(code).to_string(),
            response_message: text::RESPONSE_MESSAGES.word(code)?,
            linked_transaction_id: unknown.text(transaction.linked_transaction_id),
            balance_after: unknown.text(balance_after.unwrap_or_default()),
            reverses_transaction_id: unknown
                .side(&transaction.reverses_transfer_id, undone_by(direction))?,
            payment_id: unknown.text(transaction.payment_id),
            user_id: unknown.text(transaction.user_id),
            api_key_id: unknown.text(transaction.api_key_id),
            metadata: transaction.metadata.into_iter().collect(),
        })
    }
}

/// The ledger's side of the transfer that one of this direction undoes.
fn undone_by(direction: Direction) -> Side {
    if direction == Direction::Out { Side::Credit } else { Side::Debit }
}

#[cfg(test)]
mod tests {
    use prost_types::Timestamp;
    use proto::{
        ledger::v1::{BankDetails, ResponseCode, TransactionType},
        r#type::v1::Money,
    };
    use types::TransferId;

    use super::*;

    fn transaction(currency: &str) -> Transaction {
        let counterparty = BankDetails {
            sort_code: "400052".to_owned(),
            account_number: "12345678".to_owned(),
            iban: "DE89370400440532013000".to_owned(),
            bic_swift: String::new(),
        };
        Transaction {
            transaction_id: "t".to_owned(),
            counterparty_name: "Dave Bloggs".to_owned(),
            counterparty: Some(counterparty),
            reference: "testing".to_owned(),
            amount: Some(Money { currency: currency.to_owned(), minor_units: 20_000 }),
            direction: Direction::In.into(),
            r#type: TransactionType::FasterPayment.into(),
            response_code: ResponseCode::Success.into(),
            create_time: Some(Timestamp { seconds: 1_578_226_374, nanos: 0 }),
            ..Transaction::default()
        }
    }

    #[test]
    fn a_row_is_printed_as_documented() {
        let row = TransactionView::of(transaction("GBP"), Unknown::Empty).unwrap();

        let expected = concat!(
            r#"{"transaction_id":"t","date_time":"2020/01/05 12:12:54","name":"Dave Bloggs","#,
            r#""account_number":"12345678","sort_code":"400052","reference":"testing","#,
            r#""amount":"200.00","currency":"gbp","in_out":"in","type":"faster_payment","#,
            r#""response_code":"1","response_message":"Transaction Success","#,
            r#""linked_transaction_id":"","balance_after":"","#,
            r#""reverses_transaction_id":"","payment_id":"","user_id":"","api_key_id":""}"#
        );
        assert_eq!(serde_json::to_string(&row).unwrap(), expected);
    }

    #[test]
    fn other_currencies_show_the_international_account() {
        let row = serde_json::to_string(
            &TransactionView::of(transaction("EUR"), Unknown::Empty).unwrap(),
        )
        .unwrap();

        assert!(row.contains(r#""iban":"DE89370400440532013000","bic_swift":"","#));
        assert!(!row.contains("sort_code"));
    }

    #[test]
    fn details_leave_out_what_is_not_known() {
        let view = TransactionView::of(transaction("EUR"), Unknown::LeftOut).unwrap();

        let printed = serde_json::to_string(&view).unwrap();
        assert!(!printed.contains("bic_swift"));
        assert!(!printed.contains("linked_transaction_id"));
    }

    #[test]
    fn a_reversal_names_what_it_undoes_on_its_own_ledger() {
        let transfer = TransferId::new();
        let undone = |direction: Direction| {
            let reverses_transfer_id = transfer.to_string();
            let direction = direction.into();
            let reversal = Transaction { reverses_transfer_id, direction, ..transaction("GBP") };
            TransactionView::of(reversal, Unknown::LeftOut).unwrap().reverses_transaction_id
        };

        // What has come in is undone by a transaction that goes out, and the other way.
        assert_eq!(undone(Direction::Out), Some(transfer.transaction(Side::Credit).to_string()));
        assert_eq!(undone(Direction::In), Some(transfer.transaction(Side::Debit).to_string()));
    }
}

//! How movements of money ended, and what is answered when they were declined.

use proto::ledger::v1::{Payment, ResponseCode};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    envelope::{Answer, Both},
    failure::Failure,
    text,
};

/// How a movement of money ended.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(example = json!({
    "response_code": "1",
    "response_message": "Transaction Success",
    "transaction_id": "9010ef5b-8b1a-484d-b27c-e9002dcd93d2"
}))]
pub(crate) struct Outcome {
    /// 1 Transaction Success, 12 Quarantined, 101 Declined, 606 Contact Support, 650 Insufficient
    /// Funds, 651 Compliance Firewall.
    response_code: String,
    /// The code in words.
    response_message: &'static str,
    /// The transaction of the side that asked.
    transaction_id: String,
}

impl Outcome {
    pub(crate) fn new(code: ResponseCode, transaction_id: String) -> Result<Self, Failure> {
        let response_message = text::RESPONSE_MESSAGES.word(code)?;
        Ok(Self { response_code: i32::from(code).to_string(), response_message, transaction_id })
    }
}

/// What became of a payment when it was asked for.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(example = json!({
    "response_code": "1",
    "response_message": "Transaction Success",
    "payment_id": "0198c1de-3f0a-7c5b-9f6e-2a1b3c4d5e6f",
    "payment_status": "accepted"
}))]
pub(crate) struct PaymentOutcome {
    /// As of a transfer; 1 while nothing speaks against the payment.
    response_code: String,
    /// The code in words.
    response_message: &'static str,
    payment_id: String,
    #[schema(schema_with = text::payment_status)]
    payment_status: &'static str,
    /// The ledger's transaction, where it has settled already, or was declined.
    #[serde(skip_serializing_if = "Option::is_none")]
    transaction_id: Option<String>,
}

impl PaymentOutcome {
    pub(crate) fn new(payment: Payment) -> Result<Self, Failure> {
        let code = payment.response_code();
        Ok(Self {
            response_code: i32::from(code).to_string(),
            response_message: text::RESPONSE_MESSAGES.word(code)?,
            payment_status: text::PAYMENT_STATUSES.word(payment.status())?,
            payment_id: payment.payment_id,
            transaction_id: text::present(payment.transaction_id),
        })
    }
}

/// What was recorded and has moved nothing.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(untagged)]
pub(crate) enum Declined {
    /// A transfer.
    Transfer(Outcome),
    /// A payment.
    Payment(PaymentOutcome),
}

impl Declined {
    pub(crate) const fn response_message(&self) -> &'static str {
        match self {
            Self::Transfer(outcome) => outcome.response_message,
            Self::Payment(outcome) => outcome.response_message,
        }
    }
}

impl From<Outcome> for Declined {
    fn from(outcome: Outcome) -> Self {
        Self::Transfer(outcome)
    }
}

impl From<PaymentOutcome> for Declined {
    fn from(outcome: PaymentOutcome) -> Self {
        Self::Payment(outcome)
    }
}

/// A success where `code` says that nothing speaks against it, and a failure where something does.
pub(crate) fn answer<T: Clone + Into<Declined>>(
    code: ResponseCode,
    Answer { body: outcome, replayed }: Answer<T>,
) -> Result<Answer<Both<T>>, Failure> {
    if code == ResponseCode::Success {
        return Ok(Answer { body: Both::of(outcome), replayed });
    }
    Err(Failure::declined(text::DECLINES.word(code)?, outcome.into(), replayed))
}

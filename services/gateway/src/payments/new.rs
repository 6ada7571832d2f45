//! Payments asked for: one path for each rail.

use axum::extract::State;
use proto::ledger::v1::{
    BankDetails, CreatePaymentRequest, Payment, TransactionType, create_payment_request::Amount,
};
use utoipa::ToSchema;

use crate::{
    body::{Body, Object, Parse},
    envelope::{Answer, Both},
    failure::Failure,
    openapi::Refusals,
    outcome::{self, PaymentOutcome},
    outgoing::Outgoing,
    peers::Peers,
};

/// A payment in pounds, to a sort code and an account number.
#[derive(ToSchema)]
#[schema(example = json!({
    "from_ledger_id": "5e71546a-523b-4de0-b649-a4c8f1165e85",
    "name": "Dave Bloggs",
    "sort_code": "400052",
    "account_number": "12345678",
    "amount": "100.00",
    "reference": "rent"
}))]
pub(crate) struct NewFasterPayment {
    /// Pays; a ledger in GBP.
    #[schema(value_type = String)]
    from_ledger_id: Option<String>,
    /// Who is paid, 1-100 characters.
    #[schema(value_type = String)]
    name: Option<String>,
    /// 6 digits.
    #[schema(value_type = String)]
    sort_code: Option<String>,
    /// 8 digits.
    #[schema(value_type = String)]
    account_number: Option<String>,
    /// Greater than 0, at most 11 characters; a number is taken too.
    #[schema(value_type = String)]
    amount: Option<String>,
    /// 1-18 characters: letters, digits, space, `_ - . / &`.
    #[schema(value_type = String)]
    reference: Option<String>,
}

/// A payment in euros, to an IBAN.
#[derive(ToSchema)]
#[schema(example = json!({
    "from_ledger_id": "5e71546a-523b-4de0-b649-a4c8f1165e85",
    "name": "Jeanne Dupont",
    "iban": "DE89370400440532013000",
    "amount": "100.00",
    "reference": "rent"
}))]
pub(crate) struct NewSepaCredit {
    /// Pays; a ledger in EUR.
    #[schema(value_type = String)]
    from_ledger_id: Option<String>,
    /// Who is paid, 1-100 characters.
    #[schema(value_type = String)]
    name: Option<String>,
    #[schema(value_type = String)]
    iban: Option<String>,
    /// 8 or 11 characters.
    bic_swift: Option<String>,
    /// Greater than 0, at most 11 characters; a number is taken too.
    #[schema(value_type = String)]
    amount: Option<String>,
    /// 1-18 characters: letters, digits, space, `_ - . / &`.
    #[schema(value_type = String)]
    reference: Option<String>,
}

impl Parse for NewFasterPayment {
    fn parse(object: &mut Object<'_>) -> Self {
        Self {
            from_ledger_id: object.text("from_ledger_id"),
            name: object.text("name"),
            sort_code: object.text("sort_code"),
            account_number: object.text("account_number"),
            amount: object.amount("amount"),
            reference: object.text("reference"),
        }
    }
}

impl Parse for NewSepaCredit {
    fn parse(object: &mut Object<'_>) -> Self {
        Self {
            from_ledger_id: object.text("from_ledger_id"),
            name: object.text("name"),
            iban: object.text("iban"),
            bic_swift: object.text("bic_swift"),
            amount: object.amount("amount"),
            reference: object.text("reference"),
        }
    }
}

/// A payment over either rail.
struct Order {
    kind: TransactionType,
    from_ledger_id: Option<String>,
    name: Option<String>,
    creditor: BankDetails,
    amount: Option<String>,
    reference: Option<String>,
}

impl From<NewFasterPayment> for Order {
    fn from(new: NewFasterPayment) -> Self {
        let creditor = BankDetails {
            sort_code: new.sort_code.unwrap_or_default(),
            account_number: new.account_number.unwrap_or_default(),
            ..BankDetails::default()
        };
        Self {
            kind: TransactionType::FasterPayment,
            from_ledger_id: new.from_ledger_id,
            name: new.name,
            creditor,
            amount: new.amount,
            reference: new.reference,
        }
    }
}

impl From<NewSepaCredit> for Order {
    fn from(new: NewSepaCredit) -> Self {
        let creditor = BankDetails {
            iban: new.iban.unwrap_or_default(),
            bic_swift: new.bic_swift.unwrap_or_default(),
            ..BankDetails::default()
        };
        Self {
            kind: TransactionType::SepaCredit,
            from_ledger_id: new.from_ledger_id,
            name: new.name,
            creditor,
            amount: new.amount,
            reference: new.reference,
        }
    }
}

impl Order {
    fn into_request(self, outgoing: &Outgoing) -> CreatePaymentRequest {
        CreatePaymentRequest {
            request_id: outgoing.key(),
            r#type: self.kind.into(),
            from_ledger_id: self.from_ledger_id.unwrap_or_default(),
            creditor_name: self.name.unwrap_or_default(),
            creditor: Some(self.creditor),
            amount: self.amount.map(Amount::Decimal),
            reference: self.reference.unwrap_or_default(),
            validate_only: outgoing.validate_only(),
        }
    }
}

/// Orders a UK Faster Payment.
///
/// The amount is held from now on, and leaves the ledger when the rail has settled the payment. One
/// that is declined, as for want of funds, is recorded and holds nothing: the answer is 409 with its
/// `response_code` and `payment_id`, and stays so under its `Idempotency-Key`.
#[utoipa::path(
    post,
    path = "/accounts/faster_payment",
    operation_id = "create_faster_payment",
    tag = "Payments",
    request_body = NewFasterPayment,
    responses((status = 200, description = "Accepted", body = Both<PaymentOutcome>), Refusals),
)]
pub(super) async fn faster_payment(
    State(peers): State<Peers>,
    Body(new, outgoing): Body<NewFasterPayment>,
) -> Result<Answer<Both<PaymentOutcome>>, Failure> {
    create(peers, new.into(), &outgoing).await
}

/// Orders a SEPA Credit Transfer. As a Faster Payment in all else.
#[utoipa::path(
    post,
    path = "/accounts/sepa_credit",
    operation_id = "create_sepa_credit",
    tag = "Payments",
    request_body = NewSepaCredit,
    responses((status = 200, description = "Accepted", body = Both<PaymentOutcome>), Refusals),
)]
pub(super) async fn sepa_credit(
    State(peers): State<Peers>,
    Body(new, outgoing): Body<NewSepaCredit>,
) -> Result<Answer<Both<PaymentOutcome>>, Failure> {
    create(peers, new.into(), &outgoing).await
}

async fn create(
    peers: Peers,
    order: Order,
    outgoing: &Outgoing,
) -> Result<Answer<Both<PaymentOutcome>>, Failure> {
    let message = order.into_request(outgoing);
    let made: Answer<Payment> = outgoing
        .send(peers.payments, message, |peer, request| Box::pin(peer.create_payment(request)))
        .await?;
    outcome::answer(made.body.response_code(), made.view(PaymentOutcome::new)?)
}

//! Transfers between two ledgers of a tenant.

use std::collections::BTreeMap;

use axum::extract::State;
use proto::ledger::v1::{CreateTransferRequest, Transfer, create_transfer_request::Amount};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    body::{Body, Object, Parse},
    envelope::{Answer, Both},
    failure::Failure,
    openapi::Refusals,
    outcome::{self, Outcome},
    outgoing::Outgoing,
    peers::Peers,
    scope::needs,
};

pub(crate) mod reversal;

pub(crate) fn routes() -> OpenApiRouter<Peers> {
    needs(
        "payments:write",
        OpenApiRouter::new().routes(routes!(create)).routes(routes!(reversal::create)),
    )
}

/// A movement of money to be.
#[derive(ToSchema)]
#[schema(example = json!({
    "from_ledger_id": "5e71546a-523b-4de0-b649-a4c8f1165e85",
    "to_ledger_id": "5ea2a49b-d224-42fa-a695-ebc61381fe02",
    "amount": "100.00",
    "reference": "testing reference",
    "metadata": {"invoice": "2020-0417"}
}))]
pub(crate) struct NewTransfer {
    /// Pays.
    #[schema(value_type = String)]
    from_ledger_id: Option<String>,
    /// Receives; another ledger in the same currency.
    #[schema(value_type = String)]
    to_ledger_id: Option<String>,
    /// Greater than 0, at most 11 characters; a number is taken too.
    #[schema(value_type = String)]
    amount: Option<String>,
    /// 1-18 characters: letters, digits, space, `_ - . / &`.
    #[schema(value_type = String)]
    reference: Option<String>,
    /// Kept with both transactions: up to 16 texts of up to 255 characters, under names of 1-40
    /// letters, digits and `_ - .`.
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    metadata: BTreeMap<String, String>,
}

impl Parse for NewTransfer {
    fn parse(object: &mut Object<'_>) -> Self {
        Self {
            from_ledger_id: object.text("from_ledger_id"),
            to_ledger_id: object.text("to_ledger_id"),
            amount: object.amount("amount"),
            reference: object.text("reference"),
            metadata: object.texts("metadata"),
        }
    }
}

impl NewTransfer {
    fn into_request(self, outgoing: &Outgoing) -> CreateTransferRequest {
        CreateTransferRequest {
            request_id: outgoing.key(),
            from_ledger_id: self.from_ledger_id.unwrap_or_default(),
            to_ledger_id: self.to_ledger_id.unwrap_or_default(),
            amount: self.amount.map(Amount::Decimal),
            reference: self.reference.unwrap_or_default(),
            validate_only: outgoing.validate_only(),
            metadata: self.metadata,
        }
    }
}

/// Moves money from one ledger to another.
///
/// A transfer that is declined, as for want of funds, moves nothing and is recorded: the answer is 409
/// with its `response_code` and `transaction_id`, and stays so under its `Idempotency-Key`.
#[utoipa::path(
    post,
    path = "/accounts/internal_transfer",
    operation_id = "create_internal_transfer",
    tag = "Transfers",
    request_body = NewTransfer,
    responses((status = 200, description = "Moved", body = Both<Outcome>), Refusals),
)]
async fn create(
    State(peers): State<Peers>,
    Body(new, outgoing): Body<NewTransfer>,
) -> Result<Answer<Both<Outcome>>, Failure> {
    let message = new.into_request(&outgoing);
    told(
        outgoing
            .send(peers.ledger, message, |peer, request| Box::pin(peer.create_transfer(request)))
            .await?,
        |transfer| transfer.from_transaction_id,
    )
}

/// A success where the money has moved, and a failure where it has not; with the transaction of the
/// side that asked.
pub(crate) fn told(
    answer: Answer<Transfer>,
    side: fn(Transfer) -> String,
) -> Result<Answer<Both<Outcome>>, Failure> {
    let code = answer.body.response_code();
    outcome::answer(code, answer.view(|transfer| Outcome::new(code, side(transfer)))?)
}

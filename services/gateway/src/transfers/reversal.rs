//! Transfers undone.

use std::collections::BTreeMap;

use axum::extract::State;
use proto::ledger::v1::ReverseTransferRequest;
use utoipa::ToSchema;

use super::told;
use crate::{
    body::{Body, Object, Parse},
    envelope::{Answer, Both},
    failure::Failure,
    openapi::Refusals,
    outcome::Outcome,
    outgoing::Outgoing,
    peers::Peers,
};

/// A transfer to be undone.
#[derive(ToSchema)]
#[schema(example = json!({
    "transaction_id": "9010ef5b-8b1a-484d-b27c-e9002dcd93d2",
    "reference": "sent twice"
}))]
pub(crate) struct Reversal {
    /// Either ledger's transaction of the transfer.
    #[schema(value_type = String)]
    transaction_id: Option<String>,
    /// 1-18 characters: letters, digits, space, `_ - . / &`; that of the transfer when absent.
    reference: Option<String>,
    /// As of a transfer.
    #[schema(value_type = Option<BTreeMap<String, String>>)]
    metadata: BTreeMap<String, String>,
}

impl Parse for Reversal {
    fn parse(object: &mut Object<'_>) -> Self {
        Self {
            transaction_id: object.text("transaction_id"),
            reference: object.text("reference"),
            metadata: object.texts("metadata"),
        }
    }
}

impl Reversal {
    fn into_request(self, outgoing: &Outgoing) -> ReverseTransferRequest {
        ReverseTransferRequest {
            request_id: outgoing.key(),
            transfer_id: self.transaction_id.unwrap_or_default(),
            reference: self.reference.unwrap_or_default(),
            metadata: self.metadata,
            validate_only: outgoing.validate_only(),
        }
    }
}

/// Undoes a transfer between two ledgers: the same amount goes back, once.
///
/// The ledger that had received the money pays, and its transaction is answered. As a transfer, it is
/// declined when too little of the money is left; then it can be tried again.
#[utoipa::path(
    post,
    path = "/accounts/reverse_transfer",
    operation_id = "reverse_transfer",
    tag = "Transfers",
    request_body = Reversal,
    responses((status = 200, description = "Moved back", body = Both<Outcome>), Refusals),
)]
pub(super) async fn create(
    State(peers): State<Peers>,
    Body(reversal, outgoing): Body<Reversal>,
) -> Result<Answer<Both<Outcome>>, Failure> {
    let message = reversal.into_request(&outgoing);
    told(
        outgoing
            .send(peers.ledger, message, |peer, request| Box::pin(peer.reverse_transfer(request)))
            .await?,
        |transfer| transfer.from_transaction_id,
    )
}

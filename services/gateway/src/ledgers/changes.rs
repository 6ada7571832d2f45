//! Ledgers enabled, disabled, and let be overdrawn.

use axum::extract::State;
use prost_types::FieldMask;
use proto::ledger::v1::{Ledger, UpdateLedgerRequest};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    body::{Body, Object, Parse},
    envelope::{Answer, Both},
    failure::Failure,
    openapi::Refusals,
    outgoing::Outgoing,
    path::PathId,
    peers::Peers,
};

/// What is to change about a ledger: what is given.
#[derive(ToSchema)]
#[schema(example = json!({"active": false}))]
pub(crate) struct LedgerChanges {
    /// Whether it may be used. "true" and "false" are taken too.
    active: Option<bool>,
    /// How far below zero what is available may go: as an amount, and 0 for not at all.
    #[schema(value_type = Option<String>)]
    overdraft_limit: Option<String>,
}

impl Parse for LedgerChanges {
    fn parse(object: &mut Object<'_>) -> Self {
        Self { active: object.boolean("active"), overdraft_limit: object.amount("overdraft_limit") }
    }
}

impl LedgerChanges {
    fn into_request(self, ledger_id: String, outgoing: &Outgoing) -> UpdateLedgerRequest {
        let active = self.active.map(|_| "active".to_owned());
        let limit = self.overdraft_limit.as_ref().map(|_| "overdraft_limit".to_owned());
        let paths = active.into_iter().chain(limit).collect();
        let active = self.active.unwrap_or_default();
        UpdateLedgerRequest {
            request_id: outgoing.key(),
            ledger: Some(Ledger { ledger_id, active, ..Ledger::default() }),
            update_mask: Some(FieldMask { paths }),
            validate_only: outgoing.validate_only(),
            overdraft_limit_decimal: self.overdraft_limit.unwrap_or_default(),
        }
    }
}

/// Which ledger it was, and whose.
#[derive(Clone, Serialize, ToSchema)]
pub(crate) struct LedgerIdView {
    #[schema(example = "859f4eef-6a53-4110-8757-371844df8e8c")]
    customer_id: String,
    #[schema(example = "5ea2a49b-d224-42fa-a695-ebc61381fe02")]
    ledger_id: String,
}

impl From<Ledger> for LedgerIdView {
    fn from(ledger: Ledger) -> Self {
        Self { customer_id: ledger.customer_id, ledger_id: ledger.ledger_id }
    }
}

/// Enables or disables a ledger, or sets its overdraft limit. No money comes to a disabled ledger, and
/// none leaves it.
#[utoipa::path(
    put,
    path = "/accounts/customers/ledgers/{ledger_id}",
    operation_id = "update_ledger",
    tag = "Ledgers",
    params(("ledger_id" = String, Path, description = "The ledger")),
    request_body = LedgerChanges,
    responses((status = 200, description = "Done", body = Both<LedgerIdView>), Refusals),
)]
pub(super) async fn update(
    State(peers): State<Peers>,
    PathId(ledger_id): PathId,
    Body(changes, outgoing): Body<LedgerChanges>,
) -> Result<Answer<Both<LedgerIdView>>, Failure> {
    let message = changes.into_request(ledger_id, &outgoing);
    outgoing
        .send(peers.ledger, message, |peer, request| Box::pin(peer.update_ledger(request)))
        .await?
        .view(|ledger| Ok(Both::of(ledger.into())))
}

//! What was on a ledger at a time.

use axum::extract::State;
use prost_types::Timestamp;
use proto::ledger::v1::{Balance, GetBalanceRequest};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::{
    clock,
    envelope::{Answer, Success},
    failure::Failure,
    openapi::Refusals,
    path::PathId,
    peers::Peers,
    query::{Parameters, Parse, Query},
    text,
};

/// When.
#[derive(utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct At {
    /// What was recorded up to then counts: `YYYY-MM-DD HH:MM:SS` UTC with its whole second, a date
    /// with its whole day, or RFC 3339. Now when absent.
    #[param(value_type = Option<String>)]
    at: Option<Timestamp>,
}

impl Parse for At {
    fn parse(query: &mut Parameters) -> Self {
        Self { at: query.last("at") }
    }
}

/// A balance at a time.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "ledger_id": "5e71546a-523b-4de0-b649-a4c8f1165e85",
    "currency": "gbp",
    "balance": 9438.99,
    "at": "2020-03-31 23:59:59",
    "transaction_id": "9010ef5b-8b1a-484d-b27c-e9002dcd93d2"
}))]
pub(crate) struct BalanceView {
    ledger_id: String,
    /// ISO 4217, in lower case.
    currency: String,
    /// With exactly the currency's decimals.
    #[schema(value_type = f64)]
    balance: Box<RawValue>,
    /// The last second that counts, UTC.
    at: String,
    /// The last transaction that counts, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    transaction_id: Option<String>,
}

impl TryFrom<Balance> for BalanceView {
    type Error = Failure;

    fn try_from(found: Balance) -> Result<Self, Failure> {
        let money = found.balance.ok_or_else(|| Failure::internal("a balance without money"))?;
        Ok(Self {
            ledger_id: found.ledger_id,
            currency: money.currency.to_ascii_lowercase(),
            balance: text::number(&money)?,
            at: clock::print(found.at.as_ref())?,
            transaction_id: text::present(found.transaction_id),
        })
    }
}

/// Tells what is on a ledger, or was at a time.
#[utoipa::path(
    get,
    path = "/accounts/customers/ledgers/{ledger_id}/balance",
    operation_id = "get_balance",
    tag = "Ledgers",
    params(("ledger_id" = String, Path, description = "The ledger"), At),
    responses((status = 200, description = "The balance", body = Success<BalanceView>), Refusals),
)]
pub(super) async fn read(
    State(peers): State<Peers>,
    PathId(ledger_id): PathId,
    Query(At { at }, outgoing): Query<At>,
) -> Result<Answer<Success<BalanceView>>, Failure> {
    let message = GetBalanceRequest { ledger_id, at };
    outgoing
        .send(peers.ledger, message, |peer, request| Box::pin(peer.get_balance(request)))
        .await?
        .view(|balance| Ok(Success::of(balance.try_into()?)))
}

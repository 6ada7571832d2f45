//! How long a customer's personal data is kept: told, changed, and ended by erasing it.

use axum::extract::State;
use prost_types::{FieldMask, Timestamp};
use proto::customer::v1::{
    ErasePersonalDataRequest, GetRetentionRequest, Retention, UpdateRetentionRequest,
};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    body::{Body, Object, Parse},
    clock,
    envelope::{Answer, Success},
    failure::Failure,
    openapi::Refusals,
    outgoing::Outgoing,
    path::PathId,
    peers::Peers,
    query::{Nothing, Query},
    scope::needs,
};

pub(crate) fn routes() -> OpenApiRouter<Peers> {
    let reads = needs("customers:read", OpenApiRouter::new().routes(routes!(details)));
    let writes = needs("customers:write", OpenApiRouter::new().routes(routes!(update)));
    let erases = needs("customers:erase", OpenApiRouter::new().routes(routes!(erase)));
    reads.merge(writes).merge(erases)
}

/// What is to change: what is given.
#[derive(ToSchema)]
#[schema(example = json!({"relationship_ended_at": "2026-01-31"}))]
pub(crate) struct RetentionChanges {
    /// When the relationship ended: `YYYY-MM-DD HH:MM:SS` UTC, a date, or RFC 3339; neither in the future nor
    /// before the day of its creation. The customer must be disabled. Enabling the customer undoes it.
    #[schema(value_type = Option<String>)]
    relationship_ended_at: Option<Timestamp>,
    /// Whether the data is to be kept whatever the time.
    legal_hold: Option<bool>,
}

impl Parse for RetentionChanges {
    fn parse(object: &mut Object<'_>) -> Self {
        Self {
            relationship_ended_at: object.moment("relationship_ended_at"),
            legal_hold: object.boolean("legal_hold"),
        }
    }
}

impl RetentionChanges {
    fn into_request(self, customer_id: String, outgoing: &Outgoing) -> UpdateRetentionRequest {
        let ended = self.relationship_ended_at.as_ref().map(|_| "relationship_ended_at".to_owned());
        let hold = self.legal_hold.map(|_| "legal_hold".to_owned());
        let retention = Retention {
            customer_id,
            relationship_ended_at: self.relationship_ended_at,
            legal_hold: self.legal_hold.unwrap_or_default(),
            ..Retention::default()
        };
        UpdateRetentionRequest {
            request_id: outgoing.key(),
            retention: Some(retention),
            update_mask: Some(FieldMask { paths: ended.into_iter().chain(hold).collect() }),
            validate_only: outgoing.validate_only(),
        }
    }
}

/// How long a customer's personal data is kept.
#[derive(Serialize, ToSchema)]
pub(crate) struct RetentionView {
    customer_id: String,
    /// UTC. Absent while the relationship goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    relationship_ended_at: Option<String>,
    legal_hold: bool,
    /// UTC. The data is erased then, but for a legal hold. Absent while the relationship goes on.
    #[serde(skip_serializing_if = "Option::is_none")]
    keep_until: Option<String>,
    /// UTC. Absent while the data is there.
    #[serde(skip_serializing_if = "Option::is_none")]
    erased_at: Option<String>,
}

impl TryFrom<Retention> for RetentionView {
    type Error = Failure;

    fn try_from(retention: Retention) -> Result<Self, Failure> {
        let print = |at: Option<Timestamp>| at.map(|at| clock::print(Some(&at))).transpose();
        Ok(Self {
            customer_id: retention.customer_id,
            relationship_ended_at: print(retention.relationship_ended_at)?,
            legal_hold: retention.legal_hold,
            keep_until: print(retention.keep_until)?,
            erased_at: print(retention.erased_at)?,
        })
    }
}

/// Tells how long a customer's personal data is kept.
#[utoipa::path(
    get,
    path = "/accounts/customers/{customer_id}/retention",
    operation_id = "get_retention",
    tag = "Customers",
    params(("customer_id" = String, Path, description = "The customer")),
    responses((status = 200, description = "How long", body = Success<RetentionView>), Refusals),
)]
async fn details(
    State(peers): State<Peers>,
    PathId(customer_id): PathId,
    Query(Nothing, outgoing): Query<Nothing>,
) -> Result<Answer<Success<RetentionView>>, Failure> {
    let message = GetRetentionRequest { customer_id };
    let found = outgoing
        .send(peers.retention, message, |peer, request| Box::pin(peer.get_retention(request)))
        .await?;
    found.view(|retention| Ok(Success::of(retention.try_into()?)))
}

/// Says when the relationship with a customer ended, or whether there is a legal hold.
#[utoipa::path(
    put,
    path = "/accounts/customers/{customer_id}/retention",
    operation_id = "update_retention",
    tag = "Customers",
    params(("customer_id" = String, Path, description = "The customer")),
    request_body = RetentionChanges,
    responses((status = 200, description = "Changed", body = Success<RetentionView>), Refusals),
)]
async fn update(
    State(peers): State<Peers>,
    PathId(customer_id): PathId,
    Body(changes, outgoing): Body<RetentionChanges>,
) -> Result<Answer<Success<RetentionView>>, Failure> {
    let message = changes.into_request(customer_id, &outgoing);
    let updated = outgoing
        .send(peers.retention, message, |peer, request| Box::pin(peer.update_retention(request)))
        .await?;
    updated.view(|retention| Ok(Success::of(retention.try_into()?)))
}

/// Erases a customer's personal data: the details, and the documents within minutes.
///
/// Refused while the law requires keeping: until five years after the relationship has ended, and for as long
/// as there is a legal hold. What is left is the customer's id, with the records of money under it. To erase
/// what is erased is a success.
#[utoipa::path(
    delete,
    path = "/accounts/customers/{customer_id}/personal_data",
    operation_id = "erase_personal_data",
    tag = "Customers",
    params(("customer_id" = String, Path, description = "The customer")),
    responses((status = 200, description = "Erased", body = Success<RetentionView>), Refusals),
)]
async fn erase(
    State(peers): State<Peers>,
    PathId(customer_id): PathId,
    Query(Nothing, outgoing): Query<Nothing>,
) -> Result<Answer<Success<RetentionView>>, Failure> {
    outgoing.check()?;
    let message = ErasePersonalDataRequest { customer_id };
    let erased = outgoing
        .send(peers.retention, message, |peer, request| Box::pin(peer.erase_personal_data(request)))
        .await?;
    erased.view(|retention| Ok(Success::of(retention.try_into()?)))
}

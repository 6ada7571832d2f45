//! API keys, for the administrators of a tenant.

use axum::extract::State;
use proto::access::v1::{
    ApiKey, CreateApiKeyRequest, CreateApiKeyResponse, ListApiKeysRequest, RevokeApiKeyRequest,
    RotateApiKeyRequest, RotateApiKeyResponse, UpdateApiKeyRequest,
};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use self::requests::{KeyChanges, NewKey, Rotation};
use crate::{
    body::{self, Body},
    clock,
    envelope::{Answer, Page, Success},
    failure::Failure,
    openapi::Refusals,
    path::PathId,
    peers::Peers,
    query::{Paging, Query},
    scope::needs,
};

pub(crate) mod requests;

pub(crate) fn routes() -> OpenApiRouter<Peers> {
    needs(
        "admin",
        OpenApiRouter::new()
            .routes(routes!(create, list))
            .routes(routes!(update))
            .routes(routes!(rotate))
            .routes(routes!(revoke)),
    )
}

/// A key, without its secret.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct KeyView {
    api_key_id: String,
    /// The API user it stands for.
    user_id: String,
    name: String,
    /// What it allows, as far as its user may do it.
    scopes: Vec<String>,
    /// From where it may be used; empty: from everywhere.
    allowed_addresses: Vec<String>,
    /// When it stops being one, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<String>,
    /// At most; 0: as many as any key.
    requests_per_second: i32,
    created: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked: Option<String>,
    /// To the minute.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used: Option<String>,
}

impl TryFrom<ApiKey> for KeyView {
    type Error = Failure;

    fn try_from(key: ApiKey) -> Result<Self, Failure> {
        let time =
            |at: Option<prost_types::Timestamp>| at.map(|at| clock::print(Some(&at))).transpose();
        Ok(Self {
            api_key_id: key.api_key_id,
            user_id: key.user_id,
            name: key.name,
            scopes: key.scopes,
            allowed_addresses: key.allowed_addresses,
            expires: time(key.expire_time)?,
            requests_per_second: key.requests_per_second,
            created: clock::print(key.create_time.as_ref())?,
            revoked: time(key.revoke_time)?,
            last_used: time(key.last_use_time)?,
        })
    }
}

/// A key with its secret, which is told this once.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SecretView {
    /// Goes into `Authorization: Bearer …`.
    secret: String,
    #[serde(flatten)]
    key: KeyView,
}

impl SecretView {
    fn new(key: Option<ApiKey>, secret: String) -> Result<Self, Failure> {
        let key = key.ok_or_else(|| Failure::internal("a key that is none"))?;
        Ok(Self { secret, key: key.try_into()? })
    }
}

/// Makes a key for one of the tenant's API users. Its secret is told this once.
#[utoipa::path(
    post,
    path = "/access/keys",
    operation_id = "create_api_key",
    tag = "Access",
    request_body = NewKey,
    responses((status = 200, description = "Made", body = Success<SecretView>), Refusals),
)]
async fn create(
    State(peers): State<Peers>,
    Body(new, outgoing): Body<NewKey>,
) -> Result<Answer<Success<SecretView>>, Failure> {
    let message =
        CreateApiKeyRequest { api_key: Some(new.into()), validate_only: outgoing.validate_only() };
    outgoing
        .once()
        .send(peers.keys, message, |peer, request| Box::pin(peer.create_api_key(request)))
        .await?
        .view(|CreateApiKeyResponse { api_key, secret }| {
            Ok(Success::of(SecretView::new(api_key, secret)?))
        })
}

/// Lists keys, newest first, those that are revoked or have expired too.
#[utoipa::path(
    get,
    path = "/access/keys",
    operation_id = "list_api_keys",
    tag = "Access",
    params(Paging),
    responses((status = 200, description = "A page", body = Success<Page<KeyView>>), Refusals),
)]
async fn list(
    State(peers): State<Peers>,
    Query(paging, outgoing): Query<Paging>,
) -> Result<Answer<Success<Page<KeyView>>>, Failure> {
    let message = ListApiKeysRequest {
        page_size: paging.limit,
        page_token: paging.cursor.unwrap_or_default(),
    };
    outgoing
        .send(peers.keys, message, |peer, request| Box::pin(peer.list_api_keys(request)))
        .await?
        .view(|page| {
            let (rows, next) = (page.api_keys, page.next_page_token);
            Ok(Success::of(Page::of(page.total_size, rows, next, TryInto::try_into)?))
        })
}

/// Changes a key. Fields that are not given stay as they are. Holds everywhere within 5 seconds.
#[utoipa::path(
    put,
    path = "/access/keys/{api_key_id}",
    operation_id = "update_api_key",
    tag = "Access",
    params(("api_key_id" = String, Path, description = "The key")),
    request_body = KeyChanges,
    responses((status = 200, description = "Changed", body = Success<KeyView>), Refusals),
)]
async fn update(
    State(peers): State<Peers>,
    PathId(api_key_id): PathId,
    Body(changes, outgoing): Body<KeyChanges>,
) -> Result<Answer<Success<KeyView>>, Failure> {
    let message = UpdateApiKeyRequest {
        update_mask: Some(changes.mask()),
        api_key: Some(changes.into_key(api_key_id)),
        validate_only: outgoing.validate_only(),
    };
    outgoing
        .send(peers.keys, message, |peer, request| Box::pin(peer.update_api_key(request)))
        .await?
        .view(|key| Ok(Success::of(key.try_into()?)))
}

/// Gives a key a new secret, told this once. The secret so far stays good until the time given.
///
/// Asked again with the same `Idempotency-Key`, it changes nothing and answers 409 `API_KEY_ROTATED`: the
/// secret is not told twice. If its answer was lost, make another key while the secret so far is good.
#[utoipa::path(
    post,
    path = "/access/keys/{api_key_id}/rotate",
    operation_id = "rotate_api_key",
    tag = "Access",
    params(("api_key_id" = String, Path, description = "The key")),
    request_body = Rotation,
    responses((status = 200, description = "Rotated", body = Success<SecretView>), Refusals),
)]
async fn rotate(
    State(peers): State<Peers>,
    PathId(api_key_id): PathId,
    Body(rotation, outgoing): Body<Rotation>,
) -> Result<Answer<Success<SecretView>>, Failure> {
    let message = RotateApiKeyRequest {
        api_key_id,
        old_secret_expire_time: rotation.old_expires,
        validate_only: outgoing.validate_only(),
        request_id: outgoing.key(),
    };
    outgoing
        .once()
        .send(peers.keys, message, |peer, request| Box::pin(peer.rotate_api_key(request)))
        .await?
        .view(|RotateApiKeyResponse { api_key, secret }| {
            Ok(Success::of(SecretView::new(api_key, secret)?))
        })
}

/// Ends a key with all its secrets, for good. Holds everywhere within 5 seconds.
#[utoipa::path(
    post,
    path = "/access/keys/{api_key_id}/revoke",
    operation_id = "revoke_api_key",
    tag = "Access",
    params(("api_key_id" = String, Path, description = "The key")),
    responses((status = 200, description = "Revoked", body = Success<KeyView>), Refusals),
)]
async fn revoke(
    State(peers): State<Peers>,
    PathId(api_key_id): PathId,
    Body(body::Nothing, outgoing): Body<body::Nothing>,
) -> Result<Answer<Success<KeyView>>, Failure> {
    outgoing.check()?;
    let message = RevokeApiKeyRequest { api_key_id };
    outgoing
        .without_effect()
        .send(peers.keys, message, |peer, request| Box::pin(peer.revoke_api_key(request)))
        .await?
        .view(|key| Ok(Success::of(key.try_into()?)))
}

//! Calls of those outside who work for a tenant. They bring no token: what proves them is the services'
//! business.

use axum::{
    Extension,
    extract::{Request, State},
};
use kit::{caller::Call, client};
use proto::kyc::v1::ReceiveCallbackRequest;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    body,
    envelope::{Answer, Success},
    failure::Failure,
    login::Empty,
    openapi::Refusals,
    path::PathName,
    peers::Peers,
};

/// When and how a call was signed.
const SIGNATURE: &str = "X-Signature";

pub(crate) fn routes() -> OpenApiRouter<Peers> {
    OpenApiRouter::new().routes(routes!(kyc))
}

/// Takes a provider's call about a verification.
///
/// The call says that it is worth asking now; what it says of the outcome is not believed. It is signed
/// with the account's callback secret: HMAC-SHA256 of the time in Unix seconds, a point, and the body.
/// It may come more than once, and is good for five minutes.
#[utoipa::path(
    post,
    path = "/callbacks/kyc/{provider}",
    operation_id = "receive_kyc_callback",
    tag = "Providers",
    params(
        ("provider" = String, Path, description = "gbg_go"),
        ("X-Signature" = String, Header, description = "t=1700000000,v1=0a1b…"),
    ),
    request_body(content = String, description = "JSON with `instanceId`", content_type = "application/json"),
    responses((status = 200, description = "Heard", body = Success<Empty>), Refusals),
    security(()),
)]
async fn kyc(
    State(peers): State<Peers>,
    Extension(call): Extension<Call>,
    PathName(provider): PathName,
    request: Request,
) -> Result<Answer<Success<Empty>>, Failure> {
    let (parts, body) = request.into_parts();
    let signature = parts.headers.get(SIGNATURE).and_then(|value| value.to_str().ok());
    let message = ReceiveCallbackRequest {
        provider,
        signature: signature.unwrap_or_default().to_owned(),
        body: body::raw(&parts, body).await?.into(),
    };
    let mut peer = peers.providers;
    client::retry(async move || peer.receive_callback(call.request(message.clone())).await).await?;
    Ok(Answer { body: Success::of(Empty {}), replayed: false })
}

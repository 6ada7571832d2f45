//! Tokens: how they are got and given back.

use axum::{Extension, extract::State};
use http::{HeaderMap, StatusCode};
use proto::access::v1::{LoginRequest, LoginResponse, LogoutRequest};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    address::ClientAddress,
    auth,
    body::{Body, Nothing, Object, Parse, PublicBody},
    clock,
    envelope::{Answer, Success},
    failure::Failure,
    openapi::Refusals,
    outgoing,
    peers::Peers,
};

pub(crate) fn routes() -> OpenApiRouter<Peers> {
    OpenApiRouter::new().routes(routes!(login)).routes(routes!(logout))
}

/// An API user's proof.
#[derive(ToSchema)]
#[schema(example = json!({"email": "api@example.com", "password": "correct horse battery staple"}))]
pub(crate) struct Credentials {
    /// In any case.
    #[schema(required = true)]
    email: Option<String>,
    #[schema(required = true)]
    password: Option<String>,
}

impl Parse for Credentials {
    // Escaped to the last character, an address and a password fit.
    const LIMIT: usize = 8 * 1024;

    fn parse(object: &mut Object<'_>) -> Self {
        Self { email: object.text("email"), password: object.verbatim("password") }
    }
}

/// A token.
#[derive(Serialize, ToSchema)]
pub(crate) struct TokenView {
    /// Goes into `Authorization: token …`.
    token: String,
    /// When it stops being one, UTC.
    #[schema(example = "2020-04-24 09:34:35")]
    expires: String,
}

impl TryFrom<LoginResponse> for TokenView {
    type Error = Failure;

    fn try_from(login: LoginResponse) -> Result<Self, Failure> {
        Ok(Self { token: login.token, expires: clock::print(login.expire_time.as_ref())? })
    }
}

/// Exchanges an e-mail address and a password for a token.
///
/// After 10 wrong tries within an hour for an e-mail address, or 100 from a client, the answer is 429
/// for a minute, and for twice as long after each wrong try that follows, up to 15 minutes.
#[utoipa::path(
    post,
    path = "/login",
    tag = "Access",
    request_body = Credentials,
    responses((status = 200, description = "A token", body = Success<TokenView>), Refusals),
    security(()),
)]
async fn login(
    State(peers): State<Peers>,
    client: Option<Extension<ClientAddress>>,
    PublicBody(Credentials { email, password }, bad, call): PublicBody<Credentials>,
) -> Result<Answer<Success<TokenView>>, Failure> {
    let message = LoginRequest {
        email: email.unwrap_or_default(),
        password: password.unwrap_or_default(),
        client_address: client.map_or_else(String::new, |client| client.0.0.to_string()),
        validate_only: !bad.is_empty(),
    };
    let answered = peers.access.clone().login(call.request(message)).await;
    let login = outgoing::checked(&bad, answered)?.into_inner();
    Ok(Answer { body: Success::of(login.try_into()?), replayed: false })
}

/// Revokes the token it is called with.
///
/// An API key is no login: the answer is 409, and `/access/keys` is where keys are revoked.
#[utoipa::path(
    post,
    path = "/logout",
    tag = "Access",
    responses((status = 200, description = "Revoked", body = Success<Empty>), Refusals),
)]
async fn logout(
    State(peers): State<Peers>,
    headers: HeaderMap,
    Body(Nothing, outgoing): Body<Nothing>,
) -> Result<Answer<Success<Empty>>, Failure> {
    let token = auth::token(&headers).ok_or_else(Failure::unauthenticated)?;
    outgoing.check()?;
    if auth::is_key(token) {
        let message = "An API key cannot log out; it is revoked at /access/keys";
        return Err(Failure::new(StatusCode::CONFLICT, "NOT_A_LOGIN", message));
    }
    let message = LogoutRequest { token: token.to_owned() };
    let done =
        outgoing.send(peers.access, message, |peer, request| Box::pin(peer.logout(request))).await;
    peers.tokens.forget(token);
    Ok(Answer { body: Success::of(Empty {}), replayed: done?.replayed })
}

/// Nothing more to say.
#[derive(Serialize, ToSchema)]
pub(crate) struct Empty {}

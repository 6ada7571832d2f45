//! Ids and names in paths.

use axum::{
    extract::{FromRequestParts, RawPathParams},
    http::request::Parts,
};
use types::UserId;
use uuid::Uuid;

/// A name in a path, as it is written there.
#[derive(Debug)]
pub(crate) struct PathName(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for PathName {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let params = RawPathParams::from_request_parts(parts, state).await.ok();
        let name = params.as_ref().and_then(|params| params.iter().next()).map(|(_, name)| name);
        Ok(Self(name.unwrap_or_default().to_owned()))
    }
}

/// The id in a path. One that is malformed is replaced by one that nothing has, so that it is missing
/// as any other that is: after bad parameters, and with the same answer.
#[derive(Debug)]
pub(crate) struct PathId(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for PathId {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Self::Rejection> {
        let params = RawPathParams::from_request_parts(parts, state).await.ok();
        let text = params.as_ref().and_then(|params| params.iter().next()).map(|(_, value)| value);
        // Any id will do: what it is an id of is the services' business.
        let id = text.and_then(|text| UserId::parse(text).ok()).map(UserId::uuid);
        Ok(Self(id.unwrap_or_else(Uuid::now_v7).to_string()))
    }
}

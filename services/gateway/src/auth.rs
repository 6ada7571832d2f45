//! Whom a token stands for, as the access service says. Its answers are kept for 2 seconds, so that
//! a revocation holds within 5 everywhere, and at once where the token was revoked.

use std::{sync::Arc, time::Duration};

use http::{HeaderMap, header::AUTHORIZATION};
use kit::{
    caller::{Call, Caller},
    client,
};
use moka::sync::Cache;
use proto::access::v1::{
    LookUpTokenRequest, LookUpTokenResponse, access_service_client::AccessServiceClient,
};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use tonic::{Code, transport::Channel};
use types::{TenantId, UserId};

use crate::failure::Failure;

/// How long an answer is kept.
const KEPT: Duration = Duration::from_secs(2);
/// How many answers are kept.
const MOST_KEPT: u64 = 10_000;

/// Tokens that were good a moment ago, by their hashes.
#[derive(Clone, Debug)]
pub(crate) struct Tokens {
    access: AccessServiceClient<Channel>,
    known: Cache<[u8; 32], Arc<Bearer>>,
}

#[derive(Debug)]
struct Bearer {
    tenant: TenantId,
    user: UserId,
    scopes: Vec<String>,
    expire: OffsetDateTime,
}

impl Tokens {
    pub(crate) fn new(access: AccessServiceClient<Channel>) -> Self {
        let known = Cache::builder().max_capacity(MOST_KEPT).time_to_live(KEPT).build();
        Self { access, known }
    }

    /// The caller whom the token in the headers proves.
    pub(crate) async fn caller(&self, headers: &HeaderMap, call: Call) -> Result<Caller, Failure> {
        let token = token(headers).ok_or_else(Failure::unauthenticated)?;
        let hash = hash(token);
        let bearer = match self.known.get(&hash) {
            Some(bearer) if OffsetDateTime::now_utc() < bearer.expire => bearer,
            Some(_) | None => {
                let bearer = Arc::new(self.look_up(token, &call).await?);
                self.known.insert(hash, Arc::clone(&bearer));
                bearer
            }
        };
        Ok(Caller::new(call, bearer.tenant, Some(bearer.user), bearer.scopes.clone()))
    }

    /// Asks anew from now on.
    pub(crate) fn forget(&self, token: &str) {
        self.known.invalidate(&hash(token));
    }

    async fn look_up(&self, token: &str, call: &Call) -> Result<Bearer, Failure> {
        let (mut access, call) = (self.access.clone(), call.clone());
        let message = LookUpTokenRequest { token: token.to_owned() };
        let asked =
            client::retry(async move || access.look_up_token(call.request(message.clone())).await);
        match asked.await {
            Ok(found) => Bearer::try_from(found.into_inner()),
            Err(status) if status.code() == Code::InvalidArgument => {
                Err(Failure::unauthenticated())
            }
            Err(status) => Err(status.into()),
        }
    }
}

impl TryFrom<LookUpTokenResponse> for Bearer {
    type Error = Failure;

    fn try_from(found: LookUpTokenResponse) -> Result<Self, Failure> {
        let LookUpTokenResponse { tenant_id, user_id, scopes, expire_time } = found;
        let expire = expire_time.as_ref().and_then(kit::time::from_timestamp);
        match (TenantId::parse(&tenant_id), UserId::parse(&user_id), expire) {
            (Ok(tenant), Ok(user), Some(expire)) => Ok(Self { tenant, user, scopes, expire }),
            _ => Err(Failure::internal("a token that stands for nobody")),
        }
    }
}

/// The token in `Authorization: token …` or `Authorization: Bearer …`.
pub(crate) fn token(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let (scheme, token) = values.next()?.to_str().ok()?.trim().split_once([' ', '\t'])?;
    let token = token.trim();
    let known = scheme.eq_ignore_ascii_case("token") || scheme.eq_ignore_ascii_case("bearer");
    let sole = values.next().is_none();
    (known && sole && !token.is_empty() && !token.contains([' ', '\t'])).then_some(token)
}

fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token).into()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn headers(values: &[&str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(AUTHORIZATION, HeaderValue::from_str(value).unwrap());
        }
        headers
    }

    #[test]
    fn a_token_is_taken_in_either_scheme() {
        for value in ["token abc", "Token abc", "Bearer abc", "bearer   abc", "BEARER abc "] {
            assert_eq!(token(&headers(&[value])), Some("abc"), "{value}");
        }
    }

    #[test]
    fn anything_else_is_no_token() {
        for value in ["", "abc", "token", "token ", "Basic abc", "tokenabc", "token a b"] {
            assert_eq!(token(&headers(&[value])), None, "{value}");
        }
        assert_eq!(token(&headers(&["token abc", "token abc"])), None);
        assert_eq!(token(&HeaderMap::new()), None);
    }
}

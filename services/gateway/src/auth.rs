//! Whom a token stands for, as the access service says. Its answers are kept for 2 seconds, counted
//! from the question, so that a revocation holds within 5 everywhere, and at once where the token was
//! revoked.

use std::{
    net::IpAddr,
    sync::Arc,
    time::{Duration, Instant},
};

use http::StatusCode;
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
use tokio::sync::Semaphore;
use tonic::{Code, transport::Channel};
use types::{ApiKeyId, TenantId, UserId};

use crate::{address::Network, allowances::Subject, failure::Failure};

/// How long an answer is kept.
const KEPT: Duration = Duration::from_secs(2);
/// How many answers are kept.
const MOST_KEPT: u64 = 10_000;
/// Questions that are under way at the same time at most: strangers may make up tokens.
const QUESTIONS: usize = 256;
/// How long a token that was revoked here is remembered: longer than a question may be under way.
const REVOKED_KEPT: Duration = Duration::from_mins(1);

/// Tokens that were good a moment ago, by their hashes.
#[derive(Clone, Debug)]
pub(crate) struct Tokens {
    access: AccessServiceClient<Channel>,
    known: Cache<[u8; 32], Arc<Bearer>>,
    /// Revoked here. A token never becomes good again.
    revoked: Cache<[u8; 32], ()>,
    questions: Arc<Semaphore>,
}

/// When the token of a request was found to be good.
#[derive(Clone, Debug)]
pub(crate) struct Proof {
    tokens: Tokens,
    client: Option<IpAddr>,
    checked: Instant,
}

/// Whom a token or a key stands for.
#[derive(Debug)]
pub(crate) struct Bearer {
    tenant: TenantId,
    user: UserId,
    /// None: a token.
    key: Option<ApiKeyId>,
    scopes: Vec<String>,
    /// None: it has no end.
    expire: Option<OffsetDateTime>,
    /// From where it may be used; empty: from everywhere.
    networks: Vec<Network>,
    /// Who is counted: whoever calls, and the whole tenant.
    pub(crate) subjects: [Subject; 2],
    asked: Instant,
}

impl Proof {
    /// The token is good now.
    pub(crate) fn new(tokens: Tokens, client: Option<IpAddr>) -> Self {
        Self { tokens, client, checked: Instant::now() }
    }

    /// The caller, whose token is looked at again when that was long ago: a body may arrive slowly.
    pub(crate) async fn renew(
        &self,
        caller: &Caller,
        headers: &HeaderMap,
        call: Call,
    ) -> Result<Caller, Failure> {
        if self.checked.elapsed() < KEPT {
            let scopes = caller.scopes().to_vec();
            let again = Caller::new(call, caller.tenant(), caller.user(), scopes);
            return Ok(again.with_key(caller.key()));
        }
        let bearer = self.tokens.bearer(headers, self.client, &call).await?;
        Ok(bearer.caller(call))
    }
}

impl Bearer {
    fn is_good(&self) -> bool {
        let has_expired = self.expire.is_some_and(|expire| expire <= OffsetDateTime::now_utc());
        self.asked.elapsed() < KEPT && !has_expired
    }

    fn may_come_from(&self, client: Option<IpAddr>) -> bool {
        let is_in = |client| self.networks.iter().any(|network| network.contains(client));
        self.networks.is_empty() || client.is_some_and(is_in)
    }

    /// The caller of a request.
    pub(crate) fn caller(&self, call: Call) -> Caller {
        Caller::new(call, self.tenant, Some(self.user), self.scopes.clone()).with_key(self.key)
    }
}

impl Tokens {
    pub(crate) fn new(access: AccessServiceClient<Channel>) -> Self {
        let known = Cache::builder().max_capacity(MOST_KEPT).time_to_live(KEPT).build();
        let revoked = Cache::builder().max_capacity(MOST_KEPT).time_to_live(REVOKED_KEPT).build();
        Self { access, known, revoked, questions: Arc::new(Semaphore::new(QUESTIONS)) }
    }

    /// Whom the token in the headers stands for, if it may be used from there.
    pub(crate) async fn bearer(
        &self,
        headers: &HeaderMap,
        client: Option<IpAddr>,
        call: &Call,
    ) -> Result<Arc<Bearer>, Failure> {
        let token = token(headers).ok_or_else(Failure::unauthenticated)?;
        let hash = hash(token);
        let bearer = match self.known.get(&hash) {
            Some(bearer) if bearer.is_good() => bearer,
            Some(_) | None => {
                let bearer = Arc::new(self.look_up(token, call).await?);
                self.known.insert(hash, Arc::clone(&bearer));
                bearer
            }
        };
        // Also when it was revoked while its look-up was under way.
        if self.revoked.contains_key(&hash) {
            return Err(Failure::unauthenticated());
        }
        if !bearer.may_come_from(client) {
            let message = "The API key may not be used from this address";
            return Err(Failure::new(StatusCode::FORBIDDEN, "ADDRESS_NOT_ALLOWED", message));
        }
        Ok(bearer)
    }

    /// The token has been revoked.
    pub(crate) fn forget(&self, token: &str) {
        self.revoked.insert(hash(token), ());
        self.known.invalidate(&hash(token));
    }

    async fn look_up(&self, token: &str, call: &Call) -> Result<Bearer, Failure> {
        let _place = self.questions.try_acquire().map_err(|_| Failure::overloaded())?;
        let (mut access, call) = (self.access.clone(), call.clone());
        let message = LookUpTokenRequest { token: token.to_owned() };
        let asked = Instant::now();
        let answer =
            client::retry(async move || access.look_up_token(call.request(message.clone())).await);
        match answer.await {
            Ok(found) => bearer(found.into_inner(), asked),
            Err(status) if status.code() == Code::InvalidArgument => {
                Err(Failure::unauthenticated())
            }
            Err(status) => Err(status.into()),
        }
    }
}

fn bearer(found: LookUpTokenResponse, asked: Instant) -> Result<Bearer, Failure> {
    let expire = found.expire_time.as_ref().map(kit::time::from_timestamp);
    let networks: Result<Vec<Network>, _> =
        found.allowed_addresses.iter().map(|text| text.parse()).collect();
    let (tenant, user) = (TenantId::parse(&found.tenant_id), UserId::parse(&found.user_id));
    let (Ok(tenant), Ok(user), Ok(networks)) = (tenant, user, networks) else {
        return Err(Failure::internal("a token that stands for nobody"));
    };
    if expire == Some(None) {
        return Err(Failure::internal("a token with an end that is no time"));
    }
    let key = ApiKeyId::parse(&found.api_key_id).ok();
    let holder = key.map_or_else(|| user.uuid(), ApiKeyId::uuid);
    let holder = Subject { id: holder, per_s: found.holder_requests_per_second };
    let all = Subject { id: tenant.uuid(), per_s: found.tenant_requests_per_second };
    let (scopes, expire, subjects) = (found.scopes, expire.flatten(), [holder, all]);
    Ok(Bearer { tenant, user, key, scopes, expire, networks, subjects, asked })
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

/// Whether a token is a key's secret, which stays good until the key is revoked.
pub(crate) fn is_key(token: &str) -> bool {
    token.starts_with("lk_")
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

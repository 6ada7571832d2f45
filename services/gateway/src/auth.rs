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
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tonic::{Code, transport::Channel};
use types::{ApiKeyId, TenantId, UserId};

use crate::{
    address::Network, allowances::Subject, failure::Failure, flights::Flights, load::Client,
};

/// How long an answer is kept.
const KEPT: Duration = Duration::from_secs(2);
/// How many answers are kept.
const MOST_KEPT: u64 = 10_000;
/// Questions that are under way at the same time at most, about tokens that were good of late; and about
/// others: strangers may make up tokens.
const QUESTIONS: usize = 256;
/// How long a token that was good is remembered as such.
const GOOD_OF_LATE: Duration = Duration::from_mins(1);
/// How long a token that was revoked here is remembered: longer than a question may be under way.
const REVOKED_KEPT: Duration = Duration::from_mins(1);

/// Tokens that were good a moment ago, by their hashes.
#[derive(Clone, Debug)]
pub(crate) struct Tokens {
    access: AccessServiceClient<Channel>,
    known: Cache<[u8; 32], Arc<Bearer>>,
    /// Look-ups under way: a crowd with one token asks once. Who comes when one has been under way for as
    /// long as an answer is kept asks anew, so that a revocation holds as soon as ever.
    looked_up: Arc<Flights<[u8; 32], Arc<Bearer>>>,
    /// Revoked here. A token never becomes good again.
    revoked: Cache<[u8; 32], ()>,
    /// Good within the last minute, which says nothing of now.
    of_late: Cache<[u8; 32], ()>,
    questions: Arc<Semaphore>,
    questions_of_strangers: Arc<Semaphore>,
}

/// Where a request comes from, and what of all it may have.
#[derive(Clone, Debug)]
pub(crate) struct Origin {
    pub(crate) address: IpAddr,
    pub(crate) share: Arc<Client>,
}

/// When the token of a request was found to be good.
#[derive(Clone, Debug)]
pub(crate) struct Proof {
    tokens: Tokens,
    origin: Option<Origin>,
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
    pub(crate) fn new(tokens: Tokens, origin: Option<Origin>) -> Self {
        Self { tokens, origin, checked: Instant::now() }
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
        let bearer = self.tokens.bearer(headers, self.origin.as_ref(), &call).await?;
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
        let of_late = Cache::builder().max_capacity(MOST_KEPT).time_to_live(GOOD_OF_LATE).build();
        let places = || Arc::new(Semaphore::new(QUESTIONS));
        let (questions, questions_of_strangers) = (places(), places());
        let looked_up = Arc::new(Flights::new(KEPT));
        Self { access, known, looked_up, revoked, of_late, questions, questions_of_strangers }
    }

    /// Whom the token in the headers stands for, if it may be used from there.
    pub(crate) async fn bearer(
        &self,
        headers: &HeaderMap,
        origin: Option<&Origin>,
        call: &Call,
    ) -> Result<Arc<Bearer>, Failure> {
        let token = token(headers).filter(|token| could_be(token));
        let token = token.ok_or_else(Failure::unauthenticated)?;
        let hash = hash(token);
        let bearer = match self.known.get(&hash) {
            Some(bearer) if bearer.is_good() => bearer,
            Some(_) | None => {
                // Boxed: it is seldom, and part of every future that answers.
                let look_up = async {
                    let _places = self.ask(&hash, origin)?;
                    let bearer = Arc::new(self.look_up(token, call).await?);
                    self.known.insert(hash, Arc::clone(&bearer));
                    self.of_late.insert(hash, ());
                    Ok(bearer)
                };
                self.looked_up.join(hash, Box::pin(look_up)).await?
            }
        };
        // Also when it was revoked while its look-up was under way.
        if self.revoked.contains_key(&hash) {
            return Err(Failure::unauthenticated());
        }
        if !bearer.may_come_from(origin.map(|origin| origin.address)) {
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

    /// Places for a question: whoever makes up tokens takes none of those who have good ones.
    fn ask(
        &self,
        hash: &[u8; 32],
        origin: Option<&Origin>,
    ) -> Result<Vec<OwnedSemaphorePermit>, Failure> {
        let take = |places: &Arc<Semaphore>| {
            Arc::clone(places).try_acquire_owned().map_err(|_| Failure::overloaded())
        };
        if self.of_late.contains_key(hash) {
            return Ok(vec![take(&self.questions)?]);
        }
        let own = origin.map(|origin| take(&origin.share.questions)).transpose()?;
        Ok(own.into_iter().chain([take(&self.questions_of_strangers)?]).collect())
    }

    async fn look_up(&self, token: &str, call: &Call) -> Result<Bearer, Failure> {
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

/// Whether a text has the form of a token, or of a key's secret. The access service knows no other.
fn could_be(token: &str) -> bool {
    let are_digits = |text: &str, count: usize| {
        text.len() == count && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
    };
    let bits = |text| are_digits(text, 64);
    match token.strip_prefix("lk_") {
        None => bits(token),
        Some(rest) => rest
            .split_once('_')
            .is_some_and(|(tenant, secret)| are_digits(tenant, 32) && bits(secret)),
    }
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
    use crate::{limits::Limits, load::Load};

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
    fn what_has_no_form_of_a_token_is_none() {
        let (bits, tenant) = ("0123456789abcdef".repeat(4), "0123456789abcdef".repeat(2));
        assert!(could_be(&bits) && could_be(&format!("lk_{tenant}_{bits}")));

        for text in [
            String::new(),
            bits.to_uppercase(),
            bits[1..].to_owned(),
            format!("{bits}0"),
            format!("lk_{bits}"),
            format!("lk_{tenant}_{tenant}"),
            format!("lk_{bits}_{bits}"),
            format!("{tenant}_{bits}"),
        ] {
            assert!(!could_be(&text), "{text}");
        }
    }

    #[tokio::test]
    async fn made_up_tokens_keep_no_good_one_from_being_asked_about() {
        let nowhere = client::channel("http://127.0.0.1:9".to_owned()).unwrap();
        let tokens = Tokens::new(AccessServiceClient::new(nowhere));
        let load = Load::new(&Limits::default());
        let from = |i: u8| {
            let address = IpAddr::from([192, 0, 2, i]);
            Origin { address, share: load.client(address) }
        };
        let origins: Vec<_> = (0..=255).map(from).collect();
        let ask = |token: &str, i: usize| tokens.ask(&hash(token), Some(&origins[i]));
        tokens.of_late.insert(hash("good"), ());

        let of_one: Vec<_> = (0..100).filter_map(|_| ask("made up", 1).ok()).collect();
        assert_eq!(of_one.len(), 64);
        assert!(ask("new", 2).is_ok(), "another address has places of its own");
        let of_all: Vec<_> = (2..200).flat_map(|i| [ask("made up", i), ask("too", i)]).collect();
        assert!(of_all.iter().any(Result::is_err), "they are bounded in all");

        assert!(ask("new", 201).is_err());
        assert!(ask("good", 1).is_ok());
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

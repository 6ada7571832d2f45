//! Who calls, and how long they wait: read from the metadata in one place, passed on in one place.

use std::time::{Duration, Instant};

use http::HeaderMap;
use tonic::metadata::{AsciiMetadataValue, MetadataMap};
use types::{ApiKeyId, TenantId, UserId};
use uuid::Uuid;

use crate::{errors::Error, propagation};

/// Metadata: the tenant, a UUID.
pub const TENANT: &str = "x-lombard-tenant";
/// Metadata: the API user, a UUID. Absent on calls that a service makes on its own account.
pub const USER: &str = "x-lombard-user";
/// Metadata: the API key, a UUID. Absent where the user's call was made after a login.
pub const KEY: &str = "x-lombard-key";
/// Metadata: the service that makes the call on its own account. Absent where an API user does.
pub const SERVICE: &str = "x-lombard-service";
/// Metadata: what the user may do, separated by spaces.
pub const SCOPES: &str = "x-lombard-scopes";
/// Metadata and HTTP header: names one request in every log.
pub const REQUEST_ID: &str = "x-request-id";
/// Metadata: SHA-256, in hexadecimal, of the request as the outermost client sent it. Two requests
/// with one `request_id` are the same when these are equal; without it, when their messages are.
pub const REQUEST_HASH: &str = "x-lombard-request-hash";
/// Response metadata: `true` when the answer is that of an earlier request with the same `request_id`.
pub const REPLAYED: &str = "x-lombard-replayed";

/// How long a request may take when its caller does not say.
pub const DEFAULT_DEADLINE: Duration = Duration::from_secs(20);

/// One request on its way through the services, whoever makes it.
#[derive(Clone, Debug)]
pub struct Call {
    request_id: String,
    deadline: Instant,
}

impl Call {
    /// A call that begins here. An id that is not 1-128 visible ASCII characters is replaced by a
    /// fresh one.
    #[must_use]
    pub fn begin(request_id: Option<&str>, timeout: Duration) -> Self {
        let request_id = request_id
            .filter(|id| (1..=128).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_graphic()))
            .map_or_else(|| Uuid::now_v7().to_string(), str::to_owned);
        let now = Instant::now();
        Self { request_id, deadline: now.checked_add(timeout).unwrap_or(now) }
    }

    pub(crate) fn from_headers(headers: &HeaderMap) -> Self {
        let timeout = headers
            .get("grpc-timeout")
            .and_then(|value| parse_timeout(value.to_str().ok()?))
            .map_or(DEFAULT_DEADLINE, |timeout| timeout.min(DEFAULT_DEADLINE));
        Self::begin(text(headers, REQUEST_ID), timeout)
    }

    /// Names the request in every log.
    #[must_use]
    pub fn request_id(&self) -> &str {
        &self.request_id
    }

    /// What is left of the caller's patience.
    #[must_use]
    pub fn time_left(&self) -> Duration {
        self.deadline.saturating_duration_since(Instant::now())
    }

    /// A request to another service: same request id, same trace, what is left of the deadline.
    pub fn request<M>(&self, message: M) -> tonic::Request<M> {
        let mut request = tonic::Request::new(message);
        request.set_timeout(self.time_left());
        insert(request.metadata_mut(), REQUEST_ID, &self.request_id);
        propagation::inject(request.metadata_mut());
        request
    }
}

/// A call on behalf of a tenant.
#[derive(Clone, Debug)]
pub struct Caller {
    call: Call,
    tenant: TenantId,
    user: Option<UserId>,
    key: Option<ApiKeyId>,
    service: Option<String>,
    scopes: Vec<String>,
    request_hash: Option<String>,
}

impl Caller {
    /// A caller proved by a token.
    #[must_use]
    pub fn new(call: Call, tenant: TenantId, user: Option<UserId>, scopes: Vec<String>) -> Self {
        Self { call, tenant, user, key: None, service: None, scopes, request_hash: None }
    }

    /// A service that acts for a tenant on its own account. Its name, in lower case, is what the audit
    /// log says of who did something.
    #[must_use]
    pub fn service(call: Call, tenant: TenantId, name: &'static str) -> Self {
        let service = Some(name.to_owned());
        Self { call, tenant, user: None, key: None, service, scopes: vec![], request_hash: None }
    }

    /// Says which API key the user's call was made with.
    #[must_use]
    pub fn with_key(mut self, key: Option<ApiKeyId>) -> Self {
        self.key = key;
        self
    }

    /// The caller of a request that a service received.
    ///
    /// # Errors
    ///
    /// `CALLER_REQUIRED` when the request came without one. The server refuses such requests before
    /// they reach a handler, except for the rpcs it was told are public.
    pub fn of<M>(request: &tonic::Request<M>) -> Result<Self, Error> {
        request.extensions().get::<Self>().cloned().ok_or(Error::CallerRequired)
    }

    pub(crate) fn from_headers(call: Call, headers: &HeaderMap) -> Option<Self> {
        let tenant = TenantId::parse(text(headers, TENANT)?).ok()?;
        let user = match text(headers, USER) {
            Some(user) => Some(UserId::parse(user).ok()?),
            None => None,
        };
        let key = match text(headers, KEY) {
            Some(key) => Some(ApiKeyId::parse(key).ok()?),
            None => None,
        };
        let is_name = |name: &&str| {
            (1..=32).contains(&name.len())
                && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
        };
        let service = text(headers, SERVICE).filter(is_name).map(str::to_owned);
        let scopes = text(headers, SCOPES).unwrap_or_default();
        Some(Self {
            call,
            tenant,
            user,
            key,
            service,
            scopes: scopes.split_ascii_whitespace().map(str::to_owned).collect(),
            request_hash: text(headers, REQUEST_HASH).map(str::to_owned),
        })
    }

    /// Says that requests made for this caller are parts of the one with this hash.
    #[must_use]
    pub fn with_request_hash(mut self, hash: String) -> Self {
        self.request_hash = Some(hash);
        self
    }

    /// The same caller, for parts of a request that are requests of their own: what makes two of them
    /// the same is their messages.
    #[must_use]
    pub fn without_request_hash(mut self) -> Self {
        self.request_hash = None;
        self
    }

    /// The request this caller is making.
    #[must_use]
    pub fn call(&self) -> &Call {
        &self.call
    }

    /// On whose behalf.
    #[must_use]
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// Which API user; none when a service acts on its own account.
    #[must_use]
    pub fn user(&self) -> Option<UserId> {
        self.user
    }

    /// The API key that the user's call was made with; none after a login.
    #[must_use]
    pub fn key(&self) -> Option<ApiKeyId> {
        self.key
    }

    /// The service that acts on its own account, where it says so.
    #[must_use]
    pub fn service_name(&self) -> Option<&str> {
        self.service.as_deref()
    }

    /// What the user may do.
    #[must_use]
    pub fn scopes(&self) -> &[String] {
        &self.scopes
    }

    /// The hash of the request as the outermost client sent it, in hexadecimal.
    #[must_use]
    pub fn request_hash(&self) -> Option<&str> {
        self.request_hash.as_deref()
    }

    /// A request to another service on behalf of the same caller.
    pub fn request<M>(&self, message: M) -> tonic::Request<M> {
        let mut request = self.call.request(message);
        let metadata = request.metadata_mut();
        insert(metadata, TENANT, &self.tenant.to_string());
        if let Some(user) = self.user {
            insert(metadata, USER, &user.to_string());
        }
        if let Some(key) = self.key {
            insert(metadata, KEY, &key.to_string());
        }
        if let Some(service) = &self.service {
            insert(metadata, SERVICE, service);
        }
        insert(metadata, SCOPES, &self.scopes.join(" "));
        if let Some(hash) = &self.request_hash {
            insert(metadata, REQUEST_HASH, hash);
        }
        request
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok().filter(|value| !value.is_empty())
}

fn insert(metadata: &mut MetadataMap, name: &'static str, value: &str) {
    // Ids, scopes and hashes are ASCII; anything else would have been refused when it was read.
    if let Ok(value) = value.parse::<AsciiMetadataValue>() {
        metadata.insert(name, value);
    }
}

/// The `grpc-timeout` header of gRPC over HTTP/2: up to 8 digits and a unit.
fn parse_timeout(value: &str) -> Option<Duration> {
    let (digits, unit) = value.split_at_checked(value.len().checked_sub(1)?)?;
    let amount: u64 =
        (digits.len() <= 8 && !digits.starts_with('+')).then(|| digits.parse().ok())??;
    match unit {
        "H" => Some(Duration::from_secs(amount.checked_mul(3600)?)),
        "M" => Some(Duration::from_secs(amount.checked_mul(60)?)),
        "S" => Some(Duration::from_secs(amount)),
        "m" => Some(Duration::from_millis(amount)),
        "u" => Some(Duration::from_micros(amount)),
        "n" => Some(Duration::from_nanos(amount)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_is_read_with_its_unit() {
        assert_eq!(parse_timeout("250m"), Some(Duration::from_millis(250)));
        assert_eq!(parse_timeout("2S"), Some(Duration::from_secs(2)));
        for bad in ["", "S", "-1S", "+1S", "1", "1x", "123456789S", "é"] {
            assert_eq!(parse_timeout(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_request_id_that_could_forge_a_log_line_is_replaced() {
        let call = Call::begin(Some("a\nb"), Duration::from_secs(1));

        assert_ne!(call.request_id(), "a\nb");
        assert_eq!(Call::begin(Some("mine-1"), Duration::from_secs(1)).request_id(), "mine-1");
    }

    #[test]
    fn a_caller_survives_the_hop_to_another_service() {
        let (tenant, user) = (TenantId::new(), UserId::new());
        let call = Call::begin(None, Duration::from_secs(1));
        let scopes = vec!["a:read".to_owned(), "b:write".to_owned()];
        let key = Some(ApiKeyId::new());
        let caller = Caller::new(call, tenant, Some(user), scopes)
            .with_key(key)
            .with_request_hash("00ff".into());

        let headers = caller.request(()).into_parts().0.into_headers();
        let read = Caller::from_headers(Call::from_headers(&headers), &headers).unwrap();

        assert_eq!(read.tenant(), tenant);
        assert_eq!((read.user(), read.key()), (Some(user), key));
        assert_eq!(read.service_name(), None);
        assert_eq!(read.scopes(), caller.scopes());
        assert_eq!(read.request_hash(), Some("00ff"));
        assert_eq!(read.call().request_id(), caller.call().request_id());
        assert!(read.call().time_left() <= Duration::from_secs(1));
    }

    #[tokio::test]
    async fn each_hop_has_less_time_than_the_one_before() {
        let hop = |timeout: &str| {
            let mut headers = HeaderMap::new();
            headers.insert("grpc-timeout", timeout.parse().unwrap());
            Call::from_headers(&headers)
        };
        assert!(hop("99999999H").time_left() <= DEFAULT_DEADLINE);

        let first = hop("300m");
        tokio::time::sleep(Duration::from_millis(20)).await;
        let passed_on = first.request(()).into_parts().0.into_headers();
        let next = Call::from_headers(&passed_on);

        assert!(next.time_left() <= Duration::from_millis(280), "{:?}", next.time_left());
    }
}

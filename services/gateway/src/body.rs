//! Bodies: JSON taken apart by an extractor that reports every bad, repeated and unknown field, not
//! the first one. Rules about values are the services'.

use std::time::Duration;

use axum::{
    body::{Body as HttpBody, Bytes, HttpBody as _},
    extract::{FromRequest, Request},
};
use http::{
    HeaderMap, StatusCode,
    header::{CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE},
    request::Parts,
};
use http_body_util::BodyExt;
use kit::{
    caller::{Call, Caller, DEFAULT_DEADLINE},
    hex::hex,
};
use sha2::{Digest, Sha256};

pub(crate) use self::object::Object;
#[cfg(any(test, feature = "fuzz"))]
pub(crate) use self::object::fuzz;
use crate::{
    auth::Proof,
    failure::{Failure, Violations},
    load::Gate,
    outgoing::Outgoing,
    query,
    scope::Needed,
};

mod depth;
mod image;
mod members;
mod object;

/// How long a body may take to arrive.
pub(crate) const ARRIVAL: Duration = Duration::from_secs(30);
/// How long that of a stranger may: it is short, and there is not much room for them.
const PUBLIC_ARRIVAL: Duration = Duration::from_secs(5);
/// Most bodies' size at most.
pub(crate) const USUAL_LIMIT: usize = 64 * 1024;
/// Memory for a body before anything of it has come.
const FIRST: usize = 4 * 1024;

/// A body that is taken as it comes, whatever it is.
pub(crate) async fn raw(parts: &Parts, body: HttpBody) -> Result<Bytes, Failure> {
    let gate = gate(parts)?;
    let bytes = timely(gate, collect(&parts.headers, body, USUAL_LIMIT, gate)).await?;
    gate.enter()?;
    Ok(bytes)
}

/// What a route reads from its body.
pub(crate) trait Parse {
    /// The body's size at most.
    const LIMIT: usize = USUAL_LIMIT;

    /// Reads every field that the route has. A bad one is as if it were absent.
    fn parse(object: &mut Object<'_>) -> Self;
}

/// The extractor of requests with a body and a caller.
#[derive(Debug)]
pub(crate) struct Body<T>(pub(crate) T, pub(crate) Outgoing);

/// The extractor of requests with a body and no caller yet.
#[derive(Debug)]
pub(crate) struct PublicBody<T>(pub(crate) T, pub(crate) Violations, pub(crate) Call);

/// No fields. As for every request, a body that is not there is one without fields.
#[derive(Debug)]
pub(crate) struct Nothing;

impl Parse for Nothing {
    fn parse(_: &mut Object<'_>) -> Self {
        Self
    }
}

impl<T: Parse, S: Sync> FromRequest<S> for Body<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &S) -> Result<Self, Failure> {
        let (parts, body) = request.into_parts();
        let caller = parts.extensions.get::<Caller>();
        let caller = caller.ok_or_else(|| Failure::internal("a route without a caller"))?;
        let gate = gate(&parts)?;
        let bytes = read(&parts.headers, body, T::LIMIT, gate).await?;
        // A request without a body has its place already.
        gate.enter()?;
        // The time that the body took to arrive is not the services', and may outlast the token.
        let call = Call::begin(Some(caller.call().request_id()), DEFAULT_DEADLINE);
        let proof = parts.extensions.get::<Proof>();
        let proof = proof.ok_or_else(|| Failure::internal("a caller without a token"))?;
        let caller = proof.renew(caller, &parts.headers, call).await?;
        if let Some(needed) = parts.extensions.get::<Needed>() {
            needed.of(&caller)?;
        }
        let caller = caller.with_request_hash(hash(&parts, &bytes));
        let (fields, mut bad) = parse(&parts, &bytes)?;
        let key = key(&parts.headers, &mut bad);
        Ok(Self(fields, Outgoing::writing(caller, key, bad)))
    }
}

impl<T: Parse, S: Sync> FromRequest<S> for PublicBody<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, _: &S) -> Result<Self, Failure> {
        let (parts, body) = request.into_parts();
        let call = parts.extensions.get::<Call>();
        let call = call.ok_or_else(|| Failure::internal("a route without a call"))?;
        let gate = gate(&parts)?;
        let bytes = read(&parts.headers, body, T::LIMIT, gate).await?;
        gate.enter()?;
        let (fields, bad) = parse(&parts, &bytes)?;
        // The time that the body took to arrive is not the services'.
        let call = Call::begin(Some(call.request_id()), DEFAULT_DEADLINE);
        Ok(Self(fields, bad, call))
    }
}

/// The fields of a body, and what is wrong with them and with the query, which should be empty.
fn parse<T: Parse>(parts: &Parts, bytes: &[u8]) -> Result<(T, Violations), Failure> {
    let text =
        std::str::from_utf8(bytes).map_err(|_| Failure::not_json("The body is not UTF-8"))?;
    let mut object = Object::of(text)?;
    let fields = T::parse(&mut object);
    let mut bad = object.finish();
    let (query::Nothing, in_query) = query::parse(&parts.uri);
    bad.append(in_query);
    Ok((fields, bad))
}

fn gate(parts: &Parts) -> Result<&Gate, Failure> {
    parts.extensions.get::<Gate>().ok_or_else(|| Failure::internal("a request without a gate"))
}

/// The whole body, when it is JSON by its headers, within its time and its limit.
async fn read(
    headers: &HeaderMap,
    body: HttpBody,
    limit: usize,
    gate: &Gate,
) -> Result<Bytes, Failure> {
    if body.is_end_stream() {
        return Ok(Bytes::new());
    }
    if !is_json(headers) {
        let message = "The body must be application/json";
        let code = "UNSUPPORTED_MEDIA_TYPE";
        return Err(Failure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, code, message));
    }
    timely(gate, collect(headers, body, limit, gate)).await
}

async fn timely(
    gate: &Gate,
    read: impl Future<Output = Result<Bytes, Failure>>,
) -> Result<Bytes, Failure> {
    let (arrival, message) = if gate.is_public() {
        (PUBLIC_ARRIVAL, "The body did not arrive within 5 seconds")
    } else {
        (ARRIVAL, "The body did not arrive within 30 seconds")
    };
    tokio::time::timeout(arrival, read)
        .await
        .unwrap_or_else(|_| Err(Failure::new(StatusCode::BAD_REQUEST, "BODY_INCOMPLETE", message)))
}

async fn collect(
    headers: &HeaderMap,
    mut body: HttpBody,
    limit: usize,
    gate: &Gate,
) -> Result<Bytes, Failure> {
    let told = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    // What is announced need not come: memory is taken for what has.
    let mut bytes = Vec::with_capacity(told.unwrap_or(0_usize).min(FIRST).min(limit));
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| {
            let message = "The body ended too early";
            Failure::new(StatusCode::BAD_REQUEST, "BODY_INCOMPLETE", message)
        })?;
        let Ok(data) = frame.into_data() else { continue };
        if data.len() > limit.saturating_sub(bytes.len()) {
            let message = "The body is too large";
            let code = "PAYLOAD_TOO_LARGE";
            return Err(Failure::new(StatusCode::PAYLOAD_TOO_LARGE, code, message));
        }
        gate.hold(bytes.len().saturating_add(data.len()))?;
        bytes.extend_from_slice(&data);
    }
    Ok(bytes.into())
}

fn is_json(headers: &HeaderMap) -> bool {
    let media = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media = media.and_then(|value| value.split(';').next()).unwrap_or_default();
    let coding = headers.get(CONTENT_ENCODING).map_or(&b"identity"[..], |value| value.as_bytes());
    media.trim().eq_ignore_ascii_case("application/json")
        && coding.eq_ignore_ascii_case(b"identity")
}

/// The `Idempotency-Key`; empty when there is none.
fn key(headers: &HeaderMap, bad: &mut Violations) -> String {
    const NAME: &str = "Idempotency-Key";
    let mut values = headers.get_all(NAME).iter();
    let (first, more) = (values.next(), values.next().is_some());
    if more {
        bad.add(NAME, "must not be repeated");
        return String::new();
    }
    let Some(value) = first else { return String::new() };
    let is_key = |key: &&str| {
        (1..=255).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_graphic())
    };
    let key = value.to_str().ok().filter(is_key);
    if key.is_none() {
        bad.add(NAME, "must be 1-255 visible ASCII characters");
    }
    key.unwrap_or_default().to_owned()
}

/// What makes two requests with one key the same: method, path and body, byte by byte.
fn hash(parts: &Parts, body: &[u8]) -> String {
    let digest = Sha256::new()
        .chain_update(parts.method.as_str())
        .chain_update("\n")
        .chain_update(parts.uri.path())
        .chain_update("\n")
        .chain_update(body)
        .finalize();
    hex(&digest)
}

#[cfg(test)]
mod tests;

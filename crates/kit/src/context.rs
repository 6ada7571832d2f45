//! The layer around every rpc: reads who calls, opens the span, holds the deadline, writes the one
//! log line.

use std::{
    convert::Infallible,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Instant,
};

use http::{HeaderMap, HeaderName, HeaderValue, Request, Response};
use tonic::{Code, body::Body};
use tower::{Layer, Service};
use tracing::Instrument;

use crate::{
    caller::{Call, Caller},
    errors::{self, Error},
    measure::Rpcs,
    propagation, telemetry,
};

/// Rpcs of every service that need no caller.
pub(crate) const ALWAYS_PUBLIC: [&str; 2] = ["/grpc.health.v1.Health/", "/grpc.reflection."];

/// Metadata of a refusal: the trace that it is part of.
const TRACE_ID: HeaderName = HeaderName::from_static("x-trace-id");

/// Wraps a server's routes.
#[derive(Debug, Clone)]
pub(crate) struct ContextLayer {
    /// Full paths of rpcs that need no caller: `/package.Service/Rpc`.
    pub(crate) public: &'static [&'static str],
    /// All rpcs, to be measured.
    pub(crate) rpcs: Arc<Rpcs>,
}

impl<S> Layer<S> for ContextLayer {
    type Service = WithContext<S>;

    fn layer(&self, inner: S) -> Self::Service {
        WithContext { inner, public: self.public, rpcs: Arc::clone(&self.rpcs) }
    }
}

#[derive(Debug, Clone)]
pub(crate) struct WithContext<S> {
    inner: S,
    public: &'static [&'static str],
    rpcs: Arc<Rpcs>,
}

impl<S> Service<Request<Body>> for WithContext<S>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
{
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        // The clone takes the place of the service that was polled ready.
        let ready = self.inner.clone();
        let mut inner = std::mem::replace(&mut self.inner, ready);
        let path = request.uri().path().to_owned();
        let always = ALWAYS_PUBLIC.iter().any(|prefix| path.starts_with(prefix));
        if always {
            return Box::pin(inner.call(request));
        }
        let call = Call::from_headers(request.headers());
        let caller = Caller::from_headers(call.clone(), request.headers());
        let span = tracing::info_span!("rpc", rpc.method = %path, request_id = call.request_id());
        propagation::adopt(&span, request.headers());
        let refused = caller.is_none() && !self.public.contains(&path.as_str());
        if let Some(caller) = caller {
            request.extensions_mut().insert(caller);
        }
        request.extensions_mut().insert(call.clone());
        let rpcs = Arc::clone(&self.rpcs);
        let answer = async move {
            let line = Line::begin(&path, &rpcs);
            let mut response = if refused {
                Ok(Error::CallerRequired.into_status(domain(&path)).into_http())
            } else {
                match tokio::time::timeout(call.time_left(), inner.call(request)).await {
                    Ok(response) => response,
                    Err(_) => Ok(errors::out_of_time(domain(&path)).into_http()),
                }
            };
            if response.as_ref().is_ok_and(|answer| is_about_reading(answer.headers())) {
                response = Ok(errors::malformed(domain(&path)).into_http());
            }
            let code = response.as_ref().map_or(Code::Unknown, |answer| code(answer.headers()));
            line.end(code);
            if code != Code::Ok
                && let Ok(response) = &mut response
            {
                name_trace(response.headers_mut());
            }
            response
        };
        Box::pin(answer.instrument(span))
    }
}

/// The one log line of a request, also of one that is dropped because its caller has gone.
struct Line<'a> {
    path: &'a str,
    rpcs: &'a Rpcs,
    start: Instant,
    code: Code,
}

impl<'a> Line<'a> {
    fn begin(path: &'a str, rpcs: &'a Rpcs) -> Self {
        Self { path, rpcs, start: Instant::now(), code: Code::Cancelled }
    }

    fn end(mut self, code: Code) {
        self.code = code;
    }
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        let elapsed = self.start.elapsed();
        let elapsed_us = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        self.rpcs.record(self.path, self.code, elapsed);
        if is_fault(self.code) {
            telemetry::failed();
        }
        tracing::info!(rpc.code = ?self.code, elapsed_us, "{} {:?}", self.path, self.code);
    }
}

/// Whether the service or what it needs is to blame, not the caller.
fn is_fault(code: Code) -> bool {
    let faults =
        [Code::Unknown, Code::DeadlineExceeded, Code::Internal, Code::Unavailable, Code::DataLoss];
    faults.contains(&code)
}

/// Tells whoever was refused which trace to ask about.
fn name_trace(headers: &mut HeaderMap) {
    if let Some(id) = telemetry::trace_id()
        && let Ok(id) = HeaderValue::from_str(&id)
    {
        headers.insert(TRACE_ID, id);
    }
}

const DOMAINS: [&str; 5] = [
    "lombard.access.v1",
    "lombard.audit.v1",
    "lombard.customer.v1",
    "lombard.kyc.v1",
    "lombard.ledger.v1",
];

/// The package in `/lombard.ledger.v1.LedgerService/GetLedger`.
pub(crate) fn domain(path: &str) -> &'static str {
    DOMAINS
        .into_iter()
        .find(|package| path.get(1..).is_some_and(|path| path.starts_with(package)))
        .unwrap_or("lombard")
}

/// Whether tonic could not read the request, of which it says that we are at fault. What a service says
/// has details.
fn is_about_reading(headers: &HeaderMap) -> bool {
    let is_silent = !headers.contains_key("grpc-status-details-bin");
    is_silent && matches!(code(headers), Code::Internal | Code::OutOfRange | Code::DataLoss)
}

/// A failure without a body says so in the headers; everything else is a success here.
fn code(headers: &HeaderMap) -> Code {
    headers.get("grpc-status").map_or(Code::Ok, |value| Code::from_bytes(value.as_bytes()))
}

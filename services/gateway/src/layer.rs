//! Around every request: its id, its span, who makes it, how long it may take, and its one log line,
//! which holds no query, no body and no path but the route's.

use std::{
    net::SocketAddr,
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    sync::Arc,
    task::Poll,
    time::{Duration, Instant},
};

use axum::{
    body::HttpBody,
    extract::{ConnectInfo, MatchedPath, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderName, HeaderValue, Method, StatusCode, header::CONTENT_LENGTH};
use kit::{
    caller::{Call, Caller, DEFAULT_DEADLINE, REQUEST_ID},
    measure, telemetry,
};
use tracing::{Instrument, field};

use crate::{
    address::{ClientAddress, Proxies},
    allowances::Allowances,
    auth::{Origin, Proof, Tokens},
    body,
    failure::Failure,
    load::{Gate, Load, roomy},
    remains::Remains,
};

const X_REQUEST_ID: HeaderName = HeaderName::from_static(REQUEST_ID);

/// What a request is counted as whose client went away before the answer.
const CLIENT_GONE: u16 = 499;

/// A request may take this long, once its body is there.
const DEADLINE: Duration = DEFAULT_DEADLINE;

/// Path and query may have so many bytes.
const URI: usize = 8 * 1024;

/// What stands before every route.
#[derive(Clone, Debug)]
pub(crate) struct Guard {
    pub(crate) tokens: Tokens,
    pub(crate) allowances: Allowances,
    pub(crate) load: Load,
    pub(crate) proxies: Arc<Proxies>,
}

/// Wraps the router, its refusals of unknown paths and methods included.
pub(crate) async fn around(
    State(guard): State<Guard>,
    mut request: Request,
    next: Next,
) -> Response {
    let id = request.headers().get(X_REQUEST_ID).and_then(|value| value.to_str().ok());
    let call = Call::begin(id, DEADLINE);
    let method = request.method().clone();
    let route = request.extensions().get::<MatchedPath>();
    let route = route.map_or_else(|| "(unknown)".to_owned(), |path| path.as_str().to_owned());
    let span = tracing::info_span!(
        "request",
        http.request.method = %method,
        http.route = route,
        request_id = call.request_id(),
        tenant.id = field::Empty,
        user.id = field::Empty,
        api_key.id = field::Empty,
    );
    telemetry::link(&span, request.headers());
    let gate = guard.load.gate(&route, is_public(request.uri().path()));
    let remains = Remains::of(&mut request);
    // What has had an effect is told, however much memory there is.
    let is_read = method == Method::GET;
    async {
        let line = Line::begin(&method, &route);
        let limit = DEADLINE.saturating_add(body::ARRIVAL);
        let answering = survive(answer(&guard, request, gate.clone(), call.clone(), next));
        let response = match tokio::time::timeout(limit, answering).await {
            Ok(response) => response,
            Err(_) => Failure::out_of_time().into_response(),
        };
        let response = if is_read { roomy(response, &gate).await } else { response };
        // Its place is another's while the rest of its body is read.
        drop(gate);
        if let Some(remains) = remains {
            remains.read().await;
        }
        let (response, code) = finish(response, call.request_id());
        line.end(response.status(), code);
        response
    }
    .instrument(span)
    .await
}

/// The one log line of a request, also of one whose client goes away before the answer.
struct Line<'a> {
    method: &'a Method,
    route: &'a str,
    start: Instant,
    ended: Option<(StatusCode, Option<String>)>,
}

impl<'a> Line<'a> {
    fn begin(method: &'a Method, route: &'a str) -> Self {
        Self { method, route, start: Instant::now(), ended: None }
    }

    fn end(mut self, status: StatusCode, code: Option<String>) {
        self.ended = Some((status, code));
    }
}

impl Drop for Line<'_> {
    fn drop(&mut self) {
        let Self { method, route, start, ended } = self;
        let elapsed = start.elapsed();
        let elapsed_us = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        let status = ended.as_ref().map_or(CLIENT_GONE, |(status, _)| status.as_u16());
        measure::http(method, route, status, elapsed);
        let Some((status, code)) = ended else {
            tracing::info!(elapsed_us, "{method} {route} was given up by its client");
            return;
        };
        if status.is_server_error() {
            telemetry::failed();
        }
        let (status, code) = (status.as_u16(), code.as_ref().map(field::display));
        tracing::info!(http.status = status, code, elapsed_us, "{method} {route} {status}");
    }
}

async fn answer(
    guard: &Guard,
    mut request: Request,
    gate: Gate,
    call: Call,
    next: Next,
) -> Response {
    match admit(guard, &mut request, gate, call).await {
        Ok(()) => next.run(request).await,
        Err(failure) => failure.into_response(),
    }
}

/// Finds out who calls, and whether they may now.
async fn admit(
    guard: &Guard,
    request: &mut Request,
    gate: Gate,
    call: Call,
) -> Result<(), Failure> {
    if request.uri().path_and_query().is_some_and(|path| path.as_str().len() > URI) {
        let message = "Path and query are too long";
        return Err(Failure::new(StatusCode::URI_TOO_LONG, "URI_TOO_LONG", message));
    }
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let address = peer.map(|peer| guard.proxies.client(peer.0.ip(), request.headers()));
    let origin = address.map(|address| Origin { address, share: guard.load.client(address) });
    if let Some(address) = address {
        request.extensions_mut().insert(ClientAddress(address));
    }
    gate.receive(origin.as_ref().map(|origin| Arc::clone(&origin.share)))?;
    if !gate.is_public() {
        let bearer = guard.tokens.bearer(request.headers(), origin.as_ref(), &call).await?;
        let caller = bearer.caller(call.clone());
        gate.belongs_to(guard.load.share(caller.tenant()))?;
        name(&caller);
        for subject in bearer.subjects {
            guard.allowances.spend(&caller, subject).await?;
        }
        request.extensions_mut().insert(caller);
        request.extensions_mut().insert(Proof::new(guard.tokens.clone(), origin));
    }
    // Others enter when their body is there.
    let has_body = matches!(*request.method(), Method::POST | Method::PUT);
    if !has_body || request.body().is_end_stream() {
        gate.enter()?;
    }
    request.extensions_mut().insert(gate);
    request.extensions_mut().insert(call);
    Ok(())
}

/// Says in the request's log line whose it is.
fn name(caller: &Caller) {
    let span = tracing::Span::current();
    span.record("tenant.id", field::display(caller.tenant()));
    span.record("user.id", caller.user().map(field::display));
    span.record("api_key.id", caller.key().map(field::display));
}

/// Paths that need no token: callbacks bring a proof of their own.
fn is_public(path: &str) -> bool {
    matches!(path, "/login" | "/openapi.json" | "/docs")
        || ["/docs/", "/callbacks/kyc/"].iter().any(|prefix| path.starts_with(prefix))
}

/// A panic ends one request, not the connection.
async fn survive(answering: impl Future<Output = Response>) -> Response {
    let mut answering = pin!(answering);
    std::future::poll_fn(|cx| {
        catch_unwind(AssertUnwindSafe(|| answering.as_mut().poll(cx))).unwrap_or_else(|_| {
            Poll::Ready(Failure::internal("a handler panicked").into_response())
        })
    })
    .await
}

/// Names the request in the answer. Answers the code of a failure, too.
fn finish(response: Response, request_id: &str) -> (Response, Option<String>) {
    let (mut parts, mut body) = response.into_parts();
    let mut code = None;
    if let Some(failure) = parts.extensions.remove::<Failure>() {
        body = failure.body(request_id, telemetry::trace_id().as_deref());
        parts.headers.remove(CONTENT_LENGTH);
        code = Some(failure.code().to_owned());
    }
    if let Ok(id) = HeaderValue::from_str(request_id) {
        parts.headers.insert(X_REQUEST_ID, id);
    }
    (Response::from_parts(parts, body), code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_login_and_the_description_are_public() {
        for path in [
            "/login",
            "/openapi.json",
            "/docs",
            "/docs/",
            "/docs/swagger-ui.css",
            "/callbacks/kyc/gbg_go",
        ] {
            assert!(is_public(path), "{path}");
        }
        for path in [
            "/",
            "/logout",
            "/login/",
            "/docsx",
            "/callbacks",
            "/accounts/customers/list",
            "//login",
        ] {
            assert!(!is_public(path), "{path}");
        }
    }

    #[tokio::test]
    async fn a_panic_is_an_internal_error_of_one_request() {
        let response = survive(async { panic!("a bug") }).await;

        assert_eq!(response.status(), 500);
    }
}

//! Around every request: its id, its span, who makes it, how long it may take, and its one log line,
//! which holds no query, no body and no path but the route's.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    pin::pin,
    task::Poll,
    time::{Duration, Instant},
};

use axum::{
    extract::{MatchedPath, Request, State},
    middleware::Next,
    response::{IntoResponse, Response},
};
use http::{HeaderName, HeaderValue, Method, StatusCode, header::CONTENT_LENGTH};
use kit::{
    caller::{Call, DEFAULT_DEADLINE, REQUEST_ID},
    measure, telemetry,
};
use tracing::{Instrument, field};

use crate::{
    auth::{Proof, Tokens},
    body,
    failure::Failure,
    remains::Remains,
};

const X_REQUEST_ID: HeaderName = HeaderName::from_static(REQUEST_ID);

/// What a request is counted as whose client went away before the answer.
const CLIENT_GONE: u16 = 499;

/// A request may take this long, once its body is there.
const DEADLINE: Duration = DEFAULT_DEADLINE;

/// Wraps the router, its refusals of unknown paths and methods included.
pub(crate) async fn around(
    State(tokens): State<Tokens>,
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
    );
    telemetry::adopt(&span, request.headers());
    let remains = Remains::of(&mut request);
    async {
        let line = Line::begin(&method, &route);
        let limit = DEADLINE.saturating_add(body::ARRIVAL);
        let answering = survive(answer(&tokens, request, call.clone(), next));
        let response = match tokio::time::timeout(limit, answering).await {
            Ok(response) => response,
            Err(_) => Failure::out_of_time().into_response(),
        };
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

async fn answer(tokens: &Tokens, mut request: Request, call: Call, next: Next) -> Response {
    if !is_public(request.uri().path()) {
        match tokens.caller(request.headers(), call.clone()).await {
            Ok(caller) => {
                request.extensions_mut().insert(caller);
                request.extensions_mut().insert(Proof::new(tokens.clone()));
            }
            Err(failure) => return failure.into_response(),
        }
    }
    request.extensions_mut().insert(call);
    next.run(request).await
}

/// Paths that need no token.
fn is_public(path: &str) -> bool {
    matches!(path, "/login" | "/openapi.json" | "/docs") || path.starts_with("/docs/")
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
        for path in ["/login", "/openapi.json", "/docs", "/docs/", "/docs/swagger-ui.css"] {
            assert!(is_public(path), "{path}");
        }
        for path in ["/", "/logout", "/login/", "/docsx", "/accounts/customers/list", "//login"] {
            assert!(!is_public(path), "{path}");
        }
    }

    #[tokio::test]
    async fn a_panic_is_an_internal_error_of_one_request() {
        let response = survive(async { panic!("a bug") }).await;

        assert_eq!(response.status(), 500);
    }
}

//! How the gateway says no: the documented envelope, in the words of the REST surface, with nothing
//! of what broke inside. The request's id is added by the layer that knows it.

use std::{borrow::Cow, time::Duration};

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{
    HeaderName, HeaderValue, StatusCode,
    header::{RETRY_AFTER, WWW_AUTHENTICATE},
};
use kit::{client, peers};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};

pub(crate) use self::{
    view::FailureView,
    violations::{Violation, Violations},
};
use crate::{envelope, outcome::Declined};

mod reasons;
mod view;
mod violations;

const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const RATE_REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RATE_RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// The longest message, in characters.
const MESSAGE: usize = 100;

/// A refusal on its way to the client.
#[derive(Debug, Clone)]
pub(crate) struct Failure(Box<Refusal>);

#[derive(Debug, Clone)]
struct Refusal {
    http: StatusCode,
    code: Cow<'static, str>,
    message: Cow<'static, str>,
    errors: Vec<Violation>,
    declined: Option<Declined>,
    retry_after_s: Option<u64>,
    requests_per_s: Option<i32>,
    missing_scope: Option<&'static str>,
    replayed: bool,
}

impl Failure {
    pub(crate) fn new(http: StatusCode, code: &'static str, message: &'static str) -> Self {
        Self(Box::new(Refusal {
            http,
            code: code.into(),
            message: message.into(),
            errors: Vec::new(),
            declined: None,
            retry_after_s: None,
            requests_per_s: None,
            missing_scope: None,
            replayed: false,
        }))
    }

    /// Bad parameters.
    pub(crate) fn invalid(violations: Violations) -> Self {
        let message = "Some parameters are not valid";
        let mut failure = Self::new(StatusCode::BAD_REQUEST, "INVALID_PARAMETERS", message);
        failure.0.errors = violations.into_inner();
        failure
    }

    /// A body that cannot be taken apart.
    pub(crate) fn not_json(message: impl Into<Cow<'static, str>>) -> Self {
        let mut failure = Self::new(StatusCode::BAD_REQUEST, "INVALID_JSON", "");
        failure.0.message = message.into();
        failure
    }

    /// No token, or none that is good.
    pub(crate) fn unauthenticated() -> Self {
        let message = "A valid token is required";
        Self::new(StatusCode::UNAUTHORIZED, "UNAUTHENTICATED", message)
    }

    /// A good token, but not for this.
    pub(crate) fn forbidden(missing_scope: &'static str) -> Self {
        let message = "The token does not allow this";
        let mut failure = Self::new(StatusCode::FORBIDDEN, "PERMISSION_DENIED", message);
        failure.0.missing_scope = Some(missing_scope);
        failure
    }

    /// More requests than are allowed to whoever it is.
    pub(crate) fn too_often(requests_per_s: i32, wait: Duration) -> Self {
        let message = "Too many requests; try again later";
        let mut failure = Self::new(StatusCode::TOO_MANY_REQUESTS, "RATE_LIMITED", message);
        failure.0.retry_after_s = Some(whole_s(wait));
        failure.0.requests_per_s = Some(requests_per_s);
        failure
    }

    /// More of a tenant's requests at once than it has places for; nothing was begun.
    pub(crate) fn too_many_at_once() -> Self {
        let message = "Too many requests at once; try again later";
        let mut failure = Self::new(StatusCode::TOO_MANY_REQUESTS, "TOO_MANY_AT_ONCE", message);
        failure.0.retry_after_s = Some(1);
        failure
    }

    /// More at once than there are places for; nothing was begun.
    pub(crate) fn overloaded() -> Self {
        let message = "Too much at once; try again later";
        let mut failure = Self::new(StatusCode::SERVICE_UNAVAILABLE, "OVERLOADED", message);
        failure.0.retry_after_s = Some(1);
        failure
    }

    /// Something that cannot be, as an answer of a service that breaks its contract.
    pub(crate) fn internal(cause: &str) -> Self {
        tracing::error!(error = cause, "internal error");
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", "Internal error")
    }

    /// The time for the request is over.
    pub(crate) fn out_of_time() -> Self {
        let message = "The request took too long; whether it had an effect is not known";
        Self::new(StatusCode::GATEWAY_TIMEOUT, "DEADLINE_EXCEEDED", message)
    }

    /// A movement of money that was recorded and has moved nothing.
    pub(crate) fn declined(code: &'static str, declined: Declined, replayed: bool) -> Self {
        let mut failure = Self::new(StatusCode::CONFLICT, code, declined.response_message());
        failure.0.declined = Some(declined);
        failure.0.replayed = replayed;
        failure
    }

    /// What the status is about, in the REST surface's words.
    fn told(status: &Status, http: StatusCode, details: &ErrorDetails) -> Self {
        let reason = details.error_info().map_or("", |info| info.reason.as_str());
        if let Some(told) = reasons::told(reason) {
            return Self::new(http, told.code, told.message);
        }
        let mut failure = Self::new(http, reasons::default_code(http), "");
        if !reason.is_empty() {
            failure.0.code = reason.to_owned().into();
        }
        failure.0.message = status.message().chars().take(MESSAGE).collect::<String>().into();
        failure
    }

    fn retry_after(mut self, details: &ErrorDetails) -> Self {
        let told = details.retry_info().and_then(|info| info.retry_delay);
        self.0.retry_after_s = Some(told.map_or(1, whole_s));
        self
    }

    /// Whether the client is not to blame, and may come again.
    pub(crate) fn is_ours(&self) -> bool {
        self.0.http.is_server_error() || self.0.http == StatusCode::TOO_MANY_REQUESTS
    }

    /// The bad parameters, where they are what is wrong.
    pub(crate) fn into_violations(self) -> Violations {
        Violations::from(self.0.errors)
    }

    /// For the log.
    pub(crate) fn code(&self) -> &str {
        &self.0.code
    }
}

impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        let details = status.get_error_details();
        let reason = details.error_info().map_or("", |info| info.reason.as_str());
        // What the other side would have said is not known; that the connection broke is.
        let is_broken = client::is_broken_transport(&status);
        match if is_broken { Code::Unavailable } else { status.code() } {
            Code::InvalidArgument => Self::invalid(Violations::of(&details)),
            Code::Unauthenticated if reasons::is_about_the_client(reason) => {
                Self::told(&status, StatusCode::UNAUTHORIZED, &details)
            }
            Code::PermissionDenied if reason != peers::NOT_ALLOWED => {
                Self::told(&status, StatusCode::FORBIDDEN, &details)
            }
            Code::NotFound => Self::told(&status, StatusCode::NOT_FOUND, &details),
            Code::AlreadyExists | Code::FailedPrecondition | Code::Aborted => {
                Self::told(&status, StatusCode::CONFLICT, &details)
            }
            Code::ResourceExhausted => {
                Self::told(&status, StatusCode::TOO_MANY_REQUESTS, &details).retry_after(&details)
            }
            Code::Unavailable => {
                tracing::warn!(error = status.message(), "a service is unavailable");
                let message = "The service is unavailable for the moment";
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", message)
                    .retry_after(&details)
            }
            // tonic's own timer answers CANCELLED.
            Code::DeadlineExceeded | Code::Cancelled => Self::out_of_time(),
            // No caller in the metadata is the gateway's fault, not the client's; so is a certificate that
            // does not let it call.
            Code::Unauthenticated
            | Code::PermissionDenied
            | Code::Ok
            | Code::Unknown
            | Code::OutOfRange
            | Code::Unimplemented
            | Code::Internal
            | Code::DataLoss => {
                let code = status.code();
                tracing::error!(rpc.code = ?code, reason, error = status.message(), "a service failed");
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL", "Internal error")
            }
        }
    }
}

impl IntoResponse for Failure {
    /// Everything but the body, which the layer around every request writes.
    fn into_response(self) -> Response {
        let mut response = envelope::json(self.0.http, Body::empty(), self.0.replayed);
        let headers = response.headers_mut();
        if self.0.http == StatusCode::UNAUTHORIZED {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Some(scope) = self.0.missing_scope
            && let Ok(value) =
                format!("Bearer error=\"insufficient_scope\", scope=\"{scope}\"").try_into()
        {
            headers.insert(WWW_AUTHENTICATE, value);
        }
        if let Some(seconds) = self.0.retry_after_s {
            headers.insert(RETRY_AFTER, seconds.into());
            if let Some(limit) = self.0.requests_per_s {
                headers.insert(RATE_LIMIT, limit.into());
                headers.insert(RATE_REMAINING, 0.into());
                headers.insert(RATE_RESET, seconds.into());
            }
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// Whole seconds, at least one.
fn whole_s(wait: Duration) -> u64 {
    wait.as_secs().saturating_add(u64::from(wait.subsec_nanos() > 0)).max(1)
}

#[cfg(test)]
mod tests;

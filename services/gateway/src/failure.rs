//! How the gateway says no: the documented envelope, in the words of the REST surface, with nothing
//! of what broke inside. The request's id is added by the layer that knows it.

use std::borrow::Cow;

use axum::{
    body::Body,
    response::{IntoResponse, Response},
};
use http::{
    HeaderValue, StatusCode,
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
    pub(crate) fn forbidden() -> Self {
        let message = "The token does not allow this";
        Self::new(StatusCode::FORBIDDEN, "PERMISSION_DENIED", message)
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
        let whole_s = told
            .map_or(1, |delay| delay.as_secs().saturating_add(u64::from(delay.subsec_nanos() > 0)));
        self.0.retry_after_s = Some(whole_s.max(1));
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
        if let Some(seconds) = self.0.retry_after_s {
            headers.insert(RETRY_AFTER, seconds.into());
        }
        response.extensions_mut().insert(self);
        response
    }
}

#[cfg(test)]
mod tests;

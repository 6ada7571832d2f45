//! The documented envelope of a failure.

use axum::body::Body;
use serde::Serialize;
use utoipa::ToSchema;

use super::{Failure, Violation};
use crate::outcome::Declined;

/// Any answer but a success.
#[derive(Serialize, ToSchema)]
#[schema(as = Failure, example = json!({
    "status": -1,
    "message": "Some parameters are not valid",
    "code": "INVALID_PARAMETERS",
    "errors": [{"parameter": "address.iso_country", "reason": "is required"}],
    "request_id": "0198c1de-3f0a-7c5b-9f6e-2a1b3c4d5e6f"
}))]
pub(crate) struct FailureView<'a> {
    /// Always -1.
    status: i32,
    /// For a person; at most 100 characters.
    message: &'a str,
    /// For programs: never changes its meaning.
    code: &'a str,
    /// Every bad parameter, where parameters are what is wrong.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[schema(required = false)]
    errors: &'a [Violation],
    /// What was declined, if something was: as in `data`.
    #[serde(flatten)]
    #[schema(value_type = DeclinedParts)]
    top: Option<&'a Declined>,
    #[serde(skip_serializing_if = "Option::is_none")]
    data: Option<&'a Declined>,
    /// What the token lacks, where that is what is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    missing_scope: Option<&'a str>,
    /// As in the header `X-Request-Id`.
    request_id: &'a str,
    /// The trace that the request is part of, where traces are made.
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_id: Option<&'a str>,
}

/// How what was declined is described where it stands beside other fields: there, or not.
#[derive(ToSchema)]
#[expect(dead_code, reason = "a description; what is told is the thing itself")]
pub(crate) struct DeclinedParts {
    #[schema(nullable = false)]
    response_code: Option<String>,
    #[schema(nullable = false)]
    response_message: Option<String>,
    #[schema(nullable = false)]
    transaction_id: Option<String>,
    #[schema(nullable = false)]
    payment_id: Option<String>,
    #[schema(nullable = false)]
    payment_status: Option<String>,
}

impl Failure {
    /// The envelope.
    pub(crate) fn body(&self, request_id: &str, trace_id: Option<&str>) -> Body {
        let refusal = &*self.0;
        let view = FailureView {
            status: -1,
            message: &refusal.message,
            code: &refusal.code,
            errors: &refusal.errors,
            top: refusal.declined.as_ref(),
            data: refusal.declined.as_ref(),
            missing_scope: refusal.missing_scope,
            request_id,
            trace_id,
        };
        serde_json::to_vec(&view).map_or_else(|_| Body::empty(), Body::from)
    }
}

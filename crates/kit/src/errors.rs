//! How a service says no: one answer with every bad field, a reason that programs can rely on, and
//! nothing of what broke inside.

use std::{collections::HashMap, fmt::Display, time::Duration};

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt};

use crate::{client, idempotency, postgres};

/// Violations in one answer at most: they travel in a header of 16 KiB.
const MOST: usize = 64;

/// The fields of a request that break a rule: all of them, up to a number that nobody reads.
#[derive(Debug, Default)]
pub struct Violations(Vec<FieldViolation>);

impl Violations {
    /// None yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one. `clause` goes on after the field's name: "must be an ISO 4217 currency code". It
    /// must not repeat the value.
    pub fn add(&mut self, field: impl Into<String>, clause: impl Display) {
        if self.0.len() < MOST {
            self.0.push(FieldViolation::new(field, clause.to_string()));
        }
    }

    /// The value, or a violation and nothing.
    pub fn take<T, E: Display>(&mut self, field: &str, parsed: Result<T, E>) -> Option<T> {
        parsed.map_err(|clause| self.add(field, clause)).ok()
    }

    /// What `parse` makes of a text that must be there.
    pub fn required<T, E: Display>(
        &mut self,
        field: &str,
        value: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        if value.trim().is_empty() {
            self.add(field, "is required");
            return None;
        }
        self.take(field, parse(value))
    }

    /// What `parse` makes of a text that may be absent, which an empty one is. The outer `None` is a
    /// violation.
    pub fn optional<T, E: Display>(
        &mut self,
        field: &str,
        value: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<Option<T>> {
        if value.trim().is_empty() {
            return Some(None);
        }
        self.take(field, parse(value)).map(Some)
    }

    /// Whether something is wrong with this field.
    #[must_use]
    pub fn has(&self, field: &str) -> bool {
        self.0.iter().any(|violation| violation.field == field)
    }

    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// An error when anything is wrong.
    ///
    /// # Errors
    ///
    /// [`Error::Invalid`] with all that was added.
    pub fn into_result(self) -> Result<(), Error> {
        if self.is_empty() { Ok(()) } else { Err(Error::Invalid(self)) }
    }
}

/// What can go wrong in every service. Each service's own error has one variant for it.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Bad fields.
    #[error("the request has invalid fields")]
    Invalid(Violations),
    /// Metadata names no tenant.
    #[error("the call names no tenant")]
    CallerRequired,
    /// A `request_id` cannot be taken.
    #[error(transparent)]
    Request(#[from] idempotency::Refused),
    /// The database did not do as it was told.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
    /// The connection broke while the database committed: it may have, or not.
    #[error("it is not known whether the request had an effect")]
    OutcomeUnknown,
    /// There is more to do than can be done; this was not begun.
    #[error("the service is unavailable for the moment")]
    Overloaded,
    /// The caller waits no longer; this was not begun.
    #[error("out of time")]
    OutOfTime,
    /// Another service did not do as it was asked.
    #[error("another service failed")]
    Upstream(Box<Status>),
    /// Something that cannot be, such as a row that breaks its own rules.
    #[error("internal error")]
    Internal(String),
}

impl From<Status> for Error {
    fn from(status: Status) -> Self {
        Self::Upstream(Box::new(status))
    }
}

impl From<Violations> for Error {
    fn from(violations: Violations) -> Self {
        Self::Invalid(violations)
    }
}

impl Error {
    /// The status to answer with. `domain` is the service's package: "lombard.ledger.v1".
    #[must_use]
    pub fn into_status(self, domain: &'static str) -> Status {
        match self {
            Self::Invalid(violations) => {
                let mut details =
                    ErrorDetails::with_error_info("INVALID_FIELDS", domain, HashMap::new());
                details.set_bad_request(violations.0);
                let message = "the request has invalid fields";
                Status::with_error_details(Code::InvalidArgument, message, details)
            }
            Self::CallerRequired => {
                status(Code::Unauthenticated, domain, "CALLER_REQUIRED", "the call names no tenant")
            }
            Self::Request(refused) => {
                let (code, reason) = match refused {
                    idempotency::Refused::Reused => (Code::AlreadyExists, "REQUEST_ID_REUSED"),
                    idempotency::Refused::InProgress => (Code::Aborted, "REQUEST_IN_PROGRESS"),
                };
                status(code, domain, reason, &refused.to_string())
            }
            Self::Database(error) => database(&error, domain),
            Self::OutcomeUnknown => {
                let message = "whether the request had an effect is not known";
                status(Code::DeadlineExceeded, domain, "OUTCOME_UNKNOWN", message)
            }
            Self::Overloaded => unavailable(domain),
            Self::OutOfTime => out_of_time(domain),
            Self::Upstream(upstream) => from_upstream(*upstream, domain),
            Self::Internal(cause) => {
                tracing::error!(error = cause, "internal error");
                status(Code::Internal, domain, "INTERNAL", "internal error")
            }
        }
    }
}

/// A status with its reason, for the errors of one service alone.
#[must_use]
pub fn status(code: Code, domain: &str, reason: &str, message: &str) -> Status {
    let details = ErrorDetails::with_error_info(reason, domain, HashMap::new());
    Status::with_error_details(code, message, details)
}

/// A status that says when to come back.
#[must_use]
pub fn retry_later(
    code: Code,
    domain: &str,
    reason: &str,
    message: &str,
    after: Duration,
) -> Status {
    let mut details = ErrorDetails::with_error_info(reason, domain, HashMap::new());
    details.set_retry_info(Some(after));
    Status::with_error_details(code, message, details)
}

/// A fault that passes.
#[must_use]
pub fn unavailable(domain: &str) -> Status {
    let message = "the service is unavailable for the moment";
    retry_later(Code::Unavailable, domain, "UNAVAILABLE", message, Duration::from_secs(1))
}

/// What came is not the message that the rpc takes, or none at all.
pub(crate) fn malformed(domain: &str) -> Status {
    let message = "the request is not the message that the rpc takes";
    status(Code::InvalidArgument, domain, "MALFORMED_MESSAGE", message)
}

/// The caller's time is over.
pub(crate) fn out_of_time(domain: &str) -> Status {
    status(Code::DeadlineExceeded, domain, "DEADLINE_EXCEEDED", "out of time")
}

/// A request or what it stood for failed for want of the database: passing faults are to be retried.
fn database(error: &sqlx::Error, domain: &str) -> Status {
    if postgres::is_transient(error) {
        tracing::warn!(%error, "database unavailable");
        return unavailable(domain);
    }
    tracing::error!(%error, "database failed");
    status(Code::Internal, domain, "INTERNAL", "internal error")
}

/// What another service said, where the caller can do something about it; an internal error where
/// only we can.
fn from_upstream(upstream: Status, domain: &str) -> Status {
    if client::is_broken_transport(&upstream) {
        tracing::warn!(error = %upstream, "upstream cannot be reached");
        return unavailable(domain);
    }
    match upstream.code() {
        Code::NotFound | Code::FailedPrecondition => upstream,
        // tonic's own timer answers CANCELLED.
        Code::DeadlineExceeded | Code::Cancelled => out_of_time(domain),
        Code::Unavailable | Code::ResourceExhausted => {
            tracing::warn!(error = %upstream, "upstream unavailable");
            unavailable(domain)
        }
        Code::Ok
        | Code::Unknown
        | Code::InvalidArgument
        | Code::AlreadyExists
        | Code::PermissionDenied
        | Code::Aborted
        | Code::OutOfRange
        | Code::Unimplemented
        | Code::Internal
        | Code::DataLoss
        | Code::Unauthenticated => {
            tracing::error!(error = %upstream, "upstream failed");
            status(Code::Internal, domain, "INTERNAL", "internal error")
        }
    }
}

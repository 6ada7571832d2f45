//! What can go wrong with a verification, and how it is told.

use kit::errors::{self, Violations};
use kit::keys::KeyError;
use tonic::{Code, Status};
use types::{CustomerId, VerificationId};

use crate::{
    DOMAIN,
    domain::{Side, WrongState},
};

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("customer {0} does not exist")]
    CustomerNotFound(CustomerId),
    #[error("customer {0} is disabled")]
    CustomerDisabled(CustomerId),
    #[error("verification {0} does not exist")]
    VerificationNotFound(VerificationId),
    #[error("a verification of customer {0} is under way")]
    VerificationInProgress(CustomerId),
    #[error("verification {0} is not in review")]
    NotInReview(VerificationId),
    #[error("something was added to the evidence of verification {0}: read it again")]
    EvidenceChanged(VerificationId),
    #[error("only an API user can decide")]
    OperatorRequired,
    #[error("an API key is no person: log in to decide where two people have to")]
    LoginRequired,
    #[error("there is no account with {0}, and nobody plays it here")]
    ProviderNotConfigured(String),
    #[error("{0} is not offered here")]
    ProviderNotOffered(&'static str),
    #[error("the tenant has no account with this provider")]
    ProviderNotFound,
    #[error("the call is not the provider's")]
    CallbackRefused,
    #[error("verification {0} has no such document: {side}", side = .1.as_str())]
    DocumentNotFound(VerificationId, Side),
    #[error("the document of verification {0} was erased: {side}", side = .1.as_str())]
    DocumentErased(VerificationId, Side),
    #[error("the caller has not the scope {0}")]
    ScopeRequired(&'static str),
    #[error("the store of the documents failed")]
    Objects(#[from] object_store::Error),
    #[error("a document cannot be sealed or opened")]
    Keys(#[from] KeyError),
    #[error(transparent)]
    WrongState(#[from] WrongState),
    #[error(transparent)]
    Kit(#[from] errors::Error),
}

impl Error {
    /// What broke, for the log. An answer never holds it.
    pub(crate) fn cause(&self) -> String {
        if let Self::Kit(errors::Error::Upstream(status)) = self {
            return format!("{self}: {:?}: {}", status.code(), status.message());
        }
        if let Self::Kit(errors::Error::Database(error)) = self {
            return format!("{self}: {error}");
        }
        if let Self::Objects(error) = self {
            return format!("{self}: {error}");
        }
        if let Self::Keys(error) = self {
            return format!("{self}: {error}");
        }
        self.to_string()
    }

    /// A row of ours that nobody made so.
    pub(crate) fn broken(what: &str, id: &str) -> Self {
        Self::internal(format!("{what} {id} cannot be read"))
    }

    /// Something that cannot be. The text goes to the log: no personal data.
    pub(crate) fn internal(cause: String) -> Self {
        Self::Kit(errors::Error::Internal(cause))
    }

    /// A row that breaks the rules of its own table.
    pub(crate) fn broken_row(id: VerificationId) -> Self {
        Self::Kit(errors::Error::Internal(format!("verification {id} cannot be read")))
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        Self::Kit(error.into())
    }
}

impl From<Violations> for Error {
    fn from(violations: Violations) -> Self {
        Self::Kit(violations.into())
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let (code, reason) = match error {
            Error::CustomerNotFound(_) => (Code::NotFound, "CUSTOMER_NOT_FOUND"),
            Error::CustomerDisabled(_) => (Code::FailedPrecondition, "CUSTOMER_DISABLED"),
            Error::VerificationNotFound(_) => (Code::NotFound, "VERIFICATION_NOT_FOUND"),
            Error::VerificationInProgress(_) => {
                (Code::FailedPrecondition, "VERIFICATION_IN_PROGRESS")
            }
            Error::NotInReview(_) => (Code::FailedPrecondition, "VERIFICATION_NOT_IN_REVIEW"),
            Error::EvidenceChanged(_) => (Code::Aborted, "EVIDENCE_CHANGED"),
            Error::OperatorRequired => (Code::FailedPrecondition, "OPERATOR_REQUIRED"),
            Error::LoginRequired => (Code::PermissionDenied, "LOGIN_REQUIRED"),
            Error::ProviderNotConfigured(_) => {
                (Code::FailedPrecondition, "PROVIDER_NOT_CONFIGURED")
            }
            Error::ProviderNotOffered(_) => (Code::FailedPrecondition, "PROVIDER_NOT_OFFERED"),
            Error::ProviderNotFound => (Code::NotFound, "PROVIDER_NOT_FOUND"),
            Error::CallbackRefused => (Code::Unauthenticated, "CALLBACK_REFUSED"),
            Error::DocumentNotFound(..) => (Code::NotFound, "DOCUMENT_NOT_FOUND"),
            Error::DocumentErased(..) => (Code::FailedPrecondition, "DOCUMENT_ERASED"),
            Error::ScopeRequired(_) => (Code::PermissionDenied, "SCOPE_REQUIRED"),
            Error::Objects(_) => {
                tracing::error!(error = error.cause(), "documents cannot be stored or read");
                return errors::Error::Overloaded.into_status(DOMAIN);
            }
            Error::Keys(_) => return errors::Error::Internal(error.cause()).into_status(DOMAIN),
            // Only a worker decides, and it does not answer anybody.
            Error::WrongState(wrong) => {
                return errors::Error::Internal(wrong.to_string()).into_status(DOMAIN);
            }
            Error::Kit(error) => return error.into_status(DOMAIN),
        };
        errors::status(code, DOMAIN, reason, &error.to_string())
    }
}

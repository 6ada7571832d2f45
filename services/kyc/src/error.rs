//! What can go wrong with a verification, and how it is told.

use kit::errors::{self, Violations};
use tonic::{Code, Status};
use types::{CustomerId, VerificationId};

use crate::{DOMAIN, domain::WrongState};

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
        self.to_string()
    }

    /// A row of ours that nobody made so.
    pub(crate) fn broken(what: &str, id: &str) -> Self {
        Self::Kit(errors::Error::Internal(format!("{what} {id} cannot be read")))
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
            // Only a worker decides, and it does not answer anybody.
            Error::WrongState(wrong) => {
                return errors::Error::Internal(wrong.to_string()).into_status(DOMAIN);
            }
            Error::Kit(error) => return error.into_status(DOMAIN),
        };
        errors::status(code, DOMAIN, reason, &error.to_string())
    }
}

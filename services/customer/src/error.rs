//! What can go wrong with a customer, and how it is told.

use kit::errors::{self, Violations};
use tonic::{Code, Status};
use types::CustomerId;

use crate::DOMAIN;

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("customer {0} does not exist")]
    CustomerNotFound(CustomerId),
    #[error("this is for the platform itself")]
    PlatformOnly,
    #[error(transparent)]
    Kit(#[from] errors::Error),
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
        match error {
            Error::CustomerNotFound(_) => {
                errors::status(Code::NotFound, DOMAIN, "CUSTOMER_NOT_FOUND", &error.to_string())
            }
            Error::PlatformOnly => {
                errors::status(Code::PermissionDenied, DOMAIN, "PLATFORM_ONLY", &error.to_string())
            }
            Error::Kit(error) => error.into_status(DOMAIN),
        }
    }
}

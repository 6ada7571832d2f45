//! What can go wrong with a customer, and how it is told.

use std::collections::HashMap;

use kit::errors::{self, Violations};
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt};
use types::CustomerId;

use crate::{DOMAIN, domain::MustKeep};

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("customer {0} does not exist")]
    CustomerNotFound(CustomerId),
    #[error("customer {0} is active")]
    CustomerActive(CustomerId),
    #[error("the personal data of customer {0} was erased")]
    CustomerErased(CustomerId),
    #[error("what is asked for is not of one tenant")]
    PlatformOnly,
    #[error(transparent)]
    MustKeep(#[from] MustKeep),
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
            Error::CustomerActive(_) => refused("CUSTOMER_ACTIVE", &error.to_string()),
            Error::CustomerErased(_) => refused("CUSTOMER_ERASED", &error.to_string()),
            Error::PlatformOnly => {
                errors::status(Code::PermissionDenied, DOMAIN, "PLATFORM_ONLY", &error.to_string())
            }
            Error::MustKeep(why) => must_keep(why),
            Error::Kit(error) => error.into_status(DOMAIN),
        }
    }
}

fn refused(reason: &str, message: &str) -> Status {
    errors::status(Code::FailedPrecondition, DOMAIN, reason, message)
}

/// Until when is for people in the message, and for programs in the metadata.
fn must_keep(why: MustKeep) -> Status {
    let (reason, until) = match why {
        MustKeep::LegalHold => ("LEGAL_HOLD", None),
        MustKeep::NotEnded => ("RETENTION_REQUIRED", None),
        MustKeep::Until(date) => ("RETENTION_REQUIRED", Some(date)),
    };
    let until = until.map(|date| ("keep_until".to_owned(), date.to_string()));
    let details = ErrorDetails::with_error_info(reason, DOMAIN, HashMap::from_iter(until));
    Status::with_error_details(Code::FailedPrecondition, why.to_string(), details)
}

//! What can go wrong for a caller, and how it is told.

use std::time::Duration;

use kit::errors::{self, Violations};
use tonic::{Code, Status};
use types::{ApiKeyId, TenantId, UserId};

use crate::{DOMAIN, passwords::HashingError};

#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("the e-mail address or the password is wrong")]
    WrongCredentials,
    #[error("too many wrong tries to log in")]
    TooManyAttempts(Duration),
    #[error("the service is unavailable for the moment")]
    Busy,
    #[error("the token is not valid")]
    TokenInvalid,
    #[error("the scope {0} is missing")]
    ScopeMissing(&'static str),
    #[error("an API key cannot administer API keys: log in")]
    LoginRequired,
    #[error("this is for operators of the platform")]
    OperatorsOnly,
    #[error("tenant {0} does not exist")]
    TenantNotFound(TenantId),
    #[error("another tenant has this name")]
    TenantNameTaken,
    #[error("API user {0} does not exist")]
    UserNotFound(UserId),
    #[error("the e-mail address is a user's already")]
    EmailTaken,
    #[error("API key {0} does not exist")]
    KeyNotFound(ApiKeyId),
    #[error("another key has this name")]
    KeyNameTaken,
    #[error("API key {0} is revoked")]
    KeyRevoked(ApiKeyId),
    #[error("this request has rotated API key {0} before; its secret is not told again")]
    KeyRotated(ApiKeyId),
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

impl From<HashingError> for Error {
    fn from(error: HashingError) -> Self {
        match error {
            HashingError::Busy => Self::Busy,
            HashingError::Failed(_) => Self::Kit(errors::Error::Internal(error.to_string())),
        }
    }
}

impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        match error {
            Error::WrongCredentials => {
                errors::status(Code::Unauthenticated, DOMAIN, "WRONG_CREDENTIALS", &message)
            }
            Error::TooManyAttempts(after) => {
                let reason = "TOO_MANY_ATTEMPTS";
                errors::retry_later(Code::ResourceExhausted, DOMAIN, reason, &message, after)
            }
            Error::Busy => {
                tracing::warn!("too many passwords are being checked");
                let after = Duration::from_secs(1);
                errors::retry_later(Code::Unavailable, DOMAIN, "UNAVAILABLE", &message, after)
            }
            Error::TokenInvalid => {
                errors::status(Code::Unauthenticated, DOMAIN, "TOKEN_INVALID", &message)
            }
            Error::ScopeMissing(_) | Error::OperatorsOnly => {
                errors::status(Code::PermissionDenied, DOMAIN, "PERMISSION_DENIED", &message)
            }
            Error::LoginRequired => {
                errors::status(Code::PermissionDenied, DOMAIN, "LOGIN_REQUIRED", &message)
            }
            Error::TenantNotFound(_) => {
                errors::status(Code::NotFound, DOMAIN, "TENANT_NOT_FOUND", &message)
            }
            Error::UserNotFound(_) => {
                errors::status(Code::NotFound, DOMAIN, "USER_NOT_FOUND", &message)
            }
            Error::KeyNotFound(_) => {
                errors::status(Code::NotFound, DOMAIN, "API_KEY_NOT_FOUND", &message)
            }
            Error::TenantNameTaken => {
                errors::status(Code::AlreadyExists, DOMAIN, "TENANT_NAME_TAKEN", &message)
            }
            Error::EmailTaken => {
                errors::status(Code::AlreadyExists, DOMAIN, "EMAIL_TAKEN", &message)
            }
            Error::KeyNameTaken => {
                errors::status(Code::AlreadyExists, DOMAIN, "API_KEY_NAME_TAKEN", &message)
            }
            Error::KeyRevoked(_) => {
                errors::status(Code::FailedPrecondition, DOMAIN, "API_KEY_REVOKED", &message)
            }
            Error::KeyRotated(_) => {
                errors::status(Code::AlreadyExists, DOMAIN, "API_KEY_ROTATED", &message)
            }
            Error::Kit(error) => error.into_status(DOMAIN),
        }
    }
}

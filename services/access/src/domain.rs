//! The rules of logins, tokens and tenants. Pure but for the randomness of new tokens and hashes; no
//! database and no wire format is here.

mod attempt;
mod credentials;
mod password;
mod scope;
mod token;

pub(crate) use self::{
    attempt::{Admission, Subject, Tally, WINDOW, admission},
    credentials::{Credentials, EmailKey},
    password::{Password, PasswordHash},
    scope::Scope,
    token::{Grant, Issued, Token, TokenHash},
};
pub use self::{
    password::PasswordError,
    scope::{SCOPES, UnknownScope},
};

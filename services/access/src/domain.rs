//! The rules of logins, tokens and tenants. Pure but for the randomness of new tokens and hashes; no
//! database and no wire format is here.

mod allowance;
mod attempt;
mod credentials;
mod key;
mod password;
mod scope;
mod token;

pub(crate) use self::{
    allowance::{Drawn, MOST_PER_S, draw},
    attempt::{Admission, Subject, Tally, UNDECIDED, WINDOW, admission},
    credentials::{Credentials, EmailKey},
    key::{Edit, Key, KeyChange, KeySettings, Network, NewKey, Secret},
    password::{Password, PasswordHash},
    scope::{ADMIN, Scope},
    token::{Grant, Holder, Issued, Token, TokenHash},
};
pub use self::{
    password::PasswordError,
    scope::{SCOPES, UnknownScope},
};

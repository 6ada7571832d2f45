//! The audit log: who did what to what, and when. A record is written in the transaction of what was done,
//! so that both stand or fall together, and never changes. It holds ids and digests; personal data is none
//! of its business ([`Form`] says how that is kept so).
//!
//! Each service with a database has the tables as in this crate's `migrations`. Some seconds after they are
//! written, records become links of their tenant's chain ([`run`]), which [`verify`] makes again.

use std::fmt::Display;

use sqlx::PgConnection;

use crate::caller::Caller;

mod chain;
mod form;
mod rpc;
mod store;
mod unlinked;
mod verify;

pub use chain::{link, run};
pub use form::{Digest, DigestKey, Form};
pub use rpc::{DOMAIN, GROUP, server};
pub use verify::{Head, Report, verify};

/// What somebody does, as it is to be recorded.
#[derive(Debug)]
pub struct Act {
    action: &'static str,
    object: String,
    before: Option<Digest>,
    after: Option<Digest>,
}

impl Act {
    /// Something that changes nothing, unless more is said. `object` names what it is done to by ids alone:
    /// `customers/<id>`.
    #[must_use]
    pub fn new(action: &'static str, object: impl Display) -> Self {
        Self { action, object: object.to_string(), before: None, after: None }
    }

    /// What the object was before.
    #[must_use]
    pub fn before(self, state: Digest) -> Self {
        Self { before: Some(state), ..self }
    }

    /// What the object is from now on.
    #[must_use]
    pub fn after(self, state: Digest) -> Self {
        Self { after: Some(state), ..self }
    }
}

/// Records that the caller does something: in the transaction in which it is done.
///
/// # Errors
///
/// Those of the database. What cannot be recorded must not be done.
pub async fn record(conn: &mut PgConnection, by: &Caller, act: &Act) -> Result<(), sqlx::Error> {
    store::insert(conn, by, act).await
}

//! Real PostgreSQL for tests, one database a test; services in process, and how to call them.
//!
//! Each test process starts a throw-away server of its own on first use. With
//! `LOMBARD_TEST_DATABASE_URL`, of a superuser, it uses that server instead.

pub mod citus;
mod corpus;
mod database;
pub mod files;
pub mod peers;
pub mod program;
mod serve;

use std::sync::OnceLock;

use kit::keys::Keyring;

pub use crate::{
    corpus::replay,
    database::{database, empty_database, server},
    serve::{caller, serve, serve_on},
};

/// Keys for what is kept encrypted: the same throughout the process, and no other's.
///
/// # Panics
///
/// When the system has no randomness.
#[must_use]
#[expect(clippy::expect_used, reason = "a test without keys has failed")]
pub fn keys() -> Keyring {
    static KEYS: OnceLock<Keyring> = OnceLock::new();
    KEYS.get_or_init(|| Keyring::throw_away().expect("randomness")).clone()
}

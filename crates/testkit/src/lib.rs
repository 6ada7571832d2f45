//! Real PostgreSQL for tests, one database a test; services in process, and how to call them.
//!
//! Each test process starts a throw-away server of its own on first use. With
//! `LOMBARD_TEST_DATABASE_URL`, of a superuser, it uses that server instead.

mod database;
pub mod files;
pub mod peers;
pub mod program;
mod serve;

pub use crate::{
    database::{database, empty_database, server},
    serve::{caller, serve, serve_on},
};

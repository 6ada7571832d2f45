//! The access service through its own client, on a real PostgreSQL.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod admin;
mod allowances;
mod keys;
mod login;
mod program;
mod provision;
mod support;
mod throttle;
mod tokens;

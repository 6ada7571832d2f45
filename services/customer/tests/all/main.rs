//! The customer service through its own client, on a real PostgreSQL.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod changes;
mod citus;
mod create;
mod intruders;
mod list;
mod personal;
mod program;
mod record_verification;
mod retention;
mod server;
mod standings;
mod support;
mod update;

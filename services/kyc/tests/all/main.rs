//! The KYC service through its own client, with the real customer service, on a real PostgreSQL.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod create;
mod documents;
mod idempotency;
mod leftovers;
mod mrz;
mod port;
mod program;
mod read;
mod sandbox;
mod screening;
mod support;

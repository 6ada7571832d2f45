//! The KYC service through its own client, with the real customer service, on a real PostgreSQL.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod at_rest;
mod create;
mod documents;
mod erasure;
mod idempotency;
mod leftovers;
mod port;
mod program;
mod read;
mod rotation;
mod sandbox;
mod support;

//! The KYC service through its own client, with the real customer service, on a real PostgreSQL.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod accounts;
mod at_rest;
mod callbacks;
mod create;
mod documents;
mod erasure;
mod evidence;
mod gbg;
mod idempotency;
mod images;
mod kills;
mod leftovers;
mod mrz;
mod port;
mod program;
mod providers;
mod read;
mod reviews;
mod rotation;
mod sandbox;
mod screening;
mod support;
mod unseen;

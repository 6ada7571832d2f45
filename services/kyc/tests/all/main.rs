//! The KYC service through its own client, with the real customer service, on a real PostgreSQL.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod accounts;
mod at_rest;
mod callbacks;
mod citus;
mod create;
mod crowd;
mod documents;
mod erasure;
mod evidence;
mod gbg;
mod id3global;
mod idempotency;
mod images;
mod journeys;
mod kept_decisions;
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
mod scripted;
mod support;
mod unseen;
mod upkeep;

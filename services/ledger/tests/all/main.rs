//! The ledger service through its own client, with the real customer service, on a real PostgreSQL.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod books;
mod citus;
mod create_transfer;
mod crowds;
mod histories;
mod idempotency;
mod inbound;
mod initiators;
mod kills;
mod ledgers;
mod payees;
mod paying;
mod payments;
mod payments_inbound;
mod payments_on_us;
mod payments_races;
mod payments_unbooked;
mod program;
mod queue;
mod races;
mod replicas;
mod several;
mod standings;
mod support;
mod transactions;
mod two_services;
mod update_ledger;
mod verify;
mod wire;

//! The platform as its users see it: the command, and the REST surface.

#![expect(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "a test fails by a panic, in the functions beside it too"
)]

mod admin;
mod admin_port;
mod amounts;
mod answers;
mod audit;
mod authenticate;
mod bad_input;
mod bench;
mod canary;
mod certificates;
mod conventions;
mod customers;
mod demo;
mod dev;
mod documents;
mod grpc;
mod idempotency;
mod identities;
mod inbound;
mod injections;
mod isolation;
mod ledger_documents;
mod ledgers;
mod logins;
mod migrations;
mod other_tenants;
mod outside;
mod payments;
mod program;
mod scene;
mod stack;
mod traces;
mod transactions;
mod transfers;
mod verify;

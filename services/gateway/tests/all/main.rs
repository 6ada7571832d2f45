//! The gateway in front of the real services.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "what the tests share stands beside them; a panic there is a failed test"
)]

mod access;
mod bodies;
mod customers;
mod headers;
mod ledgers;
mod outages;
mod paths;
mod program;
mod screening;
mod stack;
mod transfers;
mod verifications;

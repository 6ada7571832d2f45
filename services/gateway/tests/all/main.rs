//! The gateway in front of the real services.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "what the tests share stands beside them; a panic there is a failed test"
)]

mod access;
mod api_keys;
mod bodies;
mod connections;
mod customers;
mod headers;
mod http2;
mod ledgers;
mod limits;
mod outages;
mod paths;
mod program;
mod promised;
mod providers;
mod retention;
mod scopes;
mod screening;
mod stack;
mod transfers;
mod verifications;

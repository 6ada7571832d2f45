//! The gateway in front of the real services.

mod access;
mod bodies;
mod customers;
mod headers;
mod ledgers;
mod outages;
mod paths;
mod program;
mod stack;
mod transfers;
mod verifications;

//! The rules of ledgers and of the money between them. Pure: nothing here reads, writes or waits.

pub(crate) mod account;
pub(crate) mod ledger;
pub(crate) mod metadata;
pub(crate) mod payee;
pub(crate) mod payment;
pub(crate) mod posting;
pub(crate) mod seal;
pub(crate) mod transaction;
pub(crate) mod transfer;

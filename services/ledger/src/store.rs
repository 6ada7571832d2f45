//! SQL. A module a table; a function a statement; the caller owns the transaction.

use crate::error::Error;

pub(crate) mod account_numbers;
pub(crate) mod accounts;
pub(crate) mod addresses;
pub(crate) mod entries;
pub(crate) mod inbound_payments;
pub(crate) mod ledgers;
pub(crate) mod payment_work;
pub(crate) mod payments;
pub(crate) mod postings;
pub(crate) mod sandbox_rail;
pub(crate) mod seals;
pub(crate) mod transfers;

/// A value that was valid when it was written.
fn kept<T, E>(what: &str, parsed: Result<T, E>) -> Result<T, Error> {
    parsed.map_err(|_| Error::corrupt(what))
}

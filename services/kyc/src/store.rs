//! SQL; a module a table, and one for the work that is due.

pub(crate) mod audit;
pub(crate) mod documents;
pub(crate) mod verifications;
pub(crate) mod work;

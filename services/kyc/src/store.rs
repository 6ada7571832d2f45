//! SQL; a module a table, and one for the work that is due.

pub(crate) mod documents;
pub(crate) mod findings;
pub(crate) mod matches;
pub(crate) mod sanctions;
pub(crate) mod screening;
pub(crate) mod verifications;
pub(crate) mod work;

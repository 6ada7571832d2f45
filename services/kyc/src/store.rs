//! SQL; a module a table, and one for the work that is due.

pub(crate) mod decisions;
pub(crate) mod documents;
pub(crate) mod erased;
pub(crate) mod findings;
pub(crate) mod matches;
pub(crate) mod notes;
pub(crate) mod provider_accounts;
pub(crate) mod provider_changes;
pub(crate) mod review_policies;
pub(crate) mod sanctions;
pub(crate) mod screening;
pub(crate) mod transitions;
pub(crate) mod upkeep_work;
pub(crate) mod verifications;
pub(crate) mod work;

//! Statements on the service's database: a module a table. No rule is decided here.

pub(crate) mod allowances;
pub(crate) mod attempts;
pub(crate) mod keys;
pub(crate) mod tenants;
pub(crate) mod tokens;
pub(crate) mod users;

use crate::domain::Scope;

/// Rows of the past that one try to log in deletes of a table at most, so that none pays for all.
const PURGED_AT_ONCE: i64 = 100;

/// Scopes as they are kept.
fn words(scopes: &[Scope]) -> Vec<String> {
    scopes.iter().map(|scope| scope.as_str().to_owned()).collect()
}

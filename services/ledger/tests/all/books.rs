//! What is true of the books after everything, whoever wrote them. Not a test by itself.

use ledger::verify::{Check, Options};
use sqlx::PgPool;

/// Asserts every rule.
pub(crate) async fn assert_sound(pool: &PgPool) {
    let report = ledger::verify(pool, Options::default()).await.unwrap();
    let broken: Vec<&Check> = report.checks.iter().filter(|check| !check.holds()).collect();
    assert!(broken.is_empty(), "{broken:#?}");
}

//! The trial balance for Prometheus. What is told of payments is in `payments`.

use std::time::Duration;

use kit::{gauges, postgres::Database};
use tokio_util::sync::CancellationToken;

const OUT_OF_BALANCE: &str = "lombard_ledger_currencies_out_of_balance";

/// How often the trial balance is drawn up: it reads every account.
const TRIAL_BALANCE: Duration = Duration::from_mins(5);
/// Which may take longer than anything that somebody waits for.
const LONG: &str = "set local statement_timeout = '10min'";

/// Reads them now and then until `stop`.
pub(crate) async fn run(database: Database, stop: CancellationToken) {
    metrics::describe_gauge!(
        OUT_OF_BALANCE,
        "Tenants' currencies whose balances do not sum to zero; must be 0."
    );
    gauges::run("trial_balance", database, TRIAL_BALANCE, stop, |database| async move {
        let wrong = sqlx::query_scalar!(
            r#"
            select count(*)::float8 as "count!"
            from (
                select from accounts
                group by tenant_id, currency
                having sum(balance_minor) <> 0
            ) as wrong
            "#
        );
        // Of everybody.
        let mut tx = database.begin_platform().await?;
        sqlx::query(LONG).execute(&mut *tx).await?;
        let wrong = wrong.fetch_one(&mut *tx).await?;
        tx.rollback().await?;
        metrics::gauge!(OUT_OF_BALANCE).set(wrong);
        Ok(())
    })
    .await;
}

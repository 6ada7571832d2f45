//! Numbers about the ledger's state for Prometheus.

use std::time::Duration;

use kit::gauges::{self, OFTEN};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

const OUT_OF_BALANCE: &str = "lombard_ledger_currencies_out_of_balance";
const OPEN_PAYMENTS: &str = "lombard_ledger_open_payments";
const OLDEST_PAYMENT: &str = "lombard_ledger_oldest_open_payment_seconds";

/// How often the trial balance is drawn up: it reads every account.
const TRIAL_BALANCE: Duration = Duration::from_mins(5);

/// Reads them now and then until `stop`.
pub(crate) async fn run(pool: PgPool, stop: CancellationToken) {
    metrics::describe_gauge!(
        OUT_OF_BALANCE,
        "Tenants' currencies whose balances do not sum to zero; must be 0."
    );
    metrics::describe_gauge!(OPEN_PAYMENTS, "Payments that have not ended.");
    metrics::describe_gauge!(OLDEST_PAYMENT, "Age of the oldest payment that has not ended.");
    let trial_balance = gauges::run(pool.clone(), TRIAL_BALANCE, stop.clone(), |pool| async move {
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
        wrong.fetch_one(&pool).await.map(|wrong| metrics::gauge!(OUT_OF_BALANCE).set(wrong))
    });
    let payments = gauges::run(pool, OFTEN, stop, |pool| async move {
        let open = sqlx::query!(
            r#"
            select count(*)::float8 as "count!",
                   coalesce(extract(epoch from now() - min(create_time)), 0)::float8 as "oldest!"
            from payments
            where next_attempt_time is not null
            "#
        );
        let open = open.fetch_one(&pool).await?;
        metrics::gauge!(OPEN_PAYMENTS).set(open.count);
        metrics::gauge!(OLDEST_PAYMENT).set(open.oldest);
        Ok(())
    });
    tokio::join!(trial_balance, payments);
}

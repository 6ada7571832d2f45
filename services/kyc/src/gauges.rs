//! Numbers about the verifications for Prometheus.

use kit::{
    gauges::{self, OFTEN},
    postgres::Database,
};
use tokio_util::sync::CancellationToken;

const PENDING: &str = "lombard_kyc_pending_verifications";
const OLDEST: &str = "lombard_kyc_oldest_pending_verification_seconds";
const UNREPORTED: &str = "lombard_kyc_oldest_unreported_outcome_seconds";

/// Reads them now and then until `stop`.
pub(crate) async fn run(database: Database, stop: CancellationToken) {
    metrics::describe_gauge!(PENDING, "Verifications that are not decided.");
    metrics::describe_gauge!(OLDEST, "Age of the oldest verification that is not decided.");
    metrics::describe_gauge!(
        UNREPORTED,
        "For how long the oldest outcome waits that the customer service has not acknowledged."
    );
    gauges::run(database, OFTEN, stop, |database| async move {
        let open = sqlx::query!(
            r#"
            select count(*) filter (where status = 'pending')::float8 as "pending!",
                   coalesce(extract(epoch from now() - min(create_time)
                       filter (where status = 'pending')), 0)::float8 as "oldest!",
                   coalesce(extract(epoch from now() - min(update_time)
                       filter (where status <> 'pending')), 0)::float8 as "unreported!"
            from verifications
            where next_attempt_time is not null
            "#
        );
        let open = open.fetch_one(&mut *database.platform().await?).await?;
        metrics::gauge!(PENDING).set(open.pending);
        metrics::gauge!(OLDEST).set(open.oldest);
        metrics::gauge!(UNREPORTED).set(open.unreported);
        Ok(())
    })
    .await;
}

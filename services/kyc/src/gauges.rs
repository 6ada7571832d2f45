//! Numbers about the verifications for Prometheus.

use kit::{
    gauges::{self, OFTEN},
    postgres::Database,
};
use sqlx::PgConnection;
use tokio_util::sync::CancellationToken;

const PENDING: &str = "lombard_kyc_pending_verifications";
const OLDEST: &str = "lombard_kyc_oldest_pending_verification_seconds";
const UNREPORTED: &str = "lombard_kyc_oldest_unreported_outcome_seconds";
const IN_REVIEW: &str = "lombard_kyc_verifications_in_review";
const LIST_AGE: &str = "lombard_screening_list_age_seconds";
const SWEEPS: &str = "lombard_screening_sweeps_to_do";
const LEFT: &str = "lombard_screening_customers_left";

/// Reads them now and then until `stop`.
pub(crate) async fn run(database: Database, stop: CancellationToken) {
    metrics::describe_gauge!(PENDING, "Verifications that are not decided.");
    metrics::describe_gauge!(OLDEST, "Age of the oldest verification that is not decided.");
    metrics::describe_gauge!(
        UNREPORTED,
        "For how long the oldest outcome waits that the customer service has not acknowledged."
    );
    metrics::describe_gauge!(IN_REVIEW, "Verifications that wait for a person.");
    metrics::describe_gauge!(LIST_AGE, "How long ago a sanctions list was loaded.");
    metrics::describe_gauge!(SWEEPS, "Screenings of everybody that are wanted and not done.");
    metrics::describe_gauge!(LEFT, "Customers who could not be screened yet.");
    gauges::run("verifications", database, OFTEN, stop, |database| async move {
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
        // Of everybody.
        let mut conn = database.platform().await?;
        let open = open.fetch_one(&mut *conn).await?;
        metrics::gauge!(PENDING).set(open.pending);
        metrics::gauge!(OLDEST).set(open.oldest);
        metrics::gauge!(UNREPORTED).set(open.unreported);
        let reviews = sqlx::query_scalar!(
            r#"select count(*)::float8 as "count!" from verifications where status = 'in_review'"#
        );
        metrics::gauge!(IN_REVIEW).set(reviews.fetch_one(&mut *conn).await?);
        screening(&mut conn).await
    })
    .await;
}

async fn screening(conn: &mut PgConnection) -> Result<(), sqlx::Error> {
    let lists = sqlx::query!(
        r#"
        select list, extract(epoch from now() - max(load_time))::float8 as "age!"
        from sanctions_loads
        group by list
        "#
    );
    for loaded in lists.fetch_all(&mut *conn).await? {
        metrics::gauge!(LIST_AGE, "list" => loaded.list).set(loaded.age);
    }
    let sweeps = sqlx::query_scalar!(
        r#"select (sweep_wanted - sweep_done)::float8 as "sweeps!" from screening_work"#
    );
    metrics::gauge!(SWEEPS).set(sweeps.fetch_one(&mut *conn).await?);
    let left = sqlx::query_scalar!(r#"select count(*)::float8 as "count!" from screening_left"#);
    metrics::gauge!(LEFT).set(left.fetch_one(conn).await?);
    Ok(())
}

//! Requests are not remembered for ever where that is not promised. Never for requests that move money: there
//! a key has one outcome, however late it comes again.

use std::time::Duration;

use sqlx::PgConnection;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use crate::postgres::{Database, citus::Layout};

mod each;

/// How long a request is remembered: twice what is promised.
pub const KEPT: Duration = Duration::from_hours(14 * 24);
/// Between one look and the next.
const INTERVAL: Duration = Duration::from_hours(1);
/// Rows that are deleted at a time, so that nobody waits for them,
const BATCH: i64 = 500;
/// and the pause after them.
const PAUSE: Duration = Duration::from_millis(200);

/// Forgets requests when they are older than [`KEPT`], until `stop`. Any number of processes may do it.
pub async fn forget(database: Database, stop: CancellationToken) {
    let for_ever = async {
        loop {
            // So that processes that start together do so apart.
            sleep(INTERVAL.mul_f64(rand::random_range(0.5..=1.0))).await;
            match forget_old(&database, KEPT).await {
                Ok(0) => {}
                Ok(forgotten) => tracing::info!(forgotten, "old requests are forgotten"),
                Err(error) => tracing::warn!(%error, "old requests are still remembered"),
            }
        }
    };
    stop.run_until_cancelled(for_ever).await;
}

/// Forgets the requests that are older than this, and tells how many there were.
///
/// # Errors
///
/// Those of the database.
pub async fn forget_old(database: &Database, age: Duration) -> Result<u64, sqlx::Error> {
    let milliseconds = i64::try_from(age.as_millis()).unwrap_or(i64::MAX);
    let mut forgotten = 0_u64;
    loop {
        // Everybody's: how old they are is all that counts.
        let mut conn = database.platform().await?;
        let deleted = match database.layout() {
            Layout::OneServer => delete_together(&mut conn, milliseconds).await?,
            Layout::ByTenant => each::delete(&mut conn, milliseconds, BATCH).await?,
        };
        drop(conn);
        if deleted == 0 {
            return Ok(forgotten);
        }
        forgotten = forgotten.saturating_add(deleted);
        sleep(PAUSE).await;
    }
}

async fn delete_together(conn: &mut PgConnection, age_ms: i64) -> Result<u64, sqlx::Error> {
    let deleted = sqlx::query!(
        "
        delete from requests
        where (tenant_id, operation, request_id) in (
            select tenant_id, operation, request_id
            from requests
            where create_time < now() - $1::bigint * interval '1 millisecond'
            order by create_time
            limit $2
        )
        ",
        age_ms,
        BATCH,
    )
    .execute(conn)
    .await?;
    Ok(deleted.rows_affected())
}

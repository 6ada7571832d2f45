//! Statements on the table `upkeep_work`, which has one row: whose turn it is.

use std::time::Duration;

use sqlx::PgConnection;

use crate::error::Error;

/// Whether the caller is to sweep: one of all, once in each interval.
pub(crate) async fn take_sweep(conn: &mut PgConnection, every: Duration) -> Result<bool, Error> {
    let taken = sqlx::query!(
        "
        update upkeep_work
        set next_sweep_time = now() + $1::bigint * interval '1 millisecond'
        where next_sweep_time <= now()
        ",
        i64::try_from(every.as_millis()).unwrap_or(i64::MAX),
    )
    .execute(conn)
    .await?;
    Ok(taken.rows_affected() == 1)
}

//! Statements on the table `screening_work`, which is one row for all tenants, and on
//! `screening_settings`.

use std::time::Duration;

use sqlx::PgConnection;
use types::TenantId;
use uuid::Uuid;

use crate::error::Error;

/// How far a screening of everybody has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sweep {
    pub(crate) number: i64,
    /// Where the next page of the customer service begins.
    pub(crate) token: String,
}

/// Which lists are stored.
pub(crate) async fn lists_version(conn: &mut PgConnection) -> Result<i64, Error> {
    let version = sqlx::query_scalar!("select lists_version from screening_work");
    Ok(version.fetch_one(conn).await?)
}

/// Another list is stored: everybody is to be screened again. Keeps others from loading one until the
/// transaction ends.
pub(crate) async fn lists_changed(conn: &mut PgConnection) -> Result<i64, Error> {
    let version = sqlx::query_scalar!(
        "
        update screening_work
        set lists_version = lists_version + 1, sweep_wanted = sweep_wanted + 1
        returning lists_version
        "
    );
    Ok(version.fetch_one(conn).await?)
}

/// Everybody is to be screened again.
pub(crate) async fn want_sweep(conn: &mut PgConnection) -> Result<(), Error> {
    sqlx::query!("update screening_work set sweep_wanted = sweep_wanted + 1").execute(conn).await?;
    Ok(())
}

/// Takes the work for the length of a lease, or keeps it; false while another process has it.
pub(crate) async fn hold(
    conn: &mut PgConnection,
    holder: Uuid,
    lease: Duration,
) -> Result<bool, Error> {
    let held = sqlx::query!(
        "
        update screening_work
        set holder = $1, lease_end = now() + $2::bigint * interval '1 millisecond'
        where holder = $1 or lease_end < now()
        ",
        holder,
        i64::try_from(lease.as_millis()).unwrap_or(i64::MAX),
    )
    .execute(conn)
    .await?;
    Ok(held.rows_affected() == 1)
}

/// Lets others have the work at once.
pub(crate) async fn let_go(conn: &mut PgConnection, holder: Uuid) -> Result<(), Error> {
    sqlx::query!("update screening_work set lease_end = now() where holder = $1", holder)
        .execute(conn)
        .await?;
    Ok(())
}

/// The screening of everybody that is under way, or that is wanted and begins now.
pub(crate) async fn sweep(conn: &mut PgConnection) -> Result<Option<Sweep>, Error> {
    let sweep = sqlx::query!(
        "
        update screening_work
        set sweep_token = case when sweep_begun = sweep_wanted then sweep_token else '' end,
            sweep_begun = sweep_wanted
        where sweep_done < sweep_wanted
        returning sweep_begun, sweep_token
        "
    );
    let row = sweep.fetch_optional(conn).await?;
    Ok(row.map(|row| Sweep { number: row.sweep_begun, token: row.sweep_token }))
}

/// Notes where the next page begins; nowhere when everybody has been screened. Does nothing when another
/// has begun since.
pub(crate) async fn swept(conn: &mut PgConnection, sweep: &Sweep, next: &str) -> Result<(), Error> {
    sqlx::query!(
        "
        update screening_work
        set sweep_token = $2, sweep_done = case when $2 = '' then sweep_begun else sweep_done end
        where sweep_begun = $1
        ",
        sweep.number,
        next,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// From which score on a match asks for a review; none where the tenant has not said.
pub(crate) async fn threshold(
    conn: &mut PgConnection,
    tenant: TenantId,
) -> Result<Option<i32>, Error> {
    let threshold = sqlx::query_scalar!(
        "select threshold from screening_settings where tenant_id = $1",
        tenant.uuid(),
    );
    Ok(threshold.fetch_optional(conn).await?)
}

pub(crate) async fn set_threshold(
    conn: &mut PgConnection,
    tenant: TenantId,
    threshold: i32,
) -> Result<(), Error> {
    sqlx::query!(
        "
        insert into screening_settings (tenant_id, threshold)
        values ($1, $2)
        on conflict on constraint screening_settings_pkey
            do update set threshold = excluded.threshold
        ",
        tenant.uuid(),
        threshold,
    )
    .execute(conn)
    .await?;
    Ok(())
}

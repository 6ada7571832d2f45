//! Statements on the table `screening_work`, which is one row for all tenants; on `screening_settings`, with
//! what a tenant has set and how far the screening of its customers has come; and on `screening_left`.

use std::time::Duration;

use kit::postgres::citus::Layout;
use sqlx::PgConnection;
use types::{CustomerId, TenantId};
use uuid::Uuid;

use crate::error::Error;

/// How far a screening of everybody, or of all of one tenant's, has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sweep {
    /// None: of everybody.
    pub(crate) tenant: Option<TenantId>,
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

/// Everybody is to be screened again, unless they were by this way of comparing names, or a later one.
pub(crate) async fn want_sweep_by(conn: &mut PgConnection, matching: i32) -> Result<bool, Error> {
    let wanted = sqlx::query!(
        "
        update screening_work
        set matching = $1, sweep_wanted = sweep_wanted + 1
        where matching < $1
        ",
        matching,
    )
    .execute(conn)
    .await?;
    Ok(wanted.rows_affected() == 1)
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
    let of_all = |(number, token)| Sweep { tenant: None, number, token };
    Ok(row.map(|row| (row.sweep_begun, row.sweep_token)).map(of_all))
}

/// The screening of one tenant's customers that is under way, or that is wanted and begins now. Tenants take
/// turns.
pub(crate) async fn tenant_sweep(
    conn: &mut PgConnection,
    layout: Layout,
) -> Result<Option<Sweep>, Error> {
    if layout == Layout::ByTenant {
        return tenant_sweep_of_one(conn).await;
    }
    let sweep = sqlx::query!(
        "
        update screening_settings
        set sweep_token = case when sweep_begun = sweep_wanted then sweep_token else '' end,
            sweep_begun = sweep_wanted, sweep_time = now()
        where sweep_done < sweep_wanted and tenant_id = (
            select tenant_id
            from screening_settings
            where sweep_done < sweep_wanted
            order by sweep_time
            limit 1
        )
        returning tenant_id, sweep_begun, sweep_token
        "
    );
    let row = sweep.fetch_optional(conn).await?;
    Ok(row.map(|row| Sweep {
        tenant: Some(TenantId::from_uuid(row.tenant_id)),
        number: row.sweep_begun,
        token: row.sweep_token,
    }))
}

/// Where tenants are on several servers: whose turn it is, is looked for on all of them first.
async fn tenant_sweep_of_one(conn: &mut PgConnection) -> Result<Option<Sweep>, Error> {
    let tenant = sqlx::query_scalar!(
        "
        select tenant_id
        from screening_settings
        where sweep_done < sweep_wanted
        order by sweep_time
        limit 1
        "
    );
    let Some(tenant) = tenant.fetch_optional(&mut *conn).await? else { return Ok(None) };
    let sweep = sqlx::query!(
        "
        update screening_settings
        set sweep_token = case when sweep_begun = sweep_wanted then sweep_token else '' end,
            sweep_begun = sweep_wanted, sweep_time = now()
        where tenant_id = $1 and sweep_done < sweep_wanted
        returning sweep_begun, sweep_token
        ",
        tenant,
    );
    let row = sweep.fetch_optional(conn).await?;
    Ok(row.map(|row| Sweep {
        tenant: Some(TenantId::from_uuid(tenant)),
        number: row.sweep_begun,
        token: row.sweep_token,
    }))
}

/// Notes where the next page begins; nowhere when everybody has been screened. Does nothing when another
/// has begun since.
pub(crate) async fn swept(conn: &mut PgConnection, sweep: &Sweep, next: &str) -> Result<(), Error> {
    if let Some(tenant) = sweep.tenant {
        return tenant_swept(conn, tenant, sweep.number, next).await;
    }
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

async fn tenant_swept(
    conn: &mut PgConnection,
    tenant: TenantId,
    number: i64,
    next: &str,
) -> Result<(), Error> {
    sqlx::query!(
        "
        update screening_settings
        set sweep_token = $3, sweep_done = case when $3 = '' then sweep_begun else sweep_done end
        where tenant_id = $1 and sweep_begun = $2
        ",
        tenant.uuid(),
        number,
        next,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Has a customer screened who could not be now, once a while has passed.
pub(crate) async fn leave(
    conn: &mut PgConnection,
    tenant: TenantId,
    customer: CustomerId,
    pause: Duration,
) -> Result<(), Error> {
    sqlx::query!(
        "
        insert into screening_left (tenant_id, customer_id, next_time)
        values ($1, $2, now() + $3::bigint * interval '1 millisecond')
        on conflict on constraint screening_left_pkey do update set next_time = excluded.next_time
        ",
        tenant.uuid(),
        customer.uuid(),
        i64::try_from(pause.as_millis()).unwrap_or(i64::MAX),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Some of those who were left and whose time has come, whosever they are.
pub(crate) async fn left(
    conn: &mut PgConnection,
    limit: i64,
) -> Result<Vec<(TenantId, CustomerId)>, Error> {
    let rows = sqlx::query!(
        "
        select tenant_id, customer_id
        from screening_left
        where next_time <= now()
        order by next_time
        limit $1
        ",
        limit,
    )
    .fetch_all(conn)
    .await?;
    let place = |(tenant, customer)| (TenantId::from_uuid(tenant), CustomerId::from_uuid(customer));
    Ok(rows.into_iter().map(|row| (row.tenant_id, row.customer_id)).map(place).collect())
}

/// The customer has been screened, or is no more.
pub(crate) async fn not_left(
    conn: &mut PgConnection,
    tenant: TenantId,
    customer: CustomerId,
) -> Result<(), Error> {
    sqlx::query!(
        "delete from screening_left where tenant_id = $1 and customer_id = $2",
        tenant.uuid(),
        customer.uuid(),
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

/// Sets it. Where it was higher, the tenant's customers are to be screened again: more may be found. Where it
/// was lower, what was found stays, and nothing is to be found anew.
pub(crate) async fn set_threshold(
    conn: &mut PgConnection,
    tenant: TenantId,
    threshold: i32,
    default: i32,
) -> Result<(), Error> {
    sqlx::query!(
        "
        insert into screening_settings as s (tenant_id, threshold, sweep_wanted)
        values ($1, $2, case when $2 < $3::integer then 1 else 0 end)
        on conflict on constraint screening_settings_pkey do update
        set threshold = excluded.threshold,
            sweep_wanted = s.sweep_wanted
                + case when excluded.threshold < s.threshold then 1 else 0 end
        ",
        tenant.uuid(),
        threshold,
        default,
    )
    .execute(conn)
    .await?;
    Ok(())
}

//! Statements on the table `payments`, for those who do the work that it asks for.
//!
//! Whoever claims work has it until its lease ends. No transaction stays open meanwhile, and nobody
//! need clean up after a worker that dies.

use std::time::Duration;

use kit::postgres::citus::Layout;
use sqlx::PgConnection;
use time::OffsetDateTime;
use types::{PaymentId, TenantId};

use crate::error::Error;

/// A payment that one worker has to itself.
#[derive(Debug, Clone)]
pub(crate) struct Claimed {
    pub(crate) tenant: TenantId,
    pub(crate) id: PaymentId,
    /// Whether the rail has said that it has it.
    pub(crate) taken: bool,
    /// Tries that have failed, one after the other.
    pub(crate) attempts: i32,
    /// When others may take it up; tells this lease from every other.
    lease_end: OffsetDateTime,
}

/// Claims what is due, longest due first.
pub(crate) async fn claim(
    conn: &mut PgConnection,
    layout: Layout,
    limit: i64,
    lease: Duration,
) -> Result<Vec<Claimed>, Error> {
    match layout {
        Layout::OneServer => claim_together(conn, limit, lease).await,
        Layout::ByTenant => claim_each(conn, limit, lease).await,
    }
}

/// Passes over what others are claiming.
async fn claim_together(
    conn: &mut PgConnection,
    limit: i64,
    lease: Duration,
) -> Result<Vec<Claimed>, Error> {
    let rows = sqlx::query!(
        r#"
        with due as materialized (
            select tenant_id, payment_id
            from payments
            where next_attempt_time <= now()
            order by next_attempt_time
            limit $1
            for no key update skip locked
        )
        update payments p
        set next_attempt_time = now() + $2::bigint * interval '1 millisecond'
        from due
        where p.tenant_id = due.tenant_id and p.payment_id = due.payment_id
        returning p.tenant_id, p.payment_id, p.taken_time is not null as "taken!", p.attempts,
                  p.next_attempt_time as "lease_end!"
        "#,
        limit,
        milliseconds(lease),
    )
    .fetch_all(conn)
    .await?;
    let claimed = rows.into_iter().map(|row| Claimed {
        tenant: TenantId::from_uuid(row.tenant_id),
        id: PaymentId::from_uuid(row.payment_id),
        taken: row.taken,
        attempts: row.attempts,
        lease_end: row.lease_end,
    });
    Ok(claimed.collect())
}

/// No lock spans several servers: each payment is claimed for itself, by the time at which it was due, which
/// nobody else can have after that. What was claimed before a failure is worked on.
async fn claim_each(
    conn: &mut PgConnection,
    limit: i64,
    lease: Duration,
) -> Result<Vec<Claimed>, Error> {
    let due = sqlx::query!(
        r#"
        select tenant_id, payment_id, next_attempt_time as "time!"
        from payments
        where next_attempt_time <= now()
        order by next_attempt_time
        limit $1
        "#,
        limit,
    )
    .fetch_all(&mut *conn)
    .await?;
    let mut claimed = Vec::with_capacity(due.len());
    for due in due {
        let row = sqlx::query!(
            r#"
            update payments
            set next_attempt_time = now() + $4::bigint * interval '1 millisecond'
            where tenant_id = $1 and payment_id = $2 and next_attempt_time = $3
            returning taken_time is not null as "taken!", attempts,
                      next_attempt_time as "lease_end!"
            "#,
            due.tenant_id,
            due.payment_id,
            due.time,
            milliseconds(lease),
        )
        .fetch_optional(&mut *conn)
        .await;
        match row {
            Ok(Some(row)) => claimed.push(Claimed {
                tenant: TenantId::from_uuid(due.tenant_id),
                id: PaymentId::from_uuid(due.payment_id),
                taken: row.taken,
                attempts: row.attempts,
                lease_end: row.lease_end,
            }),
            // Somebody else has.
            Ok(None) => {}
            Err(error) if claimed.is_empty() => return Err(error.into()),
            Err(error) => {
                tracing::warn!(%error, "fewer payments are claimed than are due");
                break;
            }
        }
    }
    Ok(claimed)
}

/// Ends a lease after a failure: the work is due again after a pause. Does nothing when the lease is
/// over.
pub(crate) async fn postpone(
    conn: &mut PgConnection,
    claimed: &Claimed,
    attempts: i32,
    pause: Duration,
) -> Result<(), Error> {
    sqlx::query!(
        "
        update payments
        set attempts = $4, next_attempt_time = now() + $5::bigint * interval '1 millisecond'
        where tenant_id = $1 and payment_id = $2 and next_attempt_time = $3
        ",
        claimed.tenant.uuid(),
        claimed.id.uuid(),
        claimed.lease_end,
        attempts,
        milliseconds(pause),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Ends a lease: the rail has the payment, and is asked for its end after a pause. Does nothing when the
/// lease is over: then it is given to the rail again, which knows it by its id.
pub(crate) async fn wait_for_rail(
    conn: &mut PgConnection,
    claimed: &Claimed,
    pause: Duration,
) -> Result<(), Error> {
    sqlx::query!(
        "
        update payments
        set taken_time = least(taken_time, now()), attempts = 0,
            next_attempt_time = now() + $4::bigint * interval '1 millisecond'
        where tenant_id = $1 and payment_id = $2 and next_attempt_time = $3
        ",
        claimed.tenant.uuid(),
        claimed.id.uuid(),
        claimed.lease_end,
        milliseconds(pause),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The payments that have not ended.
#[derive(Debug)]
pub(crate) struct Backlog {
    pub(crate) open: i64,
    /// Those of which so many tries in a row have failed.
    pub(crate) failing: i64,
    /// The age of the oldest; zero where there is none.
    pub(crate) oldest: Duration,
    /// Payments that were to give back what is in suspense, and have ended without.
    pub(crate) kept_in_suspense: i64,
}

/// Counts what is open, or waits for a person; each is read by an index that has nothing else.
pub(crate) async fn backlog(conn: &mut PgConnection, many: i32) -> Result<Backlog, Error> {
    let row = sqlx::query!(
        r#"
        select
            count(*) as "open!",
            count(*) filter (where attempts >= $1) as "failing!",
            coalesce(extract(epoch from now() - min(create_time)) * 1000, 0)::bigint as "oldest_ms!",
            (
                select count(*) from payments
                where returns_transfer_id is not null
                    and (status = 'rejected' or return_transfer_id is not null)
            ) as "kept_in_suspense!"
        from payments
        where next_attempt_time is not null
        "#,
        many,
    )
    .fetch_one(conn)
    .await?;
    let oldest = Duration::from_millis(u64::try_from(row.oldest_ms).unwrap_or_default());
    let kept_in_suspense = row.kept_in_suspense;
    Ok(Backlog { open: row.open, failing: row.failing, oldest, kept_in_suspense })
}

pub(super) fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

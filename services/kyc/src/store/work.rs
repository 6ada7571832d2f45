//! Statements on the table `verifications`, for those who do the work that it asks for.
//!
//! Whoever claims work has it until its lease ends. No transaction stays open meanwhile, and nobody
//! need clean up after a worker that dies.

use std::time::Duration;

use sqlx::PgConnection;
use time::OffsetDateTime;
use types::{TenantId, VerificationId};

use crate::{domain::Verification, error::Error};

/// A verification that one worker has to itself.
#[derive(Debug, Clone)]
pub(crate) struct Claimed {
    pub(crate) tenant: TenantId,
    pub(crate) id: VerificationId,
    /// The last version that the customer service has acknowledged.
    pub(crate) reported_version: i64,
    /// Tries at the provider that have failed, one after the other.
    pub(crate) attempts: i32,
    /// Leases before this one, one after the other, that were not ended in order.
    pub(crate) overruns: i32,
    /// What the provider calls it, once it has taken it.
    pub(crate) provider_reference: Option<String>,
    /// Who decides; none for those from before it was noted.
    pub(crate) adapter: Option<String>,
    /// When others may take it up; tells this lease from every other.
    lease_end: OffsetDateTime,
}

/// Claims what is due, longest due first, passing over what others are claiming. Each lease counts as
/// overrun until it is ended.
pub(crate) async fn claim(
    conn: &mut PgConnection,
    limit: i64,
    lease: Duration,
) -> Result<Vec<Claimed>, Error> {
    let rows = sqlx::query!(
        r#"
        with due as materialized (
            select tenant_id, verification_id
            from verifications
            where next_attempt_time <= now()
            order by next_attempt_time
            limit $1
            for no key update skip locked
        )
        update verifications v
        set overruns = overruns + 1, callback_time = null,
            next_attempt_time = now() + $2::bigint * interval '1 millisecond'
        from due
        where v.tenant_id = due.tenant_id and v.verification_id = due.verification_id
        returning v.tenant_id, v.verification_id, v.reported_version, v.attempts,
                  v.overruns - 1 as "overruns!", v.provider_reference, v.adapter,
                  v.next_attempt_time as "lease_end!"
        "#,
        limit,
        milliseconds(lease),
    )
    .fetch_all(conn)
    .await?;
    let claimed = rows.into_iter().map(|row| Claimed {
        tenant: TenantId::from_uuid(row.tenant_id),
        id: VerificationId::from_uuid(row.verification_id),
        reported_version: row.reported_version,
        attempts: row.attempts,
        overruns: row.overruns,
        provider_reference: row.provider_reference,
        adapter: row.adapter,
        lease_end: row.lease_end,
    });
    Ok(claimed.collect())
}

/// Ends a lease: the work is due again after a pause. Does nothing when the lease is over.
pub(crate) async fn postpone(
    conn: &mut PgConnection,
    claimed: &Claimed,
    attempts: i32,
    pause: Duration,
) -> Result<(), Error> {
    sqlx::query!(
        "
        update verifications
        set attempts = $4, overruns = 0,
            next_attempt_time = now() + $5::bigint * interval '1 millisecond'
        where tenant_id = $1 and verification_id = $2 and next_attempt_time = $3
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

/// Ends a lease: the provider has taken the attempt, and is asked for the outcome after a pause, or at
/// once if it has called back meanwhile. Does nothing when the lease is over.
pub(crate) async fn wait_for_provider(
    conn: &mut PgConnection,
    claimed: &Claimed,
    reference: &str,
    pause: Duration,
) -> Result<(), Error> {
    sqlx::query!(
        "
        update verifications
        set provider_reference = $4, attempts = 0, overruns = 0,
            next_attempt_time = case
                when callback_time is null then now() + $5::bigint * interval '1 millisecond'
                else now()
            end
        where tenant_id = $1 and verification_id = $2 and next_attempt_time = $3
        ",
        claimed.tenant.uuid(),
        claimed.id.uuid(),
        claimed.lease_end,
        reference,
        milliseconds(pause),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The provider has called back about what it calls so: its attempt is due at once or, while a worker is
/// at it, as soon as that ends its lease. Does nothing to one that is decided.
pub(crate) async fn hasten(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: VerificationId,
) -> Result<(), Error> {
    sqlx::query!(
        "
        update verifications
        set callback_time = now(),
            next_attempt_time =
                case when overruns = 0 then least(next_attempt_time, now()) else next_attempt_time end
        where tenant_id = $1 and verification_id = $2 and status = 'pending'
        ",
        tenant.uuid(),
        id.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Whose attempt a provider calls so, and which it is.
pub(crate) async fn find_by_reference(
    conn: &mut PgConnection,
    adapter: &str,
    reference: &str,
) -> Result<Option<(TenantId, VerificationId)>, Error> {
    let row = sqlx::query!(
        "
        select tenant_id, verification_id
        from verifications
        where adapter = $1 and provider_reference = $2
        order by verification_id desc
        limit 1
        ",
        adapter,
        reference,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| {
        (TenantId::from_uuid(row.tenant_id), VerificationId::from_uuid(row.verification_id))
    }))
}

/// Notes that the customer service knows this version. When there is no later one and the provider
/// has decided, no work is left.
pub(crate) async fn acknowledge(
    conn: &mut PgConnection,
    verification: &Verification,
) -> Result<(), Error> {
    sqlx::query!(
        "
        update verifications
        set reported_version = greatest(reported_version, $3),
            next_attempt_time =
                case when version = $3 and status <> 'pending' then null else next_attempt_time end
        where tenant_id = $1 and verification_id = $2
        ",
        verification.tenant.uuid(),
        verification.id.uuid(),
        verification.lifecycle.version(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

//! Statements on the table `verifications`, for those who do the work that it asks for.
//!
//! Whoever claims work has it until its lease ends. No transaction stays open meanwhile, and nobody
//! need clean up after a worker that dies.

use std::time::Duration;

use kit::postgres::citus::Layout;
use sqlx::PgConnection;
use time::OffsetDateTime;
use types::{TenantId, VerificationId};
use uuid::Uuid;

use crate::{
    domain::{Outcome, Status, Verification},
    error::Error,
};

mod each;

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
    /// What the provider has decided: what we look at ourselves is still to be done.
    pub(crate) decided: Option<Outcome>,
    /// When the work began: calls of the provider after it may tell what it has not said before.
    claim_time: OffsetDateTime,
    /// When others may take it up; tells this lease from every other.
    lease_end: OffsetDateTime,
}

/// Claims what is due, longest due first, passing over what others are claiming, and what is to be asked
/// where nobody may ask now: of these tenants, these providers. Each lease counts as overrun until it is
/// ended.
pub(crate) async fn claim(
    conn: &mut PgConnection,
    layout: Layout,
    limit: i64,
    lease: Duration,
    closed: &[(TenantId, String)],
) -> Result<Vec<Claimed>, Error> {
    match layout {
        Layout::OneServer => claim_together(conn, limit, lease, closed).await,
        Layout::ByTenant => each::claim(conn, limit, lease, closed).await,
    }
}

async fn claim_together(
    conn: &mut PgConnection,
    limit: i64,
    lease: Duration,
    closed: &[(TenantId, String)],
) -> Result<Vec<Claimed>, Error> {
    let (tenants, adapters): (Vec<Uuid>, Vec<String>) =
        closed.iter().map(|(tenant, adapter)| (tenant.uuid(), adapter.clone())).unzip();
    let rows = sqlx::query!(
        r#"
        with due as materialized (
            select w.tenant_id, w.verification_id
            from verifications w
            where w.next_attempt_time <= now()
                and not (
                    w.status = 'pending' and w.decided_status is null
                    and exists (
                        select from unnest($3::uuid[], $4::text[]) as closed (tenant_id, adapter)
                        where closed.tenant_id = w.tenant_id
                            and closed.adapter = coalesce(w.adapter, w.provider)
                    )
                )
            order by w.next_attempt_time
            limit $1
            for no key update of w skip locked
        )
        update verifications v
        set overruns = overruns + 1,
            next_attempt_time = now() + $2::bigint * interval '1 millisecond'
        from due
        where v.tenant_id = due.tenant_id and v.verification_id = due.verification_id
        returning v.tenant_id, v.verification_id, v.reported_version, v.attempts,
                  v.overruns - 1 as "overruns!", v.provider_reference, v.adapter,
                  v.decided_status, v.decided_reasons, now() as "claim_time!",
                  v.next_attempt_time as "lease_end!"
        "#,
        limit,
        milliseconds(lease),
        &tenants,
        &adapters,
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
        decided: decided(row.decided_status.as_deref(), row.decided_reasons),
        claim_time: row.claim_time,
        lease_end: row.lease_end,
    });
    Ok(claimed.collect())
}

fn decided(status: Option<&str>, reasons: Option<Vec<String>>) -> Option<Outcome> {
    let status = status.and_then(Status::parse)?;
    Outcome::restore(status, reasons.unwrap_or_default())
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

/// Ends a lease: the provider has decided, and what is left of the work is due at once. The first decision
/// stands. It is kept when the lease is over, too, which is then another's to end.
pub(crate) async fn keep_decision(
    conn: &mut PgConnection,
    layout: Layout,
    claimed: &Claimed,
    outcome: Outcome,
) -> Result<(), Error> {
    let (status, reasons) = outcome.into_parts();
    if layout == Layout::ByTenant {
        return each::keep_decision(conn, claimed, status, &reasons).await;
    }
    sqlx::query!(
        "
        update verifications
        set decided_status = coalesce(decided_status, $4),
            decided_reasons = case when decided_status is null then $5 else decided_reasons end,
            overruns = case when next_attempt_time = $3 then 0 else overruns end,
            next_attempt_time =
                case when next_attempt_time = $3 then now() else next_attempt_time end
        where tenant_id = $1 and verification_id = $2
        ",
        claimed.tenant.uuid(),
        claimed.id.uuid(),
        claimed.lease_end,
        status.as_str(),
        &reasons,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Ends a lease: the provider has taken the attempt, and is asked for the outcome after a pause, or at
/// once if it has called back meanwhile. Does nothing when the lease is over.
pub(crate) async fn wait_for_provider(
    conn: &mut PgConnection,
    layout: Layout,
    claimed: &Claimed,
    reference: &str,
    pause: Duration,
) -> Result<(), Error> {
    if layout == Layout::ByTenant {
        return each::wait_for_provider(conn, claimed, reference, pause).await;
    }
    sqlx::query!(
        "
        update verifications
        set provider_reference = $4, attempts = 0, overruns = 0,
            next_attempt_time = case
                when callback_time > $6 then greatest(now(), callback_time)
                else now() + $5::bigint * interval '1 millisecond'
            end
        where tenant_id = $1 and verification_id = $2 and next_attempt_time = $3
        ",
        claimed.tenant.uuid(),
        claimed.id.uuid(),
        claimed.lease_end,
        reference,
        milliseconds(pause),
        claimed.claim_time,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The provider has called back about an attempt: it is due at once or, while a worker is at it, as soon as
/// that ends its lease; but not sooner than so long after the call before. Does nothing to one that is
/// decided.
pub(crate) async fn hasten(
    conn: &mut PgConnection,
    layout: Layout,
    tenant: TenantId,
    id: VerificationId,
    shortest: Duration,
) -> Result<(), Error> {
    if layout == Layout::ByTenant {
        return each::hasten(conn, tenant, id, shortest).await;
    }
    // A call that has not had its turn stands for those that come meanwhile.
    sqlx::query!(
        "
        with called as materialized (
            select tenant_id, verification_id,
                case
                    when callback_time > now() then callback_time
                    else greatest(now(), callback_time + $3::bigint * interval '1 millisecond')
                end as due
            from verifications
            where tenant_id = $1 and verification_id = $2 and status = 'pending'
                and decided_status is null
            for no key update
        )
        update verifications v
        set callback_time = called.due,
            next_attempt_time = case
                when v.overruns = 0 then least(v.next_attempt_time, called.due)
                else v.next_attempt_time
            end
        from called
        where v.tenant_id = called.tenant_id and v.verification_id = called.verification_id
        ",
        tenant.uuid(),
        id.uuid(),
        milliseconds(shortest),
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

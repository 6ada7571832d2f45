//! The same where tenants are on several servers. What is due is looked for on all of them, and then claimed one
//! by one. A statement that writes has its times as values: the servers' clocks are not one, and Citus lets no
//! clock be read in a `case`.

use std::time::Duration;

use sqlx::{Connection, PgConnection};
use time::OffsetDateTime;
use types::{TenantId, VerificationId};
use uuid::Uuid;

use super::{Claimed, decided, milliseconds};
use crate::{domain::Status, error::Error};

/// The coordinator's clock, which all times here are by.
async fn clock(conn: &mut PgConnection) -> Result<OffsetDateTime, Error> {
    Ok(sqlx::query_scalar!(r#"select now() as "now!""#).fetch_one(conn).await?)
}

fn after(time: OffsetDateTime, pause: Duration) -> OffsetDateTime {
    time.saturating_add(pause.try_into().unwrap_or(time::Duration::MAX))
}

/// Each is claimed by the time at which it was due, which nobody else can have after that. What was claimed
/// before a failure is worked on.
pub(super) async fn claim(
    conn: &mut PgConnection,
    limit: i64,
    lease: Duration,
    closed: &[(TenantId, String)],
) -> Result<Vec<Claimed>, Error> {
    let claim_time = clock(conn).await?;
    let closed: Vec<String> =
        closed.iter().map(|(tenant, adapter)| format!("{tenant} {adapter}")).collect();
    let due = sqlx::query!(
        r#"
        select tenant_id, verification_id, next_attempt_time as "time!"
        from verifications
        where next_attempt_time <= $1
            and not (
                status = 'pending' and decided_status is null
                and (tenant_id::text || ' ' || coalesce(adapter, provider)) = any($2::text[])
            )
        order by next_attempt_time
        limit $3
        "#,
        claim_time,
        &closed,
        limit,
    )
    .fetch_all(&mut *conn)
    .await?;
    let mut claimed = Vec::with_capacity(due.len());
    for due in due {
        let place =
            Due { tenant: due.tenant_id, verification: due.verification_id, time: due.time };
        match claim_one(conn, &place, claim_time, lease).await {
            Ok(one) => claimed.extend(one),
            Err(error) if claimed.is_empty() => return Err(error),
            Err(error) => {
                let error = error.cause();
                tracing::warn!(error, "fewer verifications are claimed than are due");
                break;
            }
        }
    }
    Ok(claimed)
}

struct Due {
    tenant: Uuid,
    verification: Uuid,
    time: OffsetDateTime,
}

/// None: somebody else has claimed it.
async fn claim_one(
    conn: &mut PgConnection,
    due: &Due,
    claim_time: OffsetDateTime,
    lease: Duration,
) -> Result<Option<Claimed>, Error> {
    let row = sqlx::query!(
        r#"
        update verifications
        set overruns = overruns + 1,
            next_attempt_time = now() + $4::bigint * interval '1 millisecond'
        where tenant_id = $1 and verification_id = $2 and next_attempt_time = $3
        returning reported_version, attempts, overruns - 1 as "overruns!", provider_reference,
                  adapter, decided_status, decided_reasons, next_attempt_time as "lease_end!"
        "#,
        due.tenant,
        due.verification,
        due.time,
        milliseconds(lease),
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| Claimed {
        tenant: TenantId::from_uuid(due.tenant),
        id: VerificationId::from_uuid(due.verification),
        reported_version: row.reported_version,
        attempts: row.attempts,
        overruns: row.overruns,
        provider_reference: row.provider_reference,
        adapter: row.adapter,
        decided: decided(row.decided_status.as_deref(), row.decided_reasons),
        claim_time,
        lease_end: row.lease_end,
    }))
}

pub(super) async fn keep_decision(
    conn: &mut PgConnection,
    claimed: &Claimed,
    status: Status,
    reasons: &[String],
) -> Result<(), Error> {
    let now = clock(conn).await?;
    sqlx::query!(
        "
        update verifications
        set decided_status = coalesce(decided_status, $4),
            decided_reasons = case when decided_status is null then $5 else decided_reasons end,
            overruns = case when next_attempt_time = $3 then 0 else overruns end,
            next_attempt_time = case when next_attempt_time = $3 then $6 else next_attempt_time end
        where tenant_id = $1 and verification_id = $2
        ",
        claimed.tenant.uuid(),
        claimed.id.uuid(),
        claimed.lease_end,
        status.as_str(),
        reasons,
        now,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn wait_for_provider(
    conn: &mut PgConnection,
    claimed: &Claimed,
    reference: &str,
    pause: Duration,
) -> Result<(), Error> {
    let now = clock(conn).await?;
    sqlx::query!(
        "
        update verifications
        set provider_reference = $4, attempts = 0, overruns = 0,
            next_attempt_time =
                case when callback_time > $5 then greatest($6, callback_time) else $7 end
        where tenant_id = $1 and verification_id = $2 and next_attempt_time = $3
        ",
        claimed.tenant.uuid(),
        claimed.id.uuid(),
        claimed.lease_end,
        reference,
        claimed.claim_time,
        now,
        after(now, pause),
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(super) async fn hasten(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: VerificationId,
    shortest: Duration,
) -> Result<(), Error> {
    let mut tx = conn.begin().await?;
    let now = clock(&mut tx).await?;
    let called = sqlx::query_scalar!(
        "
        select callback_time
        from verifications
        where tenant_id = $1 and verification_id = $2 and status = 'pending'
            and decided_status is null
        for no key update
        ",
        tenant.uuid(),
        id.uuid(),
    );
    let Some(before) = called.fetch_optional(&mut *tx).await? else { return Ok(()) };
    let due = match before {
        // A call that has not had its turn stands for those that come meanwhile.
        Some(before) if before > now => before,
        Some(before) => now.max(after(before, shortest)),
        None => now,
    };
    sqlx::query!(
        "
        update verifications
        set callback_time = $3,
            next_attempt_time =
                case when overruns = 0 then least(next_attempt_time, $3) else next_attempt_time end
        where tenant_id = $1 and verification_id = $2
        ",
        tenant.uuid(),
        id.uuid(),
        due,
    )
    .execute(&mut *tx)
    .await?;
    Ok(tx.commit().await?)
}

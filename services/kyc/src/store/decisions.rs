//! Statements on the table `verification_decisions`. Rows are only ever added.

use kit::{
    audit::{self, Act},
    caller::Caller,
};
use sqlx::PgConnection;
use time::OffsetDateTime;
use types::{TenantId, UserId, VerificationId};

use super::transitions::object;
use crate::{
    domain::{Decision, Note},
    error::Error,
};

/// What a person has decided.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Made {
    /// 1, and one more with each decision on the verification.
    pub(crate) number: i32,
    pub(crate) decision: Decision,
    pub(crate) reason: String,
    /// What it rests on; 0 where that was not noted yet.
    pub(crate) evidence_version: i64,
    /// Kept apart, sealed: see `notes`.
    pub(crate) note: Option<Note>,
    pub(crate) user: UserId,
    pub(crate) took_effect: bool,
    pub(crate) create_time: OffsetDateTime,
}

/// Notes a decision, here and in the audit log, without its note. The verification must be locked.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    (tenant, id): (TenantId, VerificationId),
    made: &Made,
    caller: &Caller,
) -> Result<(), Error> {
    sqlx::query!(
        "
        insert into verification_decisions
            (tenant_id, verification_id, number, decision, reason, user_id, request_id, took_effect,
             create_time, evidence_version)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        ",
        tenant.uuid(),
        id.uuid(),
        made.number,
        made.decision.as_str(),
        made.reason,
        made.user.uuid(),
        caller.call().request_id(),
        made.took_effect,
        made.create_time,
        made.evidence_version,
    )
    .execute(&mut *conn)
    .await?;
    let action = match made.decision {
        Decision::Approve => "decision.approve",
        Decision::Reject => "decision.reject",
        Decision::Resubmission => "decision.ask_again",
    };
    audit::record(conn, caller, &Act::new(action, object(id))).await?;
    Ok(())
}

/// Those on a verification, in the order in which they were made, without their notes.
pub(crate) async fn list(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: VerificationId,
) -> Result<Vec<Made>, Error> {
    let rows = sqlx::query!(
        "
        select number, decision, reason, evidence_version, user_id, took_effect, create_time
        from verification_decisions
        where tenant_id = $1 and verification_id = $2
        order by number
        ",
        tenant.uuid(),
        id.uuid(),
    )
    .fetch_all(conn)
    .await?;
    let made = rows.into_iter().map(|row| {
        Ok(Made {
            number: row.number,
            decision: Decision::parse(&row.decision).ok_or_else(|| Error::broken_row(id))?,
            reason: row.reason,
            evidence_version: row.evidence_version,
            note: None,
            user: UserId::from_uuid(row.user_id),
            took_effect: row.took_effect,
            create_time: row.create_time,
        })
    });
    made.collect()
}

//! Statements on the table `verification_transitions`. Rows are only ever added.

use kit::caller::Caller;
use sqlx::PgConnection;
use time::OffsetDateTime;
use types::{TenantId, UserId, VerificationId};
use uuid::Uuid;

use crate::{
    domain::{Status, Verification},
    error::Error,
};

/// A transition that was made.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Transition {
    pub(crate) status: Status,
    pub(crate) reasons: Vec<String>,
    pub(crate) user: Option<Uuid>,
    pub(crate) create_time: OffsetDateTime,
}

/// Notes the transition that a verification has just made.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    verification: &Verification,
    by: Option<&Caller>,
) -> Result<(), Error> {
    let lifecycle = &verification.lifecycle;
    sqlx::query!(
        "
        insert into verification_transitions
            (tenant_id, verification_id, version, status, reasons, user_id, request_id, create_time)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        ",
        verification.tenant.uuid(),
        verification.id.uuid(),
        lifecycle.version(),
        lifecycle.status().as_str(),
        lifecycle.reasons(),
        by.and_then(Caller::user).map(UserId::uuid),
        by.map(|caller| caller.call().request_id()),
        lifecycle.update_time(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A verification's, from the creation on.
pub(crate) async fn list(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: VerificationId,
) -> Result<Vec<Transition>, Error> {
    let rows = sqlx::query!(
        "
        select status, reasons, user_id, create_time
        from verification_transitions
        where tenant_id = $1 and verification_id = $2
        order by version
        ",
        tenant.uuid(),
        id.uuid(),
    )
    .fetch_all(conn)
    .await?;
    let transitions = rows.into_iter().map(|row| {
        Ok(Transition {
            status: Status::parse(&row.status).ok_or_else(|| Error::broken_row(id))?,
            reasons: row.reasons,
            user: row.user_id,
            create_time: row.create_time,
        })
    });
    transitions.collect()
}

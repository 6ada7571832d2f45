//! Statements on the table `verification_transitions`. Rows are only ever added.

use kit::{
    audit::{self, Act, Digest, Form},
    caller::Caller,
};
use sqlx::PgConnection;
use time::OffsetDateTime;
use types::{TenantId, UserId, VerificationId};
use uuid::Uuid;

use crate::{
    customers::on_our_own_account,
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

/// Notes the transition that a verification has just made, here and in the audit log.
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
    .execute(&mut *conn)
    .await?;
    let before = status_before(conn, verification).await?;
    let status = lifecycle.status();
    let act = Act::new(action(status, before.is_none()), object(verification.id));
    let act = act.after(state(verification, status.as_str(), lifecycle.version()));
    let act = match before {
        Some(before) => {
            act.before(state(verification, &before, lifecycle.version().saturating_sub(1)))
        }
        None => act,
    };
    let ourselves = on_our_own_account(verification.tenant);
    audit::record(conn, by.unwrap_or(&ourselves), &act).await?;
    Ok(())
}

/// Of the version before; none before the first.
async fn status_before(
    conn: &mut PgConnection,
    verification: &Verification,
) -> Result<Option<String>, Error> {
    let before = verification.lifecycle.version().saturating_sub(1);
    if before == 0 {
        return Ok(None);
    }
    let status = sqlx::query_scalar!(
        "
        select status
        from verification_transitions
        where tenant_id = $1 and verification_id = $2 and version = $3
        ",
        verification.tenant.uuid(),
        verification.id.uuid(),
        before,
    );
    Ok(status.fetch_optional(conn).await?)
}

/// As the audit log names it.
pub(crate) fn object(id: VerificationId) -> String {
    format!("verifications/{id}")
}

/// Without the reasons, which may be what a person has written.
fn state(verification: &Verification, status: &str, version: i64) -> Digest {
    let form = Form::of("verification").text(verification.id.to_string());
    form.text(verification.customer.to_string()).text(status).number(version).digest()
}

fn action(to: Status, is_first: bool) -> &'static str {
    match to {
        Status::Pending if is_first => "verification.create",
        Status::Pending => "verification.begin",
        Status::InReview => "verification.refer",
        Status::Verified => "verification.verify",
        Status::ResubmissionRequired => "verification.ask_again",
        Status::Rejected => "verification.reject",
        Status::Expired => "verification.expire",
        Status::Error => "verification.fail",
    }
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

//! Statements on the table `audit_records`, to which rows are only added.

use kit::caller::Caller;
use sqlx::PgConnection;
use types::UserId;
use uuid::Uuid;

use crate::error::Error;

/// Records that the caller does something. `object` names it by ids alone.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    caller: &Caller,
    action: &str,
    object: &str,
) -> Result<(), Error> {
    sqlx::query!(
        "
        insert into audit_records (tenant_id, audit_record_id, user_id, action, object, request_id)
        values ($1, $2, $3, $4, $5, $6)
        ",
        caller.tenant().uuid(),
        Uuid::now_v7(),
        caller.user().map(UserId::uuid),
        action,
        object,
        caller.call().request_id(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

//! Statements on the table `provider_account_changes`. Rows are only ever added.

use kit::{caller::Caller, time::now};
use sqlx::PgConnection;
use types::UserId;
use uuid::Uuid;

use crate::{error::Error, providers::account::Adapter};

/// What was done to an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Set,
    Deleted,
}

/// Notes who has changed an account.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    caller: &Caller,
    adapter: Adapter,
    change: Change,
) -> Result<(), Error> {
    let change = match change {
        Change::Set => "set",
        Change::Deleted => "deleted",
    };
    sqlx::query!(
        "
        insert into provider_account_changes
            (tenant_id, change_id, provider, change, user_id, request_id, create_time)
        values ($1, $2, $3, $4, $5, $6, $7)
        ",
        caller.tenant().uuid(),
        Uuid::now_v7(),
        adapter.as_str(),
        change,
        caller.user().map(UserId::uuid),
        caller.call().request_id(),
        now(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

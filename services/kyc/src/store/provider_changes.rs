//! Statements on the table `provider_account_changes`. Rows are only ever added.

use kit::{
    audit::{self, Act, Digest},
    caller::Caller,
    time::now,
};
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

/// Notes who has changed an account, here and in the audit log; with digests of what it was and is.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    caller: &Caller,
    adapter: Adapter,
    change: Change,
    (before, after): (Option<Digest>, Option<Digest>),
) -> Result<(), Error> {
    let (change, action) = match change {
        Change::Set => ("set", "provider.set"),
        Change::Deleted => ("deleted", "provider.delete"),
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
    .execute(&mut *conn)
    .await?;
    let mut act = Act::new(action, format_args!("providers/{}", adapter.as_str()));
    if let Some(before) = before {
        act = act.before(before);
    }
    if let Some(after) = after {
        act = act.after(after);
    }
    audit::record(conn, caller, &act).await?;
    Ok(())
}

//! Statements on the table `review_policies`.

use kit::caller::Caller;
use sqlx::PgConnection;
use time::OffsetDateTime;
use types::{TenantId, UserId};

use crate::error::Error;

/// Whether a tenant wants two people to decide the same.
pub(crate) async fn four_eyes(conn: &mut PgConnection, tenant: TenantId) -> Result<bool, Error> {
    let four_eyes = sqlx::query_scalar!(
        "select four_eyes from review_policies where tenant_id = $1",
        tenant.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(four_eyes.unwrap_or(false))
}

pub(crate) async fn save(
    conn: &mut PgConnection,
    caller: &Caller,
    four_eyes: bool,
    at: OffsetDateTime,
) -> Result<(), Error> {
    sqlx::query!(
        "
        insert into review_policies (tenant_id, four_eyes, user_id, update_time)
        values ($1, $2, $3, $4)
        on conflict (tenant_id) do update
        set four_eyes = excluded.four_eyes, user_id = excluded.user_id,
            update_time = excluded.update_time
        ",
        caller.tenant().uuid(),
        four_eyes,
        caller.user().map(UserId::uuid),
        at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

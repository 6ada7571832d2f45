//! Statements on the table `customer_standings`: how often any customer of a tenant was enabled or
//! disabled, and who is active at that count.

use sqlx::PgConnection;
use types::{CustomerId, TenantId};
use uuid::Uuid;

use crate::{domain::Standings, error::Error};

/// Counts a change of a customer's `active`. Comes after the customer's own row is locked and is the
/// last lock that a transaction takes, so that no two wait for each other.
pub(crate) async fn count_change(conn: &mut PgConnection, tenant: TenantId) -> Result<(), Error> {
    sqlx::query!(
        "
        insert into customer_standings as s (tenant_id, version)
        values ($1, 1)
        on conflict on constraint customer_standings_pkey do update set version = s.version + 1
        ",
        tenant.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The version and who is active at it: one statement, so that both are of one moment.
pub(crate) async fn find(
    conn: &mut PgConnection,
    tenant: TenantId,
    ids: &[CustomerId],
) -> Result<Standings, Error> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let found = sqlx::query!(
        r#"
        select
            coalesce(
                (select version from customer_standings where tenant_id = $1), 0
            ) as "version!",
            array(
                select customer_id
                from customers
                where tenant_id = $1 and customer_id = any($2) and active
            ) as "active!"
        "#,
        tenant.uuid(),
        &ids,
    )
    .fetch_one(conn)
    .await?;
    let active = found.active.into_iter().map(CustomerId::from_uuid).collect();
    Ok(Standings { version: found.version, active })
}

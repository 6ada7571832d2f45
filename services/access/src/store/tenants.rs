//! Statements on the table `tenants`.

use sqlx::PgConnection;
use types::{TenantId, Text};

/// Adds a tenant, unless there is one of that name.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    tenant: TenantId,
    name: &Text,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "
        insert into tenants (tenant_id, name)
        values ($1, $2)
        on conflict on constraint tenants_name_once do nothing
        ",
        tenant.uuid(),
        name.as_str(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(crate) async fn find(conn: &mut PgConnection, name: &Text) -> Result<TenantId, sqlx::Error> {
    sqlx::query_scalar!("select tenant_id from tenants where name = $1", name.as_str())
        .fetch_one(conn)
        .await
        .map(TenantId::from_uuid)
}

//! Statements on the table `tenants`.

use sqlx::PgConnection;
use time::OffsetDateTime;
use types::{TenantId, Text};
use uuid::Uuid;

use crate::domain::Edit;

/// A tenant as an operator sees it.
#[derive(Debug)]
pub(crate) struct Tenant {
    pub(crate) id: TenantId,
    pub(crate) name: String,
    pub(crate) active: bool,
    pub(crate) requests_per_s: Option<i32>,
    pub(crate) create_time: OffsetDateTime,
}

/// What may be changed of a tenant.
#[derive(Debug, Default)]
pub(crate) struct Change {
    pub(crate) active: Option<bool>,
    pub(crate) requests_per_s: Edit<i32>,
}

struct Row {
    tenant_id: Uuid,
    name: String,
    active: bool,
    requests_per_s: Option<i32>,
    create_time: OffsetDateTime,
}

impl From<Row> for Tenant {
    fn from(row: Row) -> Self {
        Self {
            id: TenantId::from_uuid(row.tenant_id),
            name: row.name,
            active: row.active,
            requests_per_s: row.requests_per_s,
            create_time: row.create_time,
        }
    }
}

/// Adds a tenant, unless there is one of that name; answers whether there was none.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    tenant: TenantId,
    name: &Text,
) -> Result<bool, sqlx::Error> {
    let inserted = sqlx::query!(
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
    Ok(inserted.rows_affected() == 1)
}

pub(crate) async fn find(conn: &mut PgConnection, name: &Text) -> Result<TenantId, sqlx::Error> {
    sqlx::query_scalar!("select tenant_id from tenants where name = $1", name.as_str())
        .fetch_one(conn)
        .await
        .map(TenantId::from_uuid)
}

/// Tenants, newest first, those before `before`.
pub(crate) async fn list(
    conn: &mut PgConnection,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Tenant>, sqlx::Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"
        select tenant_id, name, disable_time is null as "active!", requests_per_s, create_time
        from tenants
        where $1::uuid is null or tenant_id < $1
        order by tenant_id desc
        limit $2
        "#,
        before,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// Finds a tenant and keeps it as it is until the transaction ends.
pub(crate) async fn lock(
    conn: &mut PgConnection,
    tenant: TenantId,
) -> Result<Option<Tenant>, sqlx::Error> {
    let row = sqlx::query_as!(
        Row,
        r#"
        select tenant_id, name, disable_time is null as "active!", requests_per_s, create_time
        from tenants
        where tenant_id = $1
        for no key update
        "#,
        tenant.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(Into::into))
}

/// Changes a tenant, if there is one of that id.
pub(crate) async fn update(
    conn: &mut PgConnection,
    tenant: TenantId,
    change: &Change,
) -> Result<Option<Tenant>, sqlx::Error> {
    let row = sqlx::query_as!(
        Row,
        r#"
        update tenants set
            disable_time = case
                when $2 then null
                when not $2 then coalesce(disable_time, now())
                else disable_time
            end,
            requests_per_s = case when $3 then $4 else requests_per_s end
        where tenant_id = $1
        returning
            tenant_id, name, disable_time is null as "active!", requests_per_s, create_time
        "#,
        tenant.uuid(),
        change.active,
        change.requests_per_s.is_set(),
        change.requests_per_s.value(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(Into::into))
}

//! Statements on the table `allowances`.

use sqlx::PgConnection;
use types::TenantId;
use uuid::Uuid;

/// How far an allowance is spent, and PostgreSQL's clock; both in microseconds since 1970.
pub(crate) struct Spent {
    pub(crate) until_us: i64,
    pub(crate) now_us: i64,
}

/// Sees to it that there is a row; a new one has its allowance in full.
pub(crate) async fn ensure(
    conn: &mut PgConnection,
    tenant: TenantId,
    subject: Uuid,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "
        insert into allowances (tenant_id, subject_id, spent_until_us)
        values ($1, $2, 0)
        on conflict on constraint allowances_pkey do nothing
        ",
        tenant.uuid(),
        subject,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Locks an allowance.
pub(crate) async fn lock(
    conn: &mut PgConnection,
    tenant: TenantId,
    subject: Uuid,
) -> Result<Option<Spent>, sqlx::Error> {
    sqlx::query_as!(
        Spent,
        r#"
        select
            spent_until_us as until_us,
            (extract(epoch from clock_timestamp()) * 1000000)::bigint as "now_us!"
        from allowances
        where tenant_id = $1 and subject_id = $2
        for update
        "#,
        tenant.uuid(),
        subject,
    )
    .fetch_optional(conn)
    .await
}

/// Writes how far an allowance is spent that is locked.
pub(crate) async fn save(
    conn: &mut PgConnection,
    tenant: TenantId,
    subject: Uuid,
    spent_until_us: i64,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "update allowances set spent_until_us = $3 where tenant_id = $1 and subject_id = $2",
        tenant.uuid(),
        subject,
        spent_until_us,
    )
    .execute(conn)
    .await?;
    Ok(())
}

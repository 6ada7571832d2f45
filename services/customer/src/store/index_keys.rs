//! Statements on the table `index_keys`.

use kit::{keys::WrappedKey, postgres::citus::Layout};
use sqlx::PgConnection;
use types::TenantId;
use uuid::Uuid;

use crate::error::Error;

pub(crate) async fn find(
    conn: &mut PgConnection,
    tenant: TenantId,
) -> Result<Option<WrappedKey>, Error> {
    let row = sqlx::query!(
        "select key, key_version from index_keys where tenant_id = $1",
        tenant.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| WrappedKey { version: row.key_version, bytes: row.key }))
}

/// Answers the one that is stored, which another process may have made meanwhile.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    tenant: TenantId,
    key: &WrappedKey,
) -> Result<WrappedKey, Error> {
    sqlx::query!(
        "
        insert into index_keys (tenant_id, key, key_version)
        values ($1, $2, $3)
        on conflict on constraint index_keys_pkey do nothing
        ",
        tenant.uuid(),
        key.bytes,
        key.version,
    )
    .execute(&mut *conn)
    .await?;
    let row = sqlx::query!(
        "select key, key_version from index_keys where tenant_id = $1",
        tenant.uuid(),
    )
    .fetch_one(conn)
    .await?;
    Ok(WrappedKey { version: row.key_version, bytes: row.key })
}

struct Row {
    tenant_id: Uuid,
    key: Vec<u8>,
    key_version: i32,
}

/// Those that another key-encryption key wraps than this version's. They are locked where they are on one
/// server; on several, another rotation may write them too: it wraps the same keys, which never change.
pub(crate) async fn not_wrapped_by(
    conn: &mut PgConnection,
    layout: Layout,
    version: i32,
) -> Result<Vec<(TenantId, WrappedKey)>, Error> {
    let rows = match layout {
        Layout::OneServer => lock_not_wrapped_by(conn, version).await?,
        Layout::ByTenant => list_not_wrapped_by(conn, version).await?,
    };
    let kept = rows.into_iter().map(|row| {
        let key = WrappedKey { version: row.key_version, bytes: row.key };
        (TenantId::from_uuid(row.tenant_id), key)
    });
    Ok(kept.collect())
}

async fn lock_not_wrapped_by(conn: &mut PgConnection, version: i32) -> Result<Vec<Row>, Error> {
    let rows = sqlx::query_as!(
        Row,
        "
        select tenant_id, key, key_version from index_keys
        where key_version <> $1
        order by tenant_id
        for update
        ",
        version,
    );
    Ok(rows.fetch_all(conn).await?)
}

async fn list_not_wrapped_by(conn: &mut PgConnection, version: i32) -> Result<Vec<Row>, Error> {
    let rows = sqlx::query_as!(
        Row,
        "
        select tenant_id, key, key_version from index_keys
        where key_version <> $1
        order by tenant_id
        ",
        version,
    );
    Ok(rows.fetch_all(conn).await?)
}

/// The same key, wrapped anew.
pub(crate) async fn save(
    conn: &mut PgConnection,
    tenant: TenantId,
    key: &WrappedKey,
) -> Result<(), Error> {
    sqlx::query!(
        "update index_keys set key = $2, key_version = $3 where tenant_id = $1",
        tenant.uuid(),
        key.bytes,
        key.version,
    )
    .execute(conn)
    .await?;
    Ok(())
}

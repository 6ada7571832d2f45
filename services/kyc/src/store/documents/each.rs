//! The same where tenants are on several servers: what is looked for on all of them is not locked, and what
//! writes is of one tenant.

use kit::keys::WrappedKey;
use sqlx::PgConnection;
use uuid::Uuid;

use super::label;
use crate::{
    error::Error,
    objects::ObjectName,
    safe::{Kept, Label},
};

pub(super) async fn recorded(
    conn: &mut PgConnection,
    names: &[ObjectName],
) -> Result<Vec<ObjectName>, Error> {
    let mut names = names.to_vec();
    names.sort_unstable_by_key(|name| name.tenant);
    let mut recorded = Vec::new();
    for of_one in names.chunk_by(|one, next| one.tenant == next.tenant) {
        let Some(first) = of_one.first() else { continue };
        let ids: Vec<Uuid> = of_one.iter().map(|name| name.id).collect();
        let found = sqlx::query_scalar!(
            r#"
            select object_id as "object_id!"
            from documents
            where tenant_id = $1 and object_id = any($2)
            "#,
            first.tenant.uuid(),
            &ids,
        )
        .fetch_all(&mut *conn)
        .await?;
        recorded.extend(found.into_iter().map(|id| ObjectName { tenant: first.tenant, id }));
    }
    Ok(recorded)
}

pub(super) async fn not_wrapped_by(
    conn: &mut PgConnection,
    version: i32,
    after: Option<&Label>,
    limit: i64,
) -> Result<Vec<Kept>, Error> {
    let rows = sqlx::query!(
        r#"
        select tenant_id, verification_id, side, mime_type, object_id as "object_id!",
               wrapped_key as "wrapped_key!", key_version as "key_version!"
        from documents
        where key_version <> $1
            and ($2::uuid is null or (tenant_id, verification_id, side) > ($2, $3::uuid, $4::text))
        order by tenant_id, verification_id, side
        limit $5
        "#,
        version,
        after.map(|label| label.tenant.uuid()),
        after.map(|label| label.verification.uuid()),
        after.map(|label| label.side.as_str()),
        limit,
    )
    .fetch_all(conn)
    .await?;
    let kept = rows.into_iter().map(|row| {
        let label = label(row.tenant_id, row.verification_id, &row.side, &row.mime_type)?;
        let key = WrappedKey { version: row.key_version, bytes: row.wrapped_key };
        Ok(Kept { label, object: row.object_id, key })
    });
    kept.collect()
}

/// Nobody was kept from changing a document since its key was read: one that has another key by now keeps
/// that, and one that was erased stays so.
pub(super) async fn save_keys(
    conn: &mut PgConnection,
    keys: &[(Kept, WrappedKey)],
) -> Result<(), Error> {
    for of_one in keys.chunk_by(|(one, _), (next, _)| one.label.tenant == next.label.tenant) {
        let Some((first, _)) = of_one.first() else { continue };
        let objects: Vec<Uuid> = of_one.iter().map(|(kept, _)| kept.object).collect();
        let were: Vec<Vec<u8>> = of_one.iter().map(|(kept, _)| kept.key.bytes.clone()).collect();
        let wrapped: Vec<Vec<u8>> = of_one.iter().map(|(_, key)| key.bytes.clone()).collect();
        let versions: Vec<i32> = of_one.iter().map(|(_, key)| key.version).collect();
        sqlx::query!(
            "
            update documents d
            set wrapped_key = new.wrapped_key, key_version = new.key_version
            from unnest($2::uuid[], $3::bytea[], $4::bytea[], $5::integer[])
                as new (object_id, was, wrapped_key, key_version)
            where d.tenant_id = $1 and d.object_id = new.object_id and d.wrapped_key = new.was
            ",
            first.label.tenant.uuid(),
            &objects,
            &were,
            &wrapped,
            &versions,
        )
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

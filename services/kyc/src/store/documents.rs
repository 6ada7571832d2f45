//! Statements on the table `documents`: where each is, and its wrapped data key. What is in them is in the
//! safe.

use kit::{keys::WrappedKey, postgres::citus::Layout};
use sqlx::PgConnection;
use time::OffsetDateTime;
use types::{CustomerId, TenantId, VerificationId};
use uuid::Uuid;

use crate::{
    domain::{MimeType, Side},
    error::Error,
    objects::ObjectName,
    safe::{Kept, Label},
};

mod each;

/// What there is of a document.
#[derive(Debug)]
pub(crate) enum Found {
    /// It is in the safe.
    Kept(Kept),
    /// It is still in the database: stored by an earlier release.
    Plain(Plain),
    /// Its data key was destroyed.
    Erased,
}

/// A document that is still to be moved into the safe.
pub(crate) struct Plain {
    pub(crate) label: Label,
    pub(crate) content: Vec<u8>,
}

/// Documents are personal data.
impl std::fmt::Debug for Plain {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plain").field("label", &self.label).finish_non_exhaustive()
    }
}

/// Records the documents of a new attempt.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    create_time: OffsetDateTime,
    documents: &[Kept],
) -> Result<(), Error> {
    for Kept { label, object, key } in documents {
        sqlx::query!(
            "
            insert into documents
                (tenant_id, verification_id, side, mime_type, object_id, wrapped_key, key_version,
                 create_time)
            values ($1, $2, $3, $4, $5, $6, $7, $8)
            ",
            label.tenant.uuid(),
            label.verification.uuid(),
            label.side.as_str(),
            label.mime_type.as_str(),
            object,
            key.bytes,
            key.version,
            create_time,
        )
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

pub(crate) async fn find(
    conn: &mut PgConnection,
    tenant: TenantId,
    verification: VerificationId,
    side: Side,
) -> Result<Option<Found>, Error> {
    let row = sqlx::query!(
        "
        select mime_type, content, object_id, wrapped_key, key_version
        from documents
        where tenant_id = $1 and verification_id = $2 and side = $3
        ",
        tenant.uuid(),
        verification.uuid(),
        side.as_str(),
    )
    .fetch_optional(conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let mime_type =
        MimeType::parse(&row.mime_type).ok_or_else(|| Error::broken_row(verification))?;
    let label = Label { tenant, verification, side, mime_type };
    Ok(Some(match (row.content, row.object_id, row.wrapped_key, row.key_version) {
        (Some(content), ..) => Found::Plain(Plain { label, content }),
        (None, Some(object), Some(bytes), Some(version)) => {
            Found::Kept(Kept { label, object, key: WrappedKey { version, bytes } })
        }
        (None, ..) => Found::Erased,
    }))
}

/// Which of these objects are documents.
pub(crate) async fn recorded(
    conn: &mut PgConnection,
    layout: Layout,
    names: &[ObjectName],
) -> Result<Vec<ObjectName>, Error> {
    if layout == Layout::ByTenant {
        return each::recorded(conn, names).await;
    }
    let tenants: Vec<Uuid> = names.iter().map(|name| name.tenant.uuid()).collect();
    let ids: Vec<Uuid> = names.iter().map(|name| name.id).collect();
    let rows = sqlx::query!(
        r#"
        select d.tenant_id, d.object_id as "object_id!"
        from unnest($1::uuid[], $2::uuid[]) as asked (tenant_id, object_id)
        join documents d on d.tenant_id = asked.tenant_id and d.object_id = asked.object_id
        "#,
        &tenants,
        &ids,
    )
    .fetch_all(conn)
    .await?;
    let names = rows
        .into_iter()
        .map(|row| ObjectName { tenant: TenantId::from_uuid(row.tenant_id), id: row.object_id });
    Ok(names.collect())
}

/// Some of the documents whose data keys other versions than this one wrap, after a place; on one server they
/// are locked until the transaction ends, and those that others lock are passed over.
pub(crate) async fn not_wrapped_by(
    conn: &mut PgConnection,
    layout: Layout,
    version: i32,
    after: Option<&Label>,
    limit: i64,
) -> Result<Vec<Kept>, Error> {
    if layout == Layout::ByTenant {
        return each::not_wrapped_by(conn, version, after, limit).await;
    }
    let rows = sqlx::query!(
        r#"
        select tenant_id, verification_id, side, mime_type, object_id as "object_id!",
               wrapped_key as "wrapped_key!", key_version as "key_version!"
        from documents
        where key_version <> $1
            and ($2::uuid is null or (tenant_id, verification_id, side) > ($2, $3::uuid, $4::text))
        order by tenant_id, verification_id, side
        limit $5
        for no key update skip locked
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

/// Stores data keys that were wrapped anew, beside the documents as they were read.
pub(crate) async fn save_keys(
    conn: &mut PgConnection,
    layout: Layout,
    keys: &[(Kept, WrappedKey)],
) -> Result<(), Error> {
    if layout == Layout::ByTenant {
        return each::save_keys(conn, keys).await;
    }
    let tenants: Vec<Uuid> = keys.iter().map(|(kept, _)| kept.label.tenant.uuid()).collect();
    let objects: Vec<Uuid> = keys.iter().map(|(kept, _)| kept.object).collect();
    let wrapped: Vec<Vec<u8>> = keys.iter().map(|(_, key)| key.bytes.clone()).collect();
    let versions: Vec<i32> = keys.iter().map(|(_, key)| key.version).collect();
    sqlx::query!(
        "
        update documents d
        set wrapped_key = new.wrapped_key, key_version = new.key_version
        from unnest($1::uuid[], $2::uuid[], $3::bytea[], $4::integer[])
            as new (tenant_id, object_id, wrapped_key, key_version)
        where d.tenant_id = new.tenant_id and d.object_id = new.object_id
        ",
        &tenants,
        &objects,
        &wrapped,
        &versions,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// One document that is still in the database.
pub(crate) async fn any_plain(conn: &mut PgConnection) -> Result<Option<Plain>, Error> {
    let row = sqlx::query!(
        r#"
        select tenant_id, verification_id, side, mime_type, content as "content!"
        from documents
        where content is not null
        limit 1
        "#,
    )
    .fetch_optional(conn)
    .await?;
    let plain = row.map(|row| {
        let label = label(row.tenant_id, row.verification_id, &row.side, &row.mime_type)?;
        Ok(Plain { label, content: row.content })
    });
    plain.transpose()
}

/// Notes that a document was moved into the safe, unless it was moved or erased meanwhile.
pub(crate) async fn save_moved(conn: &mut PgConnection, kept: &Kept) -> Result<(), Error> {
    let Kept { label, object, key } = kept;
    sqlx::query!(
        "
        update documents
        set content = null, object_id = $4, wrapped_key = $5, key_version = $6
        where tenant_id = $1 and verification_id = $2 and side = $3 and content is not null
        ",
        label.tenant.uuid(),
        label.verification.uuid(),
        label.side.as_str(),
        object,
        key.bytes,
        key.version,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Destroys the data keys of all documents of these customers, in a transaction. Answers the objects, which
/// nobody can open any more.
pub(crate) async fn erase(
    conn: &mut PgConnection,
    tenant: TenantId,
    customers: &[CustomerId],
) -> Result<Vec<ObjectName>, Error> {
    let customers: Vec<Uuid> = customers.iter().map(|customer| customer.uuid()).collect();
    let gone = sqlx::query!(
        "
        select d.verification_id, d.side, d.object_id
        from verifications v
        join documents d
            on d.tenant_id = v.tenant_id and d.verification_id = v.verification_id
        where v.tenant_id = $1 and v.customer_id = any($2) and d.erase_time is null
        order by d.verification_id, d.side
        for no key update of d
        ",
        tenant.uuid(),
        &customers,
    )
    .fetch_all(&mut *conn)
    .await?;
    let verifications: Vec<Uuid> = gone.iter().map(|gone| gone.verification_id).collect();
    let sides: Vec<String> = gone.iter().map(|gone| gone.side.clone()).collect();
    sqlx::query!(
        "
        update documents d
        set content = null, object_id = null, wrapped_key = null, key_version = null,
            erase_time = now()
        from unnest($2::uuid[], $3::text[]) as gone (verification_id, side)
        where d.tenant_id = $1 and d.verification_id = gone.verification_id and d.side = gone.side
        ",
        tenant.uuid(),
        &verifications,
        &sides,
    )
    .execute(conn)
    .await?;
    let objects = gone.into_iter().filter_map(|gone| gone.object_id);
    Ok(objects.map(|id| ObjectName { tenant, id }).collect())
}

fn label(tenant: Uuid, verification: Uuid, side: &str, mime_type: &str) -> Result<Label, Error> {
    let verification = VerificationId::from_uuid(verification);
    let broken = || Error::broken_row(verification);
    Ok(Label {
        tenant: TenantId::from_uuid(tenant),
        verification,
        side: Side::parse(side).ok_or_else(broken)?,
        mime_type: MimeType::parse(mime_type).ok_or_else(broken)?,
    })
}

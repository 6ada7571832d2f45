//! Statements that find records which are in no chain yet, and those that make them links.
//!
//! However big the log is, each looks at so many records and no more: at a stretch of the index of times, or
//! of the primary key.

use sqlx::PgConnection;
use time::OffsetDateTime;
use uuid::Uuid;

use super::{chain::Link, store::Kept};

/// The database's clock.
pub(super) async fn now(conn: &mut PgConnection) -> Result<OffsetDateTime, sqlx::Error> {
    sqlx::query_scalar!(r#"select now() as "now!""#).fetch_one(conn).await
}

/// A record's primary key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) tenant: Uuid,
    pub(super) record: Uuid,
}

/// Before all of them.
pub(super) const FIRST: Place = Place { tenant: Uuid::nil(), record: Uuid::nil() };

/// When the youngest record that is in a chain was written.
pub(super) async fn last_linked(
    conn: &mut PgConnection,
) -> Result<Option<OffsetDateTime>, sqlx::Error> {
    sqlx::query_scalar!(
        "
        select r.create_time
        from audit_records r
        where exists (
            select from audit_links l
            where l.tenant_id = r.tenant_id and l.audit_record_id = r.audit_record_id
        )
        order by r.create_time desc
        limit 1
        "
    )
    .fetch_optional(conn)
    .await
}

/// The time of the record that comes so many records after `since`; none where there are not so many before
/// `before`.
pub(super) async fn time_after(
    conn: &mut PgConnection,
    since: OffsetDateTime,
    before: OffsetDateTime,
    records: i64,
) -> Result<Option<OffsetDateTime>, sqlx::Error> {
    sqlx::query_scalar!(
        "
        select create_time
        from audit_records
        where create_time >= $1 and create_time < $2
        order by create_time
        offset $3
        limit 1
        ",
        since,
        before,
        records,
    )
    .fetch_optional(conn)
    .await
}

/// Records of a time that are in no chain, tenant by tenant, oldest first.
pub(super) async fn of_time(
    conn: &mut PgConnection,
    since: OffsetDateTime,
    before: OffsetDateTime,
) -> Result<Vec<Place>, sqlx::Error> {
    sqlx::query_as!(
        Place,
        "
        select r.tenant_id as tenant, r.audit_record_id as record
        from audit_records r
        where r.create_time >= $1 and r.create_time < $2
            and not exists (
                select from audit_links l
                where l.tenant_id = r.tenant_id and l.audit_record_id = r.audit_record_id
            )
        order by r.tenant_id, r.audit_record_id
        ",
        since,
        before,
    )
    .fetch_all(conn)
    .await
}

/// The key of the record that comes so many records after `from`; none where there are not so many.
pub(super) async fn place_after(
    conn: &mut PgConnection,
    from: Place,
    records: i64,
) -> Result<Option<Place>, sqlx::Error> {
    sqlx::query_as!(
        Place,
        "
        select tenant_id as tenant, audit_record_id as record
        from audit_records
        where (tenant_id, audit_record_id) >= ($1, $2)
        order by tenant_id, audit_record_id
        offset $3
        limit 1
        ",
        from.tenant,
        from.record,
        records,
    )
    .fetch_optional(conn)
    .await
}

/// Records from one key to another, which is left out unless it is none, that are in no chain.
pub(super) async fn between(
    conn: &mut PgConnection,
    from: Place,
    to: Option<Place>,
    before: OffsetDateTime,
) -> Result<Vec<Place>, sqlx::Error> {
    let end = to.unwrap_or(Place { tenant: Uuid::max(), record: Uuid::max() });
    sqlx::query_as!(
        Place,
        "
        select r.tenant_id as tenant, r.audit_record_id as record
        from audit_records r
        where (r.tenant_id, r.audit_record_id) >= ($1, $2)
            and (r.tenant_id, r.audit_record_id) < ($3, $4)
            and r.create_time < $5
            and not exists (
                select from audit_links l
                where l.tenant_id = r.tenant_id and l.audit_record_id = r.audit_record_id
            )
        order by r.tenant_id, r.audit_record_id
        ",
        from.tenant,
        from.record,
        end.tenant,
        end.record,
        before,
    )
    .fetch_all(conn)
    .await
}

/// Those of a tenant's records that are in no chain, oldest first.
pub(super) async fn of_tenant(
    conn: &mut PgConnection,
    tenant: Uuid,
    records: &[Uuid],
) -> Result<Vec<Kept>, sqlx::Error> {
    sqlx::query_as!(
        Kept,
        "
        select
            r.tenant_id, r.audit_record_id, r.user_id, r.api_key_id, r.service, r.action, r.object,
            r.before_digest, r.after_digest, r.request_id, r.create_time
        from audit_records r
        where r.tenant_id = $1 and r.audit_record_id = any($2)
            and not exists (
                select from audit_links l
                where l.tenant_id = r.tenant_id and l.audit_record_id = r.audit_record_id
            )
        order by r.audit_record_id
        ",
        tenant,
        records,
    )
    .fetch_all(conn)
    .await
}

/// The last place of a tenant's chain, and the hash there.
pub(super) async fn head(
    conn: &mut PgConnection,
    tenant: Uuid,
) -> Result<Option<(i64, Vec<u8>)>, sqlx::Error> {
    let head = sqlx::query!(
        "select sequence, hash from audit_links where tenant_id = $1 order by sequence desc limit 1",
        tenant,
    )
    .fetch_optional(conn)
    .await?;
    Ok(head.map(|head| (head.sequence, head.hash)))
}

/// Adds links to a tenant's chain: all, or none where somebody else has been faster with one.
pub(super) async fn add(
    conn: &mut PgConnection,
    tenant: Uuid,
    links: &[Link],
) -> Result<(), sqlx::Error> {
    let sequences: Vec<i64> = links.iter().map(|link| link.sequence).collect();
    let records: Vec<Uuid> = links.iter().map(|link| link.record).collect();
    let hashes: Vec<&[u8]> = links.iter().map(|link| link.hash.as_slice()).collect();
    sqlx::query!(
        "
        insert into audit_links (tenant_id, sequence, audit_record_id, hash)
        select $1, sequence, audit_record_id, hash
        from unnest($2::bigint[], $3::uuid[], $4::bytea[])
            as l (sequence, audit_record_id, hash)
        ",
        tenant,
        &sequences,
        &records,
        &hashes as _,
    )
    .execute(conn)
    .await?;
    Ok(())
}

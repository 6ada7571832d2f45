//! Statements on the tables `audit_records` and `audit_links`, to which rows are only added.

use std::time::Duration;

use sqlx::{PgConnection, postgres::types::PgInterval};
use time::OffsetDateTime;
use tokio_stream::{Stream, StreamExt as _};
use types::{ApiKeyId, TenantId, UserId};
use uuid::Uuid;

use super::Act;
use crate::caller::Caller;

/// Who acts where neither a user nor the name of a service is known.
const UNNAMED: &str = "unnamed";

pub(super) async fn insert(
    conn: &mut PgConnection,
    by: &Caller,
    act: &Act,
) -> Result<(), sqlx::Error> {
    let service = match by.user() {
        Some(_) => None,
        None => Some(by.service_name().unwrap_or(UNNAMED)),
    };
    sqlx::query!(
        "
        insert into audit_records
            (tenant_id, audit_record_id, user_id, api_key_id, service, action, object,
             before_digest, after_digest, request_id)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
        ",
        by.tenant().uuid(),
        Uuid::now_v7(),
        by.user().map(UserId::uuid),
        by.key().map(ApiKeyId::uuid),
        service,
        act.action,
        act.object,
        act.before.as_ref().map(<[u8; 32]>::as_slice),
        act.after.as_ref().map(<[u8; 32]>::as_slice),
        by.call().request_id(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A record as it is kept.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    pub(super) tenant_id: Uuid,
    pub(super) audit_record_id: Uuid,
    pub(super) user_id: Option<Uuid>,
    pub(super) api_key_id: Option<Uuid>,
    pub(super) service: Option<String>,
    pub(super) action: String,
    pub(super) object: String,
    pub(super) before_digest: Option<Vec<u8>>,
    pub(super) after_digest: Option<Vec<u8>>,
    pub(super) request_id: String,
    pub(super) create_time: OffsetDateTime,
}

/// Which records are wanted.
#[derive(Debug, Default)]
pub(super) struct Wanted {
    pub(super) before: Option<Uuid>,
    pub(super) user: Option<UserId>,
    pub(super) action: Option<String>,
    pub(super) object: Option<String>,
    pub(super) from: Option<OffsetDateTime>,
    pub(super) to: Option<OffsetDateTime>,
}

/// How far the time in an id may be from the time by the database's clock.
const CLOCK_MARGIN: time::Duration = time::Duration::minutes(10);

impl Wanted {
    /// The ids that records of these times can have: a range of the primary key, which times are not.
    fn ids(&self) -> (Uuid, Uuid) {
        let first = |at: OffsetDateTime| {
            let ms = u128::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap_or_default();
            Uuid::from_u128(ms.saturating_mul(1 << 80))
        };
        let from = self.from.map(|at| first(at.saturating_sub(CLOCK_MARGIN)));
        let to = self.to.map(|at| first(at.saturating_add(CLOCK_MARGIN)));
        let to = to.unwrap_or(Uuid::max());
        (from.unwrap_or(Uuid::nil()), self.before.map_or(to, |before| before.min(to)))
    }
}

/// A record with its place in the chain, if it has one.
#[derive(Debug)]
pub(super) struct Listed {
    pub(super) audit_record_id: Uuid,
    pub(super) user_id: Option<Uuid>,
    pub(super) api_key_id: Option<Uuid>,
    pub(super) service: Option<String>,
    pub(super) action: String,
    pub(super) object: String,
    pub(super) before_digest: Option<Vec<u8>>,
    pub(super) after_digest: Option<Vec<u8>>,
    pub(super) request_id: String,
    pub(super) create_time: OffsetDateTime,
    pub(super) sequence: Option<i64>,
    pub(super) hash: Option<Vec<u8>>,
}

/// A tenant's records, newest first. In a transaction.
pub(super) async fn list(
    conn: &mut PgConnection,
    tenant: TenantId,
    wanted: &Wanted,
    limit: i64,
) -> Result<Vec<Listed>, sqlx::Error> {
    let (from, before) = wanted.ids();
    // Which index is right depends on what is asked for: one plan for all would be the primary key's.
    sqlx::query!("set local plan_cache_mode = force_custom_plan").execute(&mut *conn).await?;
    sqlx::query_as!(
        Listed,
        r#"
        select
            r.audit_record_id, r.user_id, r.api_key_id, r.service, r.action, r.object,
            r.before_digest, r.after_digest, r.request_id, r.create_time,
            l.sequence as "sequence?", l.hash as "hash?"
        from audit_records r
        left join audit_links l
            on l.tenant_id = r.tenant_id and l.audit_record_id = r.audit_record_id
        where r.tenant_id = $1 and r.audit_record_id >= $2 and r.audit_record_id < $3
            and ($4::uuid is null or r.user_id = $4)
            and ($5::text is null or r.action = $5)
            and ($6::text is null or r.object = $6)
            and ($7::timestamptz is null or r.create_time >= $7)
            and ($8::timestamptz is null or r.create_time < $8)
        order by r.audit_record_id desc
        limit $9
        "#,
        tenant.uuid(),
        from,
        before,
        wanted.user.map(UserId::uuid),
        wanted.action,
        wanted.object,
        wanted.from,
        wanted.to,
        limit,
    )
    .fetch_all(conn)
    .await
}

/// A link with its record, which may be gone.
#[derive(Debug)]
pub(super) struct Linked {
    pub(super) tenant_id: Uuid,
    pub(super) sequence: i64,
    pub(super) audit_record_id: Uuid,
    pub(super) hash: Vec<u8>,
    pub(super) user_id: Option<Uuid>,
    pub(super) api_key_id: Option<Uuid>,
    pub(super) service: Option<String>,
    pub(super) action: Option<String>,
    pub(super) object: Option<String>,
    pub(super) before_digest: Option<Vec<u8>>,
    pub(super) after_digest: Option<Vec<u8>>,
    pub(super) request_id: Option<String>,
    pub(super) create_time: Option<OffsetDateTime>,
}

impl Linked {
    /// The record; none where it is gone.
    pub(super) fn record(&self) -> Option<Kept> {
        Some(Kept {
            tenant_id: self.tenant_id,
            audit_record_id: self.audit_record_id,
            user_id: self.user_id,
            api_key_id: self.api_key_id,
            service: self.service.clone(),
            action: self.action.clone()?,
            object: self.object.clone()?,
            before_digest: self.before_digest.clone(),
            after_digest: self.after_digest.clone(),
            request_id: self.request_id.clone()?,
            create_time: self.create_time?,
        })
    }
}

/// Every chain, link by link.
pub(super) fn links(conn: &mut PgConnection) -> impl Stream<Item = Result<Linked, sqlx::Error>> {
    sqlx::query_as!(
        Linked,
        r#"
        select
            l.tenant_id, l.sequence, l.audit_record_id, l.hash,
            r.user_id, r.api_key_id, r.service, r.action as "action?", r.object as "object?",
            r.before_digest, r.after_digest, r.request_id as "request_id?",
            r.create_time as "create_time?"
        from audit_links l
        left join audit_records r
            on r.tenant_id = l.tenant_id and r.audit_record_id = l.audit_record_id
        order by l.tenant_id, l.sequence
        "#
    )
    .fetch(conn)
}

/// Records that are in no chain although they have been there for so long.
pub(super) fn left_out(
    conn: &mut PgConnection,
    age: Duration,
) -> impl Stream<Item = Result<(Uuid, Uuid), sqlx::Error>> {
    let age = PgInterval::try_from(age).unwrap_or_default();
    let rows = sqlx::query!(
        "
        select r.tenant_id, r.audit_record_id
        from audit_records r
        where r.create_time < now() - $1::interval
            and not exists (
                select from audit_links l
                where l.tenant_id = r.tenant_id and l.audit_record_id = r.audit_record_id
            )
        order by r.tenant_id, r.audit_record_id
        ",
        age as PgInterval,
    );
    rows.fetch(conn).map(|row| row.map(|row| (row.tenant_id, row.audit_record_id)))
}

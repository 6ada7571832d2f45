//! Statements on the tables `api_keys` and `api_key_secrets`.

use sqlx::PgConnection;
use time::OffsetDateTime;
use types::{ApiKeyId, TenantId, UserId};
use uuid::Uuid;

use super::words;
use crate::domain::{Grant, Holder, Key, KeyChange, KeySettings, NewKey, Scope, Secret, TokenHash};

struct Row {
    key_id: Uuid,
    user_id: Uuid,
    name: String,
    scopes: Vec<String>,
    allowed_addresses: Vec<String>,
    requests_per_s: Option<i32>,
    create_time: OffsetDateTime,
    expire_time: Option<OffsetDateTime>,
    revoke_time: Option<OffsetDateTime>,
    last_use_time: Option<OffsetDateTime>,
}

impl From<Row> for Key {
    fn from(row: Row) -> Self {
        Self {
            id: ApiKeyId::from_uuid(row.key_id),
            user: UserId::from_uuid(row.user_id),
            name: row.name,
            scopes: row.scopes,
            allowed_addresses: row.allowed_addresses,
            expire_time: row.expire_time,
            requests_per_s: row.requests_per_s,
            create_time: row.create_time,
            revoke_time: row.revoke_time,
            last_use_time: row.last_use_time,
        }
    }
}

/// Adds a key, without a secret.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: ApiKeyId,
    new: &NewKey,
) -> Result<Key, sqlx::Error> {
    let KeySettings { name, scopes, allowed_addresses, expire_time, requests_per_s } =
        &new.settings;
    let addresses: Vec<String> = allowed_addresses.iter().map(ToString::to_string).collect();
    let row = sqlx::query_as!(
        Row,
        "
        insert into api_keys
            (tenant_id, key_id, user_id, name, scopes, allowed_addresses, requests_per_s,
            expire_time)
        values ($1, $2, $3, $4, $5, $6, $7, $8)
        returning
            key_id, user_id, name, scopes, allowed_addresses, requests_per_s, create_time,
            expire_time, revoke_time, last_use_time
        ",
        tenant.uuid(),
        id.uuid(),
        new.user.uuid(),
        name,
        &words(scopes),
        &addresses,
        *requests_per_s,
        *expire_time,
    )
    .fetch_one(conn)
    .await?;
    Ok(row.into())
}

/// Finds a key and keeps it as it is until the transaction ends.
pub(crate) async fn lock(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: ApiKeyId,
) -> Result<Option<Key>, sqlx::Error> {
    let row = sqlx::query_as!(
        Row,
        "
        select
            key_id, user_id, name, scopes, allowed_addresses, requests_per_s, create_time,
            expire_time, revoke_time, last_use_time
        from api_keys
        where tenant_id = $1 and key_id = $2
        for update
        ",
        tenant.uuid(),
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(Into::into))
}

/// Keys of a tenant, newest first, those before `before`.
pub(crate) async fn list(
    conn: &mut PgConnection,
    tenant: TenantId,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Key>, sqlx::Error> {
    let rows = sqlx::query_as!(
        Row,
        "
        select
            key_id, user_id, name, scopes, allowed_addresses, requests_per_s, create_time,
            expire_time, revoke_time, last_use_time
        from api_keys
        where tenant_id = $1 and ($2::uuid is null or key_id < $2)
        order by key_id desc
        limit $3
        ",
        tenant.uuid(),
        before,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// How many keys a tenant has.
pub(crate) async fn count(conn: &mut PgConnection, tenant: TenantId) -> Result<i64, sqlx::Error> {
    sqlx::query_scalar!(
        r#"select count(*) as "count!" from api_keys where tenant_id = $1"#,
        tenant.uuid(),
    )
    .fetch_one(conn)
    .await
}

/// Changes a key that is locked.
pub(crate) async fn update(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: ApiKeyId,
    change: &KeyChange,
) -> Result<Key, sqlx::Error> {
    let scopes = change.scopes.as_deref().map(words);
    let addresses: Option<Vec<String>> =
        change.allowed_addresses.as_ref().map(|all| all.iter().map(ToString::to_string).collect());
    let row = sqlx::query_as!(
        Row,
        "
        update api_keys set
            name = coalesce($3, name),
            scopes = coalesce($4, scopes),
            allowed_addresses = coalesce($5, allowed_addresses),
            expire_time = case when $6 then $7 else expire_time end,
            requests_per_s = case when $8 then $9 else requests_per_s end
        where tenant_id = $1 and key_id = $2
        returning
            key_id, user_id, name, scopes, allowed_addresses, requests_per_s, create_time,
            expire_time, revoke_time, last_use_time
        ",
        tenant.uuid(),
        id.uuid(),
        change.name.as_deref(),
        scopes.as_deref(),
        addresses.as_deref(),
        change.expire_time.is_set(),
        change.expire_time.value(),
        change.requests_per_s.is_set(),
        change.requests_per_s.value(),
    )
    .fetch_one(conn)
    .await?;
    Ok(row.into())
}

/// Revokes a key that is locked.
pub(crate) async fn revoke(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: ApiKeyId,
) -> Result<Key, sqlx::Error> {
    let row = sqlx::query_as!(
        Row,
        "
        update api_keys set revoke_time = coalesce(revoke_time, now())
        where tenant_id = $1 and key_id = $2
        returning
            key_id, user_id, name, scopes, allowed_addresses, requests_per_s, create_time,
            expire_time, revoke_time, last_use_time
        ",
        tenant.uuid(),
        id.uuid(),
    )
    .fetch_one(conn)
    .await?;
    Ok(row.into())
}

/// Gives a key that is locked, and has no secret without an end, its latest one; the request that asked for
/// it, where that has a name.
pub(crate) async fn insert_secret(
    conn: &mut PgConnection,
    id: ApiKeyId,
    secret: &Secret,
    request_id: Option<&str>,
) -> Result<(), sqlx::Error> {
    let hash = secret.hash();
    sqlx::query!(
        "
        insert into api_key_secrets (tenant_id, secret_hash, key_id, request_id)
        values ($1, $2, $3, $4)
        ",
        secret.tenant().uuid(),
        hash.as_bytes(),
        id.uuid(),
        request_id,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Whether a key that is locked has a secret of this request.
pub(crate) async fn has_secret_of(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: ApiKeyId,
    request_id: &str,
) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"
        select exists (
            select from api_key_secrets
            where tenant_id = $1 and key_id = $2 and request_id = $3
        ) as "exists!"
        "#,
        tenant.uuid(),
        id.uuid(),
        request_id,
    )
    .fetch_one(conn)
    .await
}

/// Deletes the secrets of a key that were to end anyway, and ends the latest at a time, or now.
pub(crate) async fn end_secrets(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: ApiKeyId,
    at: Option<OffsetDateTime>,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "
        delete from api_key_secrets
        where tenant_id = $1 and key_id = $2 and expire_time is not null
        ",
        tenant.uuid(),
        id.uuid(),
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "
        update api_key_secrets set expire_time = coalesce($3, now())
        where tenant_id = $1 and key_id = $2
        ",
        tenant.uuid(),
        id.uuid(),
        at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Whom a secret stands for, while it is good.
pub(crate) async fn find(
    conn: &mut PgConnection,
    tenant: TenantId,
    secret: TokenHash,
) -> Result<Option<Grant>, sqlx::Error> {
    let found = sqlx::query!(
        r#"
        select
            api_keys.key_id, api_keys.user_id, api_keys.scopes, api_keys.allowed_addresses,
            api_keys.requests_per_s,
            least(api_keys.expire_time, api_key_secrets.expire_time) as expire_time,
            coalesce(api_keys.last_use_time < now() - interval '1 minute', true) as "is_use_due!",
            api_users.scopes as user_scopes,
            tenants.requests_per_s as tenant_requests_per_s
        from api_key_secrets
        join api_keys using (tenant_id, key_id)
        join api_users using (tenant_id, user_id)
        join tenants using (tenant_id)
        where tenant_id = $1 and api_key_secrets.secret_hash = $2
            and (api_key_secrets.expire_time is null or api_key_secrets.expire_time > now())
            and (api_keys.expire_time is null or api_keys.expire_time > now())
            and api_keys.revoke_time is null
            and api_users.disable_time is null and tenants.disable_time is null
        "#,
        tenant.uuid(),
        secret.as_bytes(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(found.map(|row| Grant {
        tenant,
        user: UserId::from_uuid(row.user_id),
        scopes: row
            .scopes
            .iter()
            .filter(|scope| row.user_scopes.contains(scope))
            .filter_map(|scope| Scope::parse(scope).ok())
            .collect(),
        expire_time: row.expire_time,
        tenant_requests_per_s: row.tenant_requests_per_s,
        holder: Holder::Key {
            id: ApiKeyId::from_uuid(row.key_id),
            allowed_addresses: row.allowed_addresses,
            requests_per_s: row.requests_per_s,
            is_use_due: row.is_use_due,
        },
    }))
}

/// Writes down that a key is used, unless that was done within the last minute.
pub(crate) async fn mark_used(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: ApiKeyId,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "
        update api_keys set last_use_time = now()
        where tenant_id = $1 and key_id = $2
            and coalesce(last_use_time < now() - interval '1 minute', true)
        ",
        tenant.uuid(),
        id.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

//! Statements on the table `api_users`.

use sqlx::PgConnection;
use time::OffsetDateTime;
use types::{Email, TenantId, UserId};
use uuid::Uuid;

use super::words;
use crate::domain::{EmailKey, PasswordHash, Scope};

/// A user as a login finds them.
#[derive(Debug)]
pub(crate) struct User {
    pub(crate) tenant: TenantId,
    pub(crate) id: UserId,
    pub(crate) password_hash: PasswordHash,
    /// Neither the user nor the tenant is disabled.
    pub(crate) active: bool,
}

/// A user as an operator sees them; the address is personal, so there is no `Debug`.
pub(crate) struct Profile {
    pub(crate) tenant: TenantId,
    pub(crate) id: UserId,
    pub(crate) email: String,
    pub(crate) active: bool,
    pub(crate) scopes: Vec<String>,
    pub(crate) create_time: OffsetDateTime,
}

/// What may be changed of a user.
#[derive(Debug, Default)]
pub(crate) struct Change {
    pub(crate) active: Option<bool>,
    pub(crate) scopes: Option<Vec<Scope>>,
    pub(crate) password_hash: Option<PasswordHash>,
}

struct Row {
    tenant_id: Uuid,
    user_id: Uuid,
    email: String,
    active: bool,
    scopes: Vec<String>,
    create_time: OffsetDateTime,
}

impl From<Row> for Profile {
    fn from(row: Row) -> Self {
        Self {
            tenant: TenantId::from_uuid(row.tenant_id),
            id: UserId::from_uuid(row.user_id),
            email: row.email,
            active: row.active,
            scopes: row.scopes,
            create_time: row.create_time,
        }
    }
}

/// Finds a user of whatever tenant: no other statement knows so little.
pub(crate) async fn find(
    conn: &mut PgConnection,
    email: &EmailKey,
) -> Result<Option<User>, sqlx::Error> {
    let found = sqlx::query!(
        r#"
        select
            tenant_id, user_id, password_hash,
            (api_users.disable_time is null and tenants.disable_time is null) as "active!"
        from api_users join tenants using (tenant_id)
        where email_key = $1
        "#,
        email.as_str(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(found.map(|row| User {
        tenant: TenantId::from_uuid(row.tenant_id),
        id: UserId::from_uuid(row.user_id),
        password_hash: PasswordHash::from_kept(row.password_hash),
        active: row.active,
    }))
}

/// Whether a user is still active and has the password that was found, which stays so until the transaction
/// ends.
pub(crate) async fn is_unchanged(
    conn: &mut PgConnection,
    user: &User,
) -> Result<bool, sqlx::Error> {
    let found = sqlx::query_scalar!(
        r#"
        select true as "is_there!"
        from api_users
        where tenant_id = $1 and user_id = $2 and password_hash = $3 and disable_time is null
        for share
        "#,
        user.tenant.uuid(),
        user.id.uuid(),
        user.password_hash.as_str(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(found.is_some())
}

/// What a user may do; none where the tenant has no such user.
pub(crate) async fn scopes(
    conn: &mut PgConnection,
    tenant: TenantId,
    user: UserId,
) -> Result<Option<Vec<String>>, sqlx::Error> {
    sqlx::query_scalar!(
        "select scopes from api_users where tenant_id = $1 and user_id = $2",
        tenant.uuid(),
        user.uuid(),
    )
    .fetch_optional(conn)
    .await
}

/// Users of a tenant, newest first, those before `before`.
pub(crate) async fn list(
    conn: &mut PgConnection,
    tenant: TenantId,
    before: Option<Uuid>,
    limit: i64,
) -> Result<Vec<Profile>, sqlx::Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"
        select
            tenant_id, user_id, email, disable_time is null as "active!", scopes, create_time
        from api_users
        where tenant_id = $1 and ($2::uuid is null or user_id < $2)
        order by user_id desc
        limit $3
        "#,
        tenant.uuid(),
        before,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(Into::into).collect())
}

/// Adds a user, unless there is one of that address; answers whether there was none.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    user: &User,
    email: &Email,
    scopes: &[Scope],
) -> Result<bool, sqlx::Error> {
    let key = EmailKey::from(email);
    let inserted = sqlx::query!(
        "
        insert into api_users (tenant_id, user_id, email, email_key, password_hash, scopes)
        values ($1, $2, $3, $4, $5, $6)
        on conflict on constraint api_users_email_once do nothing
        ",
        user.tenant.uuid(),
        user.id.uuid(),
        email.as_str(),
        key.as_str(),
        user.password_hash.as_str(),
        &words(scopes),
    )
    .execute(conn)
    .await?;
    Ok(inserted.rows_affected() == 1)
}

/// Finds a user and keeps them as they are until the transaction ends.
pub(crate) async fn lock(
    conn: &mut PgConnection,
    tenant: TenantId,
    user: UserId,
) -> Result<Option<Profile>, sqlx::Error> {
    let row = sqlx::query_as!(
        Row,
        r#"
        select
            tenant_id, user_id, email, disable_time is null as "active!", scopes, create_time
        from api_users
        where tenant_id = $1 and user_id = $2
        for no key update
        "#,
        tenant.uuid(),
        user.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(Into::into))
}

/// Changes a user, if the tenant has one of that id.
pub(crate) async fn update(
    conn: &mut PgConnection,
    tenant: TenantId,
    user: UserId,
    change: &Change,
) -> Result<Option<Profile>, sqlx::Error> {
    let scopes = change.scopes.as_deref().map(words);
    let row = sqlx::query_as!(
        Row,
        r#"
        update api_users set
            disable_time = case
                when $3 then null
                when not $3 then coalesce(disable_time, now())
                else disable_time
            end,
            scopes = coalesce($4, scopes),
            password_hash = coalesce($5, password_hash)
        where tenant_id = $1 and user_id = $2
        returning
            tenant_id, user_id, email, disable_time is null as "active!", scopes, create_time
        "#,
        tenant.uuid(),
        user.uuid(),
        change.active,
        scopes.as_deref(),
        change.password_hash.as_ref().map(PasswordHash::as_str),
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(Into::into))
}

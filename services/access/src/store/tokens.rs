//! Statements on the table `tokens`.

use sqlx::{PgConnection, postgres::types::PgInterval};
use time::OffsetDateTime;
use types::{TenantId, UserId};

use super::{PURGED_AT_ONCE, users::User};
use crate::domain::{Grant, Holder, Scope, TokenHash};

/// Adds a token of the user, and tells when it expires. The database's clock decides, here and when
/// it is looked up.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    token: TokenHash,
    user: &User,
    lifetime: PgInterval,
) -> Result<OffsetDateTime, sqlx::Error> {
    sqlx::query_scalar!(
        "
        insert into tokens (token_hash, tenant_id, user_id, expire_time)
        values ($1, $2, $3, now() + $4::interval)
        returning expire_time
        ",
        token.as_bytes(),
        user.tenant.uuid(),
        user.id.uuid(),
        lifetime,
    )
    .fetch_one(conn)
    .await
}

/// Whom a token stands for, while it is good. Which tenant it is, is the question.
pub(crate) async fn find(
    conn: &mut PgConnection,
    token: TokenHash,
) -> Result<Option<Grant>, sqlx::Error> {
    let found = sqlx::query!(
        "
        select
            tokens.tenant_id, tokens.user_id, api_users.scopes, tokens.expire_time,
            tenants.requests_per_s
        from tokens
        join api_users using (tenant_id, user_id)
        join tenants using (tenant_id)
        where tokens.token_hash = $1 and tokens.revoke_time is null and tokens.expire_time > now()
            and api_users.disable_time is null and tenants.disable_time is null
        ",
        token.as_bytes(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(found.map(|row| Grant {
        tenant: TenantId::from_uuid(row.tenant_id),
        user: UserId::from_uuid(row.user_id),
        // A scope of a later release allows nothing in this one.
        scopes: row.scopes.iter().filter_map(|scope| Scope::parse(scope).ok()).collect(),
        expire_time: Some(row.expire_time),
        tenant_requests_per_s: row.requests_per_s,
        holder: Holder::Token,
    }))
}

/// Revokes a token, if it is one of the tenant's and is not revoked yet. Answers whose it was.
pub(crate) async fn revoke(
    conn: &mut PgConnection,
    tenant: TenantId,
    token: TokenHash,
) -> Result<Option<UserId>, sqlx::Error> {
    let user = sqlx::query_scalar!(
        "
        update tokens set revoke_time = now()
        where tenant_id = $1 and token_hash = $2 and revoke_time is null
        returning user_id
        ",
        tenant.uuid(),
        token.as_bytes(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(user.map(UserId::from_uuid))
}

/// Revokes all tokens of a user.
pub(crate) async fn revoke_all(
    conn: &mut PgConnection,
    tenant: TenantId,
    user: UserId,
) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "
        update tokens set revoke_time = now()
        where tenant_id = $1 and user_id = $2 and revoke_time is null
        ",
        tenant.uuid(),
        user.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Deletes some of the tokens that have expired.
pub(crate) async fn purge(conn: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "
        delete from tokens
        where token_hash in (
            select token_hash from tokens
            where expire_time <= now()
            order by expire_time
            limit $1
            for update skip locked
        )
        ",
        PURGED_AT_ONCE,
    )
    .execute(conn)
    .await?;
    Ok(())
}

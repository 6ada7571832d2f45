//! Statements on the table `api_users`.

use sqlx::PgConnection;
use types::{Email, TenantId, UserId};

use crate::domain::{EmailKey, PasswordHash, Scope};

/// A user as a login finds them.
#[derive(Debug)]
pub(crate) struct User {
    pub(crate) tenant: TenantId,
    pub(crate) id: UserId,
    pub(crate) password_hash: PasswordHash,
}

/// Finds a user of whatever tenant: no other statement knows so little.
pub(crate) async fn find(
    conn: &mut PgConnection,
    email: &EmailKey,
) -> Result<Option<User>, sqlx::Error> {
    let found = sqlx::query!(
        "select tenant_id, user_id, password_hash from api_users where email_key = $1",
        email.as_str(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(found.map(|row| User {
        tenant: TenantId::from_uuid(row.tenant_id),
        id: UserId::from_uuid(row.user_id),
        password_hash: PasswordHash::from_kept(row.password_hash),
    }))
}

/// Adds a user, unless there is one of that address.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    user: &User,
    email: &Email,
    scopes: &[Scope],
) -> Result<(), sqlx::Error> {
    let key = EmailKey::from(email);
    let scopes: Vec<String> = scopes.iter().map(|scope| scope.as_str().to_owned()).collect();
    sqlx::query!(
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
        &scopes,
    )
    .execute(conn)
    .await?;
    Ok(())
}

//! API keys: made, listed, changed, rotated and revoked.

use kit::{
    errors::{self, Violations},
    postgres,
};
use sqlx::PgConnection;
use time::OffsetDateTime;
use types::{ApiKeyId, TenantId, UserId};
use uuid::Uuid;

use crate::{
    Access,
    domain::{Key, KeyChange, NewKey, Scope, Secret},
    error::Error,
    store::{keys, users},
};

impl Access {
    /// A new key and its secret.
    pub(crate) async fn create_key(
        &self,
        tenant: TenantId,
        new: NewKey,
    ) -> Result<(Key, Secret), Error> {
        let secret = generate(tenant)?;
        let id = ApiKeyId::new();
        let mut tx = self.database.begin(tenant).await?;
        check_scopes(&mut tx, tenant, new.user, &new.settings.scopes).await?;
        let key = keys::insert(&mut tx, tenant, id, &new).await.map_err(name_taken)?;
        keys::insert_secret(&mut tx, id, &secret).await?;
        tx.commit().await?;
        Ok((key, secret))
    }

    pub(crate) async fn list_keys(
        &self,
        tenant: TenantId,
        before: Option<Uuid>,
        limit: i64,
    ) -> Result<Vec<Key>, Error> {
        let mut conn = self.database.of(tenant).await?;
        Ok(keys::list(&mut conn, tenant, before, limit).await?)
    }

    pub(crate) async fn update_key(
        &self,
        tenant: TenantId,
        id: ApiKeyId,
        change: KeyChange,
    ) -> Result<Key, Error> {
        let mut tx = self.database.begin(tenant).await?;
        let key = lock_good(&mut tx, tenant, id).await?;
        if let Some(scopes) = &change.scopes {
            check_scopes(&mut tx, tenant, key.user, scopes).await?;
        }
        let key = keys::update(&mut tx, tenant, id, &change).await.map_err(name_taken)?;
        tx.commit().await?;
        Ok(key)
    }

    /// A new secret; the one before ends at the time given, or now.
    pub(crate) async fn rotate_key(
        &self,
        tenant: TenantId,
        id: ApiKeyId,
        old_until: Option<OffsetDateTime>,
    ) -> Result<(Key, Secret), Error> {
        let secret = generate(tenant)?;
        let mut tx = self.database.begin(tenant).await?;
        let key = lock_good(&mut tx, tenant, id).await?;
        keys::end_secrets(&mut tx, tenant, id, old_until).await?;
        keys::insert_secret(&mut tx, id, &secret).await?;
        tx.commit().await?;
        Ok((key, secret))
    }

    pub(crate) async fn revoke_key(&self, tenant: TenantId, id: ApiKeyId) -> Result<Key, Error> {
        let mut tx = self.database.begin(tenant).await?;
        keys::lock(&mut tx, tenant, id).await?.ok_or(Error::KeyNotFound(id))?;
        let key = keys::revoke(&mut tx, tenant, id).await?;
        tx.commit().await?;
        Ok(key)
    }
}

/// A key that is not revoked, until the transaction ends.
async fn lock_good(conn: &mut PgConnection, tenant: TenantId, id: ApiKeyId) -> Result<Key, Error> {
    let key = keys::lock(conn, tenant, id).await?.ok_or(Error::KeyNotFound(id))?;
    if key.revoke_time.is_some() { Err(Error::KeyRevoked(id)) } else { Ok(key) }
}

/// Refuses scopes that the user of a key does not have.
async fn check_scopes(
    conn: &mut PgConnection,
    tenant: TenantId,
    user: UserId,
    scopes: &[Scope],
) -> Result<(), Error> {
    let known = users::scopes(conn, tenant, user).await?.ok_or(Error::UserNotFound(user))?;
    let mut bad = Violations::new();
    if scopes.iter().any(|scope| !known.iter().any(|known| known == scope.as_str())) {
        bad.add("api_key.scopes", "must be scopes that the API user has");
    }
    Ok(bad.into_result()?)
}

fn name_taken(error: sqlx::Error) -> Error {
    match postgres::constraint(&error) {
        Some("api_keys_name_once") => Error::KeyNameTaken,
        _ => error.into(),
    }
}

fn generate(tenant: TenantId) -> Result<Secret, Error> {
    Secret::generate(tenant)
        .map_err(|error| errors::Error::Internal(format!("making a secret: {error}")).into())
}

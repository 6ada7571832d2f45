//! API keys: made, listed, changed, rotated and revoked.

use kit::{
    audit::{self, Act, Digest, Form},
    caller::Caller,
    errors::{self, Violations},
    idempotency, postgres,
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
        caller: &Caller,
        new: NewKey,
    ) -> Result<(Key, Secret), Error> {
        let tenant = caller.tenant();
        let secret = generate(tenant)?;
        let id = ApiKeyId::new();
        let mut tx = self.database.begin(tenant).await?;
        check_scopes(&mut tx, caller, new.user, &new.settings.scopes).await?;
        let key = keys::insert(&mut tx, tenant, id, &new).await.map_err(name_taken)?;
        keys::insert_secret(&mut tx, id, &secret, None).await?;
        let act = Act::new("api_key.create", object(id)).after(state(&key));
        audit::record(&mut tx, caller, &act).await?;
        tx.commit().await?;
        Ok((key, secret))
    }

    /// Some of a tenant's keys, and how many there are.
    pub(crate) async fn list_keys(
        &self,
        tenant: TenantId,
        before: Option<Uuid>,
        limit: i64,
    ) -> Result<(Vec<Key>, i64), Error> {
        let mut conn = self.database.of(tenant).await?;
        let total = keys::count(&mut conn, tenant).await?;
        Ok((keys::list(&mut conn, tenant, before, limit).await?, total))
    }

    pub(crate) async fn update_key(
        &self,
        caller: &Caller,
        id: ApiKeyId,
        change: KeyChange,
    ) -> Result<Key, Error> {
        let tenant = caller.tenant();
        let mut tx = self.database.begin(tenant).await?;
        let before = lock_good(&mut tx, tenant, id).await?;
        if let Some(scopes) = &change.scopes {
            check_scopes(&mut tx, caller, before.user, scopes).await?;
        }
        let key = keys::update(&mut tx, tenant, id, &change).await.map_err(name_taken)?;
        let (before, after) = (state(&before), state(&key));
        if before != after {
            let act = Act::new("api_key.update", object(id)).before(before).after(after);
            audit::record(&mut tx, caller, &act).await?;
        }
        tx.commit().await?;
        Ok(key)
    }

    /// A new secret; the one before ends at the time given, or now. A request that comes again after its
    /// answer was lost must not end the one that is in use.
    pub(crate) async fn rotate_key(
        &self,
        caller: &Caller,
        request: Option<idempotency::Key>,
        id: ApiKeyId,
        old_until: Option<OffsetDateTime>,
    ) -> Result<(Key, Secret), Error> {
        let request = request.map(|request| request.name());
        let tenant = caller.tenant();
        let secret = generate(tenant)?;
        let mut tx = self.database.begin(tenant).await?;
        let key = lock_good(&mut tx, tenant, id).await?;
        check_own(caller, &key)?;
        if let Some(request) = &request
            && keys::has_secret_of(&mut tx, tenant, id, request).await?
        {
            return Err(Error::KeyRotated(id));
        }
        keys::end_secrets(&mut tx, tenant, id, old_until).await?;
        keys::insert_secret(&mut tx, id, &secret, request.as_deref()).await?;
        audit::record(&mut tx, caller, &Act::new("api_key.rotate", object(id))).await?;
        tx.commit().await?;
        Ok((key, secret))
    }

    pub(crate) async fn revoke_key(&self, caller: &Caller, id: ApiKeyId) -> Result<Key, Error> {
        let tenant = caller.tenant();
        let mut tx = self.database.begin(tenant).await?;
        let before = keys::lock(&mut tx, tenant, id).await?.ok_or(Error::KeyNotFound(id))?;
        let key = keys::revoke(&mut tx, tenant, id).await?;
        if before.revoke_time.is_none() {
            let act = Act::new("api_key.revoke", object(id));
            let act = act.before(state(&before)).after(state(&key));
            audit::record(&mut tx, caller, &act).await?;
        }
        tx.commit().await?;
        Ok(key)
    }
}

fn object(id: ApiKeyId) -> String {
    format!("api_keys/{id}")
}

/// Without when it was last used, which is no change of anybody's.
fn state(key: &Key) -> Digest {
    let form = Form::of("api_key").text(key.id.to_string()).text(key.user.to_string());
    let form = form.text(&key.name).texts(&key.scopes).texts(&key.allowed_addresses);
    let form = form.maybe_number(key.requests_per_s).time(key.expire_time);
    form.time(key.revoke_time).digest()
}

/// A key that is not revoked, until the transaction ends.
async fn lock_good(conn: &mut PgConnection, tenant: TenantId, id: ApiKeyId) -> Result<Key, Error> {
    let key = keys::lock(conn, tenant, id).await?.ok_or(Error::KeyNotFound(id))?;
    if key.revoke_time.is_some() { Err(Error::KeyRevoked(id)) } else { Ok(key) }
}

/// Refuses scopes that the user of a key does not have, and those that who gives them does not have.
async fn check_scopes(
    conn: &mut PgConnection,
    caller: &Caller,
    user: UserId,
    scopes: &[Scope],
) -> Result<(), Error> {
    let known = users::scopes(conn, caller.tenant(), user).await?;
    let known = known.ok_or(Error::UserNotFound(user))?;
    let are_in =
        |of: &[String]| scopes.iter().all(|scope| of.iter().any(|of| of == scope.as_str()));
    let mut bad = Violations::new();
    if !are_in(&known) {
        bad.add("api_key.scopes", "must be scopes that the API user has");
    } else if caller.user().is_some() && !are_in(caller.scopes()) {
        bad.add("api_key.scopes", "must be scopes that you have yourself");
    }
    Ok(bad.into_result()?)
}

/// Refuses to give a key's secret to somebody who may do less than the key.
fn check_own(caller: &Caller, key: &Key) -> Result<(), Error> {
    let lacks = |scope: &&String| caller.user().is_some() && !caller.scopes().contains(scope);
    match key.scopes.iter().find(lacks) {
        None => Ok(()),
        Some(scope) => {
            Err(Error::ScopeMissing(Scope::parse(scope).map_or("of the key", Scope::as_str)))
        }
    }
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

//! Tenants and their users: made, listed and changed. `provision` does what may be repeated blindly.

use kit::{
    audit::{self, Act, Digest, Form},
    caller::{Call, Caller},
    postgres,
};
use sqlx::PgConnection;
use types::{Email, TenantId, Text, UserId};
use uuid::Uuid;

use crate::{
    Access,
    domain::{Edit, Password, Scope},
    error::Error,
    store::{
        tenants::{self, Tenant},
        tokens,
        users::{self, Profile, User},
    },
};

/// What is decided about a user when one is made.
pub(crate) struct NewUser {
    pub(crate) tenant: TenantId,
    pub(crate) email: Email,
    pub(crate) password: Password,
    pub(crate) scopes: Vec<Scope>,
}

/// What is to be changed of a user.
#[derive(Default)]
pub(crate) struct UserChange {
    pub(crate) active: Option<bool>,
    pub(crate) scopes: Option<Vec<Scope>>,
    pub(crate) password: Option<Password>,
}

impl Access {
    pub(crate) async fn create_tenant(
        &self,
        call: Call,
        name: &Text,
        requests_per_s: Option<i32>,
    ) -> Result<Tenant, Error> {
        let id = TenantId::new();
        let mut tx = self.database.begin(id).await?;
        if !tenants::insert(&mut tx, id, name).await? {
            return Err(Error::TenantNameTaken);
        }
        let change = tenants::Change { requests_per_s: Edit::Set(requests_per_s), active: None };
        let made = tenants::update(&mut tx, id, &change).await?;
        let made = made.ok_or(Error::TenantNotFound(id))?;
        let act = Act::new("tenant.create", tenant_object(id)).after(tenant_state(&made));
        audit::record(&mut tx, &operator(call, id), &act).await?;
        tx.commit().await?;
        Ok(made)
    }

    pub(crate) async fn list_tenants(
        &self,
        before: Option<Uuid>,
        limit: i64,
    ) -> Result<Vec<Tenant>, Error> {
        Ok(tenants::list(&mut *self.database.platform().await?, before, limit).await?)
    }

    pub(crate) async fn update_tenant(
        &self,
        call: Call,
        id: TenantId,
        change: tenants::Change,
    ) -> Result<Tenant, Error> {
        let mut tx = self.database.begin(id).await?;
        let before = tenants::lock(&mut tx, id).await?.ok_or(Error::TenantNotFound(id))?;
        let changed = tenants::update(&mut tx, id, &change).await?;
        let changed = changed.ok_or(Error::TenantNotFound(id))?;
        let (before, after) = (tenant_state(&before), tenant_state(&changed));
        if before != after {
            let act = Act::new("tenant.update", tenant_object(id)).before(before).after(after);
            audit::record(&mut tx, &operator(call, id), &act).await?;
        }
        tx.commit().await?;
        Ok(changed)
    }

    pub(crate) async fn create_user(&self, call: Call, new: NewUser) -> Result<Profile, Error> {
        let password_hash = self.passwords.hash(new.password).await?;
        let user = User { tenant: new.tenant, id: UserId::new(), password_hash, active: true };
        let mut tx = self.database.begin(new.tenant).await?;
        let inserted = users::insert(&mut tx, &user, &new.email, &new.scopes).await;
        let is_new = inserted.map_err(|error| match postgres::constraint(&error) {
            Some("api_users_tenant") => Error::TenantNotFound(new.tenant),
            _ => error.into(),
        })?;
        if !is_new {
            return Err(Error::EmailTaken);
        }
        let made = users::update(&mut tx, new.tenant, user.id, &users::Change::default()).await?;
        let made = made.ok_or(Error::UserNotFound(user.id))?;
        record_user(&mut tx, &operator(call, new.tenant), "user.create", None, &made).await?;
        tx.commit().await?;
        Ok(made)
    }

    pub(crate) async fn list_users(
        &self,
        call: Call,
        tenant: TenantId,
        before: Option<Uuid>,
        limit: i64,
    ) -> Result<Vec<Profile>, Error> {
        let mut conn = self.database.of(tenant).await?;
        let found = users::list(&mut conn, tenant, before, limit).await?;
        // Their addresses are personal data.
        let act = Act::new("users.read", "users");
        audit::record(&mut conn, &operator(call, tenant), &act).await?;
        Ok(found)
    }

    /// Changes a user. Who is disabled, or has a new password, has no tokens any more.
    pub(crate) async fn update_user(
        &self,
        call: Call,
        tenant: TenantId,
        id: UserId,
        change: UserChange,
    ) -> Result<Profile, Error> {
        let password_hash = match change.password {
            Some(password) => Some(self.passwords.hash(password).await?),
            None => None,
        };
        let by = operator(call, tenant);
        let has_new_password = password_hash.is_some();
        let ends_tokens = has_new_password || change.active == Some(false);
        let change = users::Change { active: change.active, scopes: change.scopes, password_hash };
        let mut tx = self.database.begin(tenant).await?;
        let before = users::lock(&mut tx, tenant, id).await?.ok_or(Error::UserNotFound(id))?;
        let changed = users::update(&mut tx, tenant, id, &change).await?;
        let changed = changed.ok_or(Error::UserNotFound(id))?;
        record_user(&mut tx, &by, "user.update", Some(&before), &changed).await?;
        if has_new_password {
            audit::record(&mut tx, &by, &Act::new("user.set_password", user_object(id))).await?;
        }
        if ends_tokens {
            tokens::revoke_all(&mut tx, tenant, id).await?;
        }
        tx.commit().await?;
        Ok(changed)
    }
}

/// Who administers the platform: whoever has this database.
pub(crate) fn operator(call: Call, tenant: TenantId) -> Caller {
    Caller::service(call, tenant, "operator")
}

pub(crate) fn tenant_object(id: TenantId) -> String {
    format!("tenants/{id}")
}

pub(crate) fn user_object(id: UserId) -> String {
    format!("users/{id}")
}

fn tenant_state(tenant: &Tenant) -> Digest {
    let form = Form::of("tenant").text(tenant.id.to_string()).text(&tenant.name);
    form.flag(tenant.active).maybe_number(tenant.requests_per_s).digest()
}

/// Unless nothing has changed. Without the address, which is personal and never changes, and without the
/// password.
async fn record_user(
    conn: &mut PgConnection,
    by: &Caller,
    action: &'static str,
    before: Option<&Profile>,
    after: &Profile,
) -> Result<(), sqlx::Error> {
    let state = |user: &Profile| {
        let form = Form::of("user").text(user.id.to_string()).flag(user.active);
        form.texts(&user.scopes).digest()
    };
    let (before, after, object) = (before.map(state), state(after), user_object(after.id));
    if before == Some(after) {
        return Ok(());
    }
    let act = Act::new(action, object).after(after);
    let act = match before {
        Some(before) => act.before(before),
        None => act,
    };
    audit::record(conn, by, &act).await
}

//! Tenants and their users: made, listed and changed. `provision` does what may be repeated blindly.

use kit::postgres;
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
        tx.commit().await?;
        made.ok_or(Error::TenantNotFound(id))
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
        id: TenantId,
        change: tenants::Change,
    ) -> Result<Tenant, Error> {
        let changed = tenants::update(&mut *self.database.of(id).await?, id, &change).await?;
        changed.ok_or(Error::TenantNotFound(id))
    }

    pub(crate) async fn create_user(&self, new: NewUser) -> Result<Profile, Error> {
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
        tx.commit().await?;
        made.ok_or(Error::UserNotFound(user.id))
    }

    pub(crate) async fn list_users(
        &self,
        tenant: TenantId,
        before: Option<Uuid>,
        limit: i64,
    ) -> Result<Vec<Profile>, Error> {
        Ok(users::list(&mut *self.database.of(tenant).await?, tenant, before, limit).await?)
    }

    /// Changes a user. Who is disabled, or has a new password, has no tokens any more.
    pub(crate) async fn update_user(
        &self,
        tenant: TenantId,
        id: UserId,
        change: UserChange,
    ) -> Result<Profile, Error> {
        let password_hash = match change.password {
            Some(password) => Some(self.passwords.hash(password).await?),
            None => None,
        };
        let ends_tokens = password_hash.is_some() || change.active == Some(false);
        let change = users::Change { active: change.active, scopes: change.scopes, password_hash };
        let mut tx = self.database.begin(tenant).await?;
        let changed = users::update(&mut tx, tenant, id, &change).await?;
        let changed = changed.ok_or(Error::UserNotFound(id))?;
        if ends_tokens {
            tokens::revoke_all(&mut tx, tenant, id).await?;
        }
        tx.commit().await?;
        Ok(changed)
    }
}

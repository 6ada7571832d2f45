//! Setting up tenants and their users where it may be done again and again: for `lombard dev` and tests. What
//! operators do by rpc is in `admin`.

use kit::{
    audit::{self, Act},
    caller::{Call, DEFAULT_DEADLINE},
    postgres,
};
use types::{Email, EmailError, TenantId, Text, TextError, UserId};

use crate::{
    Access,
    admin::{operator, tenant_object, user_object},
    domain::{EmailKey, Password, PasswordError, Scope, UnknownScope},
    passwords::HashingError,
    store::{
        tenants,
        users::{self, User},
    },
};

/// Why a tenant or a user could not be set up.
#[derive(Debug, thiserror::Error)]
pub enum ProvisionError {
    /// Of a tenant.
    #[error("the name {0}")]
    Name(TextError),
    /// Of a user.
    #[error("the e-mail address {0}")]
    Email(EmailError),
    /// Of a user.
    #[error("the password {0}")]
    Password(PasswordError),
    /// Of a user.
    #[error(transparent)]
    Scope(#[from] UnknownScope),
    /// There is no such tenant.
    #[error("tenant {0} does not exist")]
    TenantNotFound(TenantId),
    /// An address stands for one user on the whole platform.
    #[error("the e-mail address belongs to a user of another tenant")]
    EmailTaken,
    /// The password was not hashed.
    #[error(transparent)]
    Hashing(#[from] HashingError),
    /// The database did not do as it was told.
    #[error("the database failed")]
    Database(#[from] sqlx::Error),
}

impl Access {
    /// The tenant of that name; a new one, if there was none.
    ///
    /// # Errors
    ///
    /// When the name is not 1-100 characters that a name may have, and those of the database.
    pub async fn ensure_tenant(&self, name: &str) -> Result<TenantId, ProvisionError> {
        let name = Text::parse(name, 1..=100).map_err(ProvisionError::Name)?;
        // Whose name it is, if it is taken, is not known.
        let mut tx = self.database.begin_platform().await?;
        let id = TenantId::new();
        if tenants::insert(&mut tx, id, &name).await? {
            let act = Act::new("tenant.create", tenant_object(id));
            audit::record(&mut tx, &operator(call(), id), &act).await?;
        }
        let found = tenants::find(&mut tx, &name).await?;
        tx.commit().await?;
        Ok(found)
    }

    /// The tenant's user of that address; a new one, if there was none. One that exists stays as they
    /// are, with their password and their scopes.
    ///
    /// # Errors
    ///
    /// When an argument breaks a rule, the tenant does not exist, or the address is a user's of
    /// another tenant; and those of the database.
    pub async fn ensure_user(
        &self,
        tenant: TenantId,
        email: &str,
        password: &str,
        scopes: &[&str],
    ) -> Result<UserId, ProvisionError> {
        let email = Email::parse(email).map_err(ProvisionError::Email)?;
        let password = Password::parse_new(password).map_err(ProvisionError::Password)?;
        let mut known = Vec::with_capacity(scopes.len());
        for scope in scopes {
            known.push(Scope::parse(scope)?);
        }
        let key = EmailKey::from(&email);
        if let Some(user) = users::find(&mut *self.database.platform().await?, &key).await? {
            return of_tenant(&user, tenant);
        }
        let password_hash = self.passwords.hash(password).await?;
        let user = User { tenant, id: UserId::new(), password_hash, active: true };
        let mut tx = self.database.begin_platform().await?;
        let is_new = users::insert(&mut tx, &user, &email, &known).await.map_err(|error| {
            match postgres::constraint(&error) {
                Some("api_users_tenant") => ProvisionError::TenantNotFound(tenant),
                _ => error.into(),
            }
        })?;
        if is_new {
            let act = Act::new("user.create", user_object(user.id));
            audit::record(&mut tx, &operator(call(), tenant), &act).await?;
        }
        // Another one may have come first.
        let user = users::find(&mut tx, &key).await?.ok_or(sqlx::Error::RowNotFound)?;
        tx.commit().await?;
        of_tenant(&user, tenant)
    }
}

fn call() -> Call {
    Call::begin(None, DEFAULT_DEADLINE)
}

fn of_tenant(user: &User, tenant: TenantId) -> Result<UserId, ProvisionError> {
    if user.tenant == tenant { Ok(user.id) } else { Err(ProvisionError::EmailTaken) }
}

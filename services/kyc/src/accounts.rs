//! Use cases of those who keep a tenant's accounts with providers.

use kit::{
    audit::{Digest, Form},
    caller::Caller,
    keys::Keyring,
    postgres::{self, Database},
    time::now,
};
use types::TenantId;

use crate::{
    error::Error,
    providers::{
        Directory,
        account::{Account, Adapter, Secret},
    },
    rotate::Rotated,
    store::{
        provider_accounts::{self, Stored, Use, place},
        provider_changes::{self, Change},
    },
};

/// An account as it is wanted.
#[derive(Debug)]
pub(crate) struct NewAccount {
    pub(crate) account: Account,
    pub(crate) is_default: bool,
    /// None: as it was.
    pub(crate) secret: Option<Secret>,
    /// None: as it was.
    pub(crate) callback_secret: Option<Secret>,
}

/// The accounts of all tenants.
#[derive(Debug, Clone)]
pub(crate) struct Accounts {
    database: Database,
    directory: Directory,
}

impl Accounts {
    pub(crate) fn new(database: Database, directory: Directory) -> Self {
        Self { database, directory }
    }

    /// The keys to keep secrets with, where the provider is offered.
    pub(crate) fn keys(&self, adapter: Adapter) -> Result<&Keyring, Error> {
        let settings = self.directory.settings();
        if !settings.hosts.offer(adapter) {
            return Err(Error::ProviderNotOffered(adapter.as_str()));
        }
        Ok(&settings.keys)
    }

    pub(crate) async fn find(&self, tenant: TenantId, adapter: Adapter) -> Result<Stored, Error> {
        let mut conn = self.database.of(tenant).await?;
        let found = provider_accounts::find(&mut conn, tenant, adapter).await?;
        found.ok_or(Error::ProviderNotFound)
    }

    pub(crate) async fn list(&self, tenant: TenantId) -> Result<Vec<Stored>, Error> {
        let mut conn = self.database.of(tenant).await?;
        provider_accounts::list(&mut conn, tenant).await
    }

    /// Makes or replaces an account. None: a secret is missed.
    pub(crate) async fn set(
        &self,
        caller: &Caller,
        new: &NewAccount,
    ) -> Result<Option<Stored>, Error> {
        match self.try_to_set(caller, new).await {
            // Another account became the default meanwhile.
            Err(Error::Kit(kit::errors::Error::Database(error)))
                if postgres::constraint(&error) == Some("provider_accounts_one_default") =>
            {
                self.try_to_set(caller, new).await
            }
            result => result,
        }
    }

    async fn try_to_set(&self, caller: &Caller, new: &NewAccount) -> Result<Option<Stored>, Error> {
        let (tenant, adapter) = (caller.tenant(), new.account.adapter);
        let keys = self.keys(adapter)?;
        let seal = |secret: &Secret, of| {
            let sealed = keys.seal(secret.bytes(), &place(tenant, adapter, of));
            sealed.map_err(|error| Error::internal(format!("a provider's secret: {error}")))
        };
        let mut tx = self.database.begin(tenant).await?;
        let before = provider_accounts::lock(&mut tx, tenant, adapter).await?;
        let default = provider_accounts::default(&mut tx, tenant).await?;
        let at = now();
        let secret = match (&new.secret, &before) {
            (Some(secret), _) => seal(secret, Use::Asking)?,
            (None, Some(before)) => before.secret.clone(),
            (None, None) => return Ok(None),
        };
        let callback_secret = match &new.callback_secret {
            Some(secret) => Some(seal(secret, Use::Callbacks)?),
            None => before.as_ref().and_then(|before| before.callback_secret.clone()),
        };
        let stored = Stored {
            account: new.account.clone(),
            is_default: new.is_default || default.is_none_or(|default| default == adapter),
            secret,
            callback_secret,
            // Never that of an account which was there before, also when that was deleted.
            version: i64::try_from(at.unix_timestamp_nanos() / 1000).unwrap_or(1),
            create_time: before.as_ref().map_or(at, |before| before.create_time),
            update_time: at,
        };
        if stored.is_default {
            provider_accounts::end_default(&mut tx, tenant, adapter).await?;
        }
        provider_accounts::save(&mut tx, tenant, &stored).await?;
        let states = (before.as_ref().map(state), Some(state(&stored)));
        provider_changes::insert(&mut tx, caller, adapter, Change::Set, states).await?;
        tx.commit().await?;
        tracing::info!(%tenant, provider = adapter.as_str(), "an account with a provider was set");
        Ok(Some(stored))
    }

    pub(crate) async fn delete(&self, caller: &Caller, adapter: Adapter) -> Result<(), Error> {
        let tenant = caller.tenant();
        let mut tx = self.database.begin(tenant).await?;
        let before = provider_accounts::lock(&mut tx, tenant, adapter).await?;
        if !provider_accounts::delete(&mut tx, tenant, adapter).await? {
            return Err(Error::ProviderNotFound);
        }
        let states = (before.as_ref().map(state), None);
        provider_changes::insert(&mut tx, caller, adapter, Change::Deleted, states).await?;
        tx.commit().await?;
        tracing::info!(%tenant, provider = adapter.as_str(), "an account was deleted");
        Ok(())
    }
}

/// Without its secrets: the version is another one with every change.
fn state(stored: &Stored) -> Digest {
    let form = Form::of("provider").text(stored.account.adapter.as_str());
    form.flag(stored.is_default).number(stored.version).digest()
}

/// Wraps the data keys of all providers' secrets with the newest key-encryption key. May be repeated.
pub(crate) async fn rewrap_provider_secrets(
    database: &Database,
    keys: &Keyring,
    rotated: &mut Rotated,
) -> Result<(), Error> {
    let mut tx = database.begin_platform().await?;
    for (tenant, mut stored) in provider_accounts::lock_all(&mut tx, database.layout()).await? {
        let adapter = stored.account.adapter;
        let secrets = [
            Some((&mut stored.secret, Use::Asking)),
            stored.callback_secret.as_mut().map(|sealed| (sealed, Use::Callbacks)),
        ];
        for (sealed, of) in secrets.into_iter().flatten() {
            let whose = format_args!("a secret of tenant {tenant} for {}", adapter.as_str());
            let key = keys.rewrap(&sealed.key, &place(tenant, adapter, of));
            if let Some(key) = rotated.count(key, whose) {
                sealed.key = key;
            }
        }
        provider_accounts::save_keys(&mut tx, tenant, &stored).await?;
    }
    tx.commit().await?;
    Ok(())
}

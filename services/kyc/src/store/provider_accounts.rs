//! Statements on the table `provider_accounts`. Secrets are sealed before they come here.

use std::collections::BTreeSet;

use kit::{
    keys::{AssociatedData, Keyring, Sealed, WrappedKey},
    postgres::citus::Layout,
};
use sqlx::PgConnection;
use time::OffsetDateTime;
use types::TenantId;

use crate::{
    error::Error,
    providers::account::{Account, Adapter, Secret, Verdict, Verdicts},
};

/// What a secret is for: one never opens as the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    /// To ask the provider.
    Asking,
    /// To believe its callbacks.
    Callbacks,
}

/// What a secret is bound to.
pub(crate) fn place(tenant: TenantId, adapter: Adapter, of: Use) -> AssociatedData {
    let of = match of {
        Use::Asking => "asking",
        Use::Callbacks => "callbacks",
    };
    let place = AssociatedData::new("lombard.kyc.provider_secret");
    place.field(tenant.uuid()).field(adapter.as_str()).field(of)
}

/// An account as it is stored.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) account: Account,
    pub(crate) is_default: bool,
    pub(crate) secret: Sealed,
    pub(crate) callback_secret: Option<Sealed>,
    pub(crate) version: i64,
    pub(crate) create_time: OffsetDateTime,
    pub(crate) update_time: OffsetDateTime,
}

impl Stored {
    pub(crate) fn open_secret(&self, tenant: TenantId, keys: &Keyring) -> Result<Secret, Error> {
        open(&self.secret, &place(tenant, self.account.adapter, Use::Asking), keys)
    }

    pub(crate) fn open_callback_secret(
        &self,
        tenant: TenantId,
        keys: &Keyring,
    ) -> Result<Option<Secret>, Error> {
        let place = place(tenant, self.account.adapter, Use::Callbacks);
        self.callback_secret.as_ref().map(|sealed| open(sealed, &place, keys)).transpose()
    }
}

fn open(sealed: &Sealed, place: &AssociatedData, keys: &Keyring) -> Result<Secret, Error> {
    let opened = keys.open(&sealed.key, &sealed.ciphertext, place);
    let opened =
        opened.map_err(|error| Error::internal(format!("a provider's secret: {error}")))?;
    Ok(Secret::new(opened.to_vec()))
}

/// A row as PostgreSQL gives it.
struct Row {
    provider: String,
    is_default: bool,
    account: String,
    profile_id: String,
    profile_version: String,
    words: Vec<String>,
    verdicts: Vec<String>,
    secret: Vec<u8>,
    secret_key: Vec<u8>,
    secret_key_version: i32,
    callback_secret: Option<Vec<u8>>,
    callback_secret_key: Option<Vec<u8>>,
    callback_secret_key_version: Option<i32>,
    version: i64,
    create_time: OffsetDateTime,
    update_time: OffsetDateTime,
}

impl TryFrom<Row> for Stored {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let broken = || Error::internal("a provider account cannot be read".to_owned());
        let adapter = Adapter::parse(&row.provider).ok_or_else(broken)?;
        let verdicts = row.verdicts.iter().map(|text| Verdict::parse(text).ok_or_else(broken));
        let verdicts = verdicts.collect::<Result<Vec<_>, _>>()?;
        let sealed =
            |ciphertext, bytes, version| Sealed { key: WrappedKey { version, bytes }, ciphertext };
        let callback = (row.callback_secret, row.callback_secret_key);
        let callback_secret = match (callback, row.callback_secret_key_version) {
            ((Some(secret), Some(key)), Some(version)) => Some(sealed(secret, key, version)),
            _ => None,
        };
        Ok(Self {
            account: Account {
                adapter,
                name: row.account,
                profile: row.profile_id,
                profile_version: row.profile_version,
                verdicts: Verdicts::of(adapter, row.words.into_iter().zip(verdicts)),
            },
            is_default: row.is_default,
            secret: sealed(row.secret, row.secret_key, row.secret_key_version),
            callback_secret,
            version: row.version,
            create_time: row.create_time,
            update_time: row.update_time,
        })
    }
}

/// Which version of an account there is.
pub(crate) async fn version(
    conn: &mut PgConnection,
    tenant: TenantId,
    adapter: Adapter,
) -> Result<Option<i64>, Error> {
    let version = sqlx::query_scalar!(
        "select version from provider_accounts where tenant_id = $1 and provider = $2",
        tenant.uuid(),
        adapter.as_str(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(version)
}

/// The account that a tenant means when it names none.
pub(crate) async fn default(
    conn: &mut PgConnection,
    tenant: TenantId,
) -> Result<Option<Adapter>, Error> {
    let provider = sqlx::query_scalar!(
        "select provider from provider_accounts where tenant_id = $1 and is_default",
        tenant.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(provider.as_deref().and_then(Adapter::parse))
}

pub(crate) async fn find(
    conn: &mut PgConnection,
    tenant: TenantId,
    adapter: Adapter,
) -> Result<Option<Stored>, Error> {
    let row = sqlx::query_as!(
        Row,
        "
        select provider, is_default, account, profile_id, profile_version, words, verdicts, secret,
               secret_key, secret_key_version, callback_secret, callback_secret_key,
               callback_secret_key_version, version, create_time, update_time
        from provider_accounts
        where tenant_id = $1 and provider = $2
        ",
        tenant.uuid(),
        adapter.as_str(),
    )
    .fetch_optional(conn)
    .await?;
    row.map(Stored::try_from).transpose()
}

/// As [`find`], and keeps everybody else from changing it until the transaction ends.
pub(crate) async fn lock(
    conn: &mut PgConnection,
    tenant: TenantId,
    adapter: Adapter,
) -> Result<Option<Stored>, Error> {
    sqlx::query!(
        "select version from provider_accounts where tenant_id = $1 and provider = $2 for update",
        tenant.uuid(),
        adapter.as_str(),
    )
    .fetch_optional(&mut *conn)
    .await?;
    find(conn, tenant, adapter).await
}

/// All of a tenant's, in the order of their names.
pub(crate) async fn list(conn: &mut PgConnection, tenant: TenantId) -> Result<Vec<Stored>, Error> {
    let rows = sqlx::query_as!(
        Row,
        "
        select provider, is_default, account, profile_id, profile_version, words, verdicts, secret,
               secret_key, secret_key_version, callback_secret, callback_secret_key,
               callback_secret_key_version, version, create_time, update_time
        from provider_accounts
        where tenant_id = $1
        order by provider
        ",
        tenant.uuid(),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Stored::try_from).collect()
}

/// No other account of the tenant is the default from here on.
pub(crate) async fn end_default(
    conn: &mut PgConnection,
    tenant: TenantId,
    but: Adapter,
) -> Result<(), Error> {
    sqlx::query!(
        "
        update provider_accounts set is_default = false
        where tenant_id = $1 and provider <> $2 and is_default
        ",
        tenant.uuid(),
        but.as_str(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes an account, over the one that was there: one version later than any the tenant had with the
/// provider, whatever came between. A secret for callbacks is never taken away.
pub(crate) async fn save(
    conn: &mut PgConnection,
    tenant: TenantId,
    stored: &Stored,
) -> Result<(), Error> {
    let Stored { account, secret, callback_secret, .. } = stored;
    let (words, verdicts): (Vec<_>, Vec<_>) = account
        .verdicts
        .iter()
        .map(|(word, verdict)| (word.to_owned(), verdict.as_str().to_owned()))
        .unzip();
    let callback = callback_secret.as_ref();
    sqlx::query!(
        "
        insert into provider_accounts
            (tenant_id, provider, is_default, account, profile_id, profile_version, words, verdicts,
             secret, secret_key, secret_key_version, callback_secret, callback_secret_key,
             callback_secret_key_version, version, create_time, update_time)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)
        on conflict (tenant_id, provider) do update
        set is_default = excluded.is_default, account = excluded.account,
            profile_id = excluded.profile_id, profile_version = excluded.profile_version,
            words = excluded.words, verdicts = excluded.verdicts, secret = excluded.secret,
            secret_key = excluded.secret_key, secret_key_version = excluded.secret_key_version,
            callback_secret =
                coalesce(excluded.callback_secret, provider_accounts.callback_secret),
            callback_secret_key =
                coalesce(excluded.callback_secret_key, provider_accounts.callback_secret_key),
            callback_secret_key_version = coalesce(
                excluded.callback_secret_key_version,
                provider_accounts.callback_secret_key_version
            ),
            version = greatest(excluded.version, provider_accounts.version + 1),
            update_time = excluded.update_time
        ",
        tenant.uuid(),
        account.adapter.as_str(),
        stored.is_default,
        account.name,
        account.profile,
        account.profile_version,
        &words,
        &verdicts,
        secret.ciphertext,
        secret.key.bytes,
        secret.key.version,
        callback.map(|sealed| sealed.ciphertext.as_slice()),
        callback.map(|sealed| sealed.key.bytes.as_slice()),
        callback.map(|sealed| sealed.key.version),
        stored.version,
        stored.create_time,
        stored.update_time,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Whether there was one.
pub(crate) async fn delete(
    conn: &mut PgConnection,
    tenant: TenantId,
    adapter: Adapter,
) -> Result<bool, Error> {
    let deleted = sqlx::query!(
        "delete from provider_accounts where tenant_id = $1 and provider = $2",
        tenant.uuid(),
        adapter.as_str(),
    )
    .execute(conn)
    .await?;
    Ok(deleted.rows_affected() == 1)
}

/// All accounts of all tenants, kept from changing until the transaction ends.
pub(crate) async fn lock_all(
    conn: &mut PgConnection,
    layout: Layout,
) -> Result<Vec<(TenantId, Stored)>, Error> {
    let tenants = match layout {
        Layout::OneServer => lock_together(conn).await?,
        Layout::ByTenant => lock_each(conn).await?,
    };
    let mut all = Vec::new();
    for tenant in tenants {
        let accounts = list(&mut *conn, tenant).await?;
        all.extend(accounts.into_iter().map(|stored| (tenant, stored)));
    }
    Ok(all)
}

async fn lock_together(conn: &mut PgConnection) -> Result<BTreeSet<TenantId>, Error> {
    let tenants = sqlx::query_scalar!(
        "select tenant_id from provider_accounts order by tenant_id, provider for update",
    )
    .fetch_all(conn)
    .await?;
    Ok(tenants.into_iter().map(TenantId::from_uuid).collect())
}

/// Tenant by tenant: no lock spans several servers.
async fn lock_each(conn: &mut PgConnection) -> Result<BTreeSet<TenantId>, Error> {
    let tenants = sqlx::query_scalar!("select tenant_id from provider_accounts")
        .fetch_all(&mut *conn)
        .await?;
    let tenants: BTreeSet<TenantId> = tenants.into_iter().map(TenantId::from_uuid).collect();
    for tenant in &tenants {
        sqlx::query!(
            "select version from provider_accounts where tenant_id = $1 order by provider for update",
            tenant.uuid(),
        )
        .fetch_all(&mut *conn)
        .await?;
    }
    Ok(tenants)
}

/// Writes the wrapped keys of an account's secrets, and nothing else.
pub(crate) async fn save_keys(
    conn: &mut PgConnection,
    tenant: TenantId,
    stored: &Stored,
) -> Result<(), Error> {
    let callback = stored.callback_secret.as_ref();
    sqlx::query!(
        "
        update provider_accounts
        set secret_key = $3, secret_key_version = $4, callback_secret_key = $5,
            callback_secret_key_version = $6
        where tenant_id = $1 and provider = $2
        ",
        tenant.uuid(),
        stored.account.adapter.as_str(),
        stored.secret.key.bytes,
        stored.secret.key.version,
        callback.map(|sealed| sealed.key.bytes.as_slice()),
        callback.map(|sealed| sealed.key.version),
    )
    .execute(conn)
    .await?;
    Ok(())
}

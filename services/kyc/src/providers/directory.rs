//! Which provider decides: the tenant's own account with one, or, where the deployment plays, the
//! sandbox.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use clap::Args;
use http::Uri;
use kit::{keys::Keyring, postgres::Database};
use types::TenantId;

use super::{
    DEFAULT_NAME, Provider, Providers,
    account::Adapter,
    go::{self, Go},
    http::Http,
    id3global::{self, Id3Global},
};
use crate::{
    error::Error,
    store::provider_accounts::{self, Stored},
};

/// Where providers are. A provider that has no address is not offered to tenants.
#[derive(Debug, Clone, Default, Args)]
pub struct Hosts {
    /// GBG ID3global's SOAP endpoint.
    #[arg(long = "gbg-id3global-url", env = "GBG_ID3GLOBAL_URL", value_parser = address)]
    pub id3global: Option<String>,
    /// Where GBG ID3global takes images of documents (`IGlobalDocImage`), as
    /// `https://id3global.com/ID3gWS/ID3global.svc/Soap11_Stream`. Without it, it is given none.
    #[arg(
        long = "gbg-id3global-images-url",
        env = "GBG_ID3GLOBAL_IMAGES_URL",
        value_parser = address,
        requires = "id3global"
    )]
    pub id3global_images: Option<String>,
    /// What the paths of GBG GO's API begin with, as `https://eu.platform.go.gbgplc.com/v2/captain`.
    #[arg(long = "gbg-go-url", env = "GBG_GO_URL", value_parser = address, requires = "go_token")]
    pub go: Option<String>,
    /// Where GBG GO gives tokens.
    #[arg(
        long = "gbg-go-token-url",
        env = "GBG_GO_TOKEN_URL",
        value_parser = address,
        requires = "go"
    )]
    pub go_token: Option<String>,
    /// Gives GBG GO no images of documents: for journeys that have no place for them.
    #[arg(long = "gbg-go-without-images", env = "GBG_GO_WITHOUT_IMAGES", requires = "go")]
    pub go_without_images: bool,
}

/// Credentials and personal data go there: over TLS, unless it is this machine.
fn address(text: &str) -> Result<String, &'static str> {
    let url: Uri = text.parse().map_err(|_| "is no URL")?;
    let is_local =
        url.host().is_some_and(|host| matches!(host, "127.0.0.1" | "[::1]" | "localhost"));
    match url.scheme_str() {
        Some("https") => {}
        Some("http") if is_local => {}
        _ => return Err("must begin with https://"),
    }
    Ok(text.trim_end_matches('/').to_owned())
}

impl Hosts {
    /// Whether tenants may have accounts with it.
    pub(crate) fn offer(&self, adapter: Adapter) -> bool {
        match adapter {
            Adapter::Id3Global => self.id3global.is_some(),
            Adapter::Go => self.go.is_some() && self.go_token.is_some(),
        }
    }
}

/// What the directory goes by.
#[derive(Debug, Clone)]
pub(crate) struct Settings {
    pub(crate) fixed: Providers,
    pub(crate) hosts: Hosts,
    pub(crate) keys: Keyring,
}

/// All providers.
#[derive(Debug, Clone)]
pub(crate) struct Directory(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    database: Database,
    settings: Settings,
    http: OnceLock<Http>,
    /// Those in use, so that their tokens and connections are kept, with the version of the account.
    built: Mutex<HashMap<(TenantId, Adapter), (i64, Built)>>,
}

/// One that is ready to be asked.
#[derive(Clone)]
struct Built(Arc<dyn Provider>);

impl std::fmt::Debug for Built {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Built(..)")
    }
}

impl Directory {
    pub(crate) fn new(database: Database, settings: Settings) -> Self {
        let (http, built) = (OnceLock::new(), Mutex::default());
        Self(Arc::new(Inner { database, settings, http, built }))
    }

    /// Whether a name may be asked for. Whether the tenant has an account is another matter.
    pub(crate) fn knows(&self, name: &str) -> bool {
        name == DEFAULT_NAME || Adapter::parse(name).is_some() || self.0.settings.fixed.knows(name)
    }

    pub(crate) fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// Who decides when a tenant asks for this name, for [`Directory::find`]. The tenant's own account
    /// goes before what the deployment plays.
    pub(crate) async fn choose(&self, tenant: TenantId, name: &str) -> Result<String, Error> {
        let mut conn = self.0.database.of(tenant).await?;
        let chosen = match Adapter::parse(name) {
            Some(adapter) => {
                provider_accounts::version(&mut conn, tenant, adapter).await?.map(|_| adapter)
            }
            None if name == DEFAULT_NAME => provider_accounts::default(&mut conn, tenant).await?,
            None => None,
        };
        match chosen {
            Some(adapter) => Ok(adapter.as_str().to_owned()),
            None if self.0.settings.fixed.knows(name) => Ok(name.to_owned()),
            None => Err(Error::ProviderNotConfigured(name.to_owned())),
        }
    }

    /// The one that was chosen, if it is still there.
    pub(crate) async fn find(
        &self,
        tenant: TenantId,
        chosen: &str,
    ) -> Result<Option<Arc<dyn Provider>>, Error> {
        let Some(adapter) = Adapter::parse(chosen) else {
            return Ok(self.0.settings.fixed.find(chosen));
        };
        let mut conn = self.0.database.of(tenant).await?;
        let Some(version) = provider_accounts::version(&mut conn, tenant, adapter).await? else {
            return Ok(None);
        };
        if let Some(built) = self.built(tenant, adapter, version) {
            return Ok(Some(built.0));
        }
        let Some(stored) = provider_accounts::find(&mut conn, tenant, adapter).await? else {
            return Ok(None);
        };
        let version = stored.version;
        let built = Built(self.build(tenant, stored)?);
        let mut all = self.0.built.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert((tenant, adapter), (version, built.clone()));
        Ok(Some(built.0))
    }

    fn built(&self, tenant: TenantId, adapter: Adapter, version: i64) -> Option<Built> {
        let built = self.0.built.lock().unwrap_or_else(PoisonError::into_inner);
        let (known, built) = built.get(&(tenant, adapter))?;
        (*known == version).then(|| built.clone())
    }

    fn build(&self, tenant: TenantId, stored: Stored) -> Result<Arc<dyn Provider>, Error> {
        let Settings { hosts, keys, .. } = &self.0.settings;
        let adapter = stored.account.adapter;
        let not_offered = || Error::ProviderNotOffered(adapter.as_str());
        let secret = stored.open_secret(tenant, keys)?;
        let (http, account) = (self.http()?, stored.account);
        Ok(match adapter {
            Adapter::Id3Global => {
                let url = hosts.id3global.clone().ok_or_else(not_offered)?;
                let places = id3global::Places { url, images_url: hosts.id3global_images.clone() };
                Arc::new(Id3Global::new(http, places, account, secret))
            }
            Adapter::Go => {
                let url = hosts.go.clone().ok_or_else(not_offered)?;
                let token_url = hosts.go_token.clone().ok_or_else(not_offered)?;
                let places = go::Places { url, token_url, takes_images: !hosts.go_without_images };
                Arc::new(Go::new(http, places, account, secret))
            }
        })
    }

    /// Made when it is first needed: it reads the system's certificate authorities.
    fn http(&self) -> Result<Http, Error> {
        if let Some(http) = self.0.http.get() {
            return Ok(http.clone());
        }
        let made = Http::new().map_err(|error| Error::internal(format!("no TLS: {error}")))?;
        Ok(self.0.http.get_or_init(|| made).clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_secret_goes_over_the_network_in_clear() {
        for good in ["https://gbg.test/v2/", "http://127.0.0.1:1/x", "http://localhost:1"] {
            assert_eq!(address(good).as_deref(), Ok(good.trim_end_matches('/')));
        }
        for bad in ["http://gbg.test", "http://127.0.0.1.gbg.test", "ftp://localhost", "gbg", ""] {
            assert!(address(bad).is_err(), "{bad}");
        }
    }
}

//! API keys: what programs call with.

use std::{fmt, net::IpAddr};

use ipnet::IpNet;
use rand::rngs::SysError;
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use types::{ApiKeyId, TenantId, UserId};

use super::{Scope, Token, TokenHash};

/// What secrets begin with, so that those who look for lost ones know them.
const PREFIX: &str = "lk_";
/// Digits of a tenant's id in a secret.
const TENANT: usize = 32;

/// Proves that a call is made with a key: `lk_`, the tenant's id, `_`, 256 random bits. `Debug` does not
/// show it.
pub(crate) struct Secret {
    tenant: TenantId,
    text: String,
}

impl Secret {
    /// A new one, of the operating system's randomness.
    pub(crate) fn generate(tenant: TenantId) -> Result<Self, SysError> {
        let bits = Token::generate()?.reveal();
        Ok(Self { tenant, text: format!("{PREFIX}{}_{bits}", tenant.uuid().simple()) })
    }

    /// The secret of that text, if it could be one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (tenant, rest) = text.strip_prefix(PREFIX)?.split_at_checked(TENANT)?;
        Token::parse(rest.strip_prefix('_')?)?;
        let is_lower = tenant.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let tenant = uuid::Uuid::try_parse(tenant).ok().filter(|_| is_lower)?;
        Some(Self { tenant: TenantId::from_uuid(tenant), text: text.to_owned() })
    }

    pub(crate) fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// What is kept of it.
    pub(crate) fn hash(&self) -> TokenHash {
        TokenHash::of(Sha256::digest(&self.text).into())
    }

    /// In clear, for who makes the key alone.
    pub(crate) fn reveal(self) -> String {
        self.text
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// An IP address or a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Network(IpNet);

/// A text that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an IP address or a network, as 192.0.2.7 or 2001:db8::/32")]
pub(crate) struct NotANetwork;

impl Network {
    pub(crate) fn parse(text: &str) -> Result<Self, NotANetwork> {
        let address = || text.parse::<IpAddr>().map(|address| IpNet::from(address.to_canonical()));
        let network = text.parse::<IpNet>().or_else(|_| address()).map_err(|_| NotANetwork)?;
        Ok(Self(network.trunc()))
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What is decided about a key when it is made.
#[derive(Debug, Clone)]
pub(crate) struct NewKey {
    pub(crate) user: UserId,
    pub(crate) settings: KeySettings,
}

/// What may be changed of a key.
#[derive(Debug, Clone)]
pub(crate) struct KeySettings {
    pub(crate) name: String,
    pub(crate) scopes: Vec<Scope>,
    pub(crate) allowed_addresses: Vec<Network>,
    pub(crate) expire_time: Option<OffsetDateTime>,
    pub(crate) requests_per_s: Option<i32>,
}

/// What becomes of something that may be absent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Edit<T> {
    /// It stays as it is.
    #[default]
    Keep,
    /// It becomes this, or is taken away.
    Set(Option<T>),
}

impl<T> Edit<T> {
    pub(crate) fn is_set(&self) -> bool {
        matches!(self, Self::Set(_))
    }

    /// What is set, if something is.
    pub(crate) fn value(self) -> Option<T> {
        match self {
            Self::Keep => None,
            Self::Set(value) => value,
        }
    }
}

/// Those of [`KeySettings`] that are to be changed.
#[derive(Debug, Clone, Default)]
pub(crate) struct KeyChange {
    pub(crate) name: Option<String>,
    pub(crate) scopes: Option<Vec<Scope>>,
    pub(crate) allowed_addresses: Option<Vec<Network>>,
    pub(crate) expire_time: Edit<OffsetDateTime>,
    pub(crate) requests_per_s: Edit<i32>,
}

/// A key as it is kept.
#[derive(Debug, Clone)]
pub(crate) struct Key {
    pub(crate) id: ApiKeyId,
    pub(crate) user: UserId,
    pub(crate) name: String,
    pub(crate) scopes: Vec<String>,
    pub(crate) allowed_addresses: Vec<String>,
    pub(crate) expire_time: Option<OffsetDateTime>,
    pub(crate) requests_per_s: Option<i32>,
    pub(crate) create_time: OffsetDateTime,
    pub(crate) revoke_time: Option<OffsetDateTime>,
    pub(crate) last_use_time: Option<OffsetDateTime>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_names_its_tenant_and_no_other_is_like_it() {
        let tenant = TenantId::new();
        let (first, second) =
            (Secret::generate(tenant).unwrap(), Secret::generate(tenant).unwrap());

        assert_ne!(first.hash(), second.hash());
        assert_eq!(format!("{first:?}"), "Secret(..)");
        let hash = first.hash();
        let text = first.reveal();
        assert_eq!(text.len(), 100);
        let read = Secret::parse(&text).unwrap();
        assert_eq!((read.tenant(), read.hash()), (tenant, hash));
    }

    #[test]
    fn what_cannot_be_a_secret_is_refused() {
        let text = Secret::generate(TenantId::new()).unwrap().reveal();
        let bad = [
            String::new(),
            "lk_".to_owned(),
            text.to_uppercase(),
            text.replace('_', "-"),
            format!("{text}0"),
            text[3..].to_owned(),
            format!("lk_é{}", &text[5..]),
        ];
        for text in bad {
            assert!(Secret::parse(&text).is_none(), "{text}");
        }
        assert!(Token::parse(&text).is_none());
    }

    #[test]
    fn a_network_is_an_address_or_a_prefix() {
        let read = |text: &str| Network::parse(text).map(|network| network.to_string());

        assert_eq!(read("192.0.2.7").unwrap(), "192.0.2.7/32");
        assert_eq!(read("192.0.2.7/24").unwrap(), "192.0.2.0/24");
        assert_eq!(read("::ffff:192.0.2.7").unwrap(), "192.0.2.7/32");
        assert_eq!(read("2001:db8::1").unwrap(), "2001:db8::1/128");
        for text in ["", "acme.example", "192.0.2.0/33", "192.0.2", "192.0.2.1:80", "::/129"] {
            assert_eq!(read(text), Err(NotANetwork), "{text}");
        }
    }
}

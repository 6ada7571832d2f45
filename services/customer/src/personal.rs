//! Personal data as it is stored: sealed, each customer's under a data key of its own, and bound to
//! the customer. An e-mail address is found by a keyed hash of it.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use kit::{
    errors,
    keys::{AssociatedData, IndexKey, KeyError, Keyring, Sealed},
    postgres::Database,
};
use prost::Message;
use types::{CustomerId, TenantId};

use crate::{error::Error, store::index_keys};

/// Seals and opens the personal data of all tenants.
#[derive(Debug, Clone)]
pub(crate) struct Personal {
    database: Database,
    keys: Keyring,
    /// What never changes once it is stored.
    index_keys: Arc<Mutex<HashMap<TenantId, IndexKey>>>,
}

/// Seals and opens the personal data of one tenant.
#[derive(Debug, Clone)]
pub(crate) struct Safe {
    tenant: TenantId,
    keys: Keyring,
}

/// What is sealed, as it is encoded. A field that is absent is none.
#[derive(Clone, PartialEq, Eq, Message)]
#[prost(skip_debug)]
pub(crate) struct Fields {
    #[prost(string, optional, tag = "1")]
    pub(crate) number: Option<String>,
    #[prost(string, optional, tag = "2")]
    pub(crate) refinement: Option<String>,
    #[prost(string, optional, tag = "3")]
    pub(crate) street: Option<String>,
    #[prost(string, optional, tag = "4")]
    pub(crate) region: Option<String>,
    #[prost(string, optional, tag = "5")]
    pub(crate) city: Option<String>,
    #[prost(string, optional, tag = "6")]
    pub(crate) postal_code: Option<String>,
    /// As a Julian day number.
    #[prost(int32, optional, tag = "7")]
    pub(crate) date_of_birth: Option<i32>,
    /// As sent.
    #[prost(string, optional, tag = "8")]
    pub(crate) email: Option<String>,
    /// As sent.
    #[prost(string, optional, tag = "9")]
    pub(crate) phone: Option<String>,
    #[prost(string, optional, tag = "10")]
    pub(crate) phone_e164: Option<String>,
    /// What digests of the customer in the audit log are keyed with.
    #[prost(bytes = "vec", optional, tag = "11")]
    pub(crate) audit_key: Option<Vec<u8>>,
    /// Of a company's contact; a person's stands in the row, because persons are searched by it.
    #[prost(string, optional, tag = "12")]
    pub(crate) first_name: Option<String>,
    /// Likewise.
    #[prost(string, optional, tag = "13")]
    pub(crate) middle_name: Option<String>,
    /// Likewise.
    #[prost(string, optional, tag = "14")]
    pub(crate) last_name: Option<String>,
}

/// Says nothing of what is in it.
impl std::fmt::Debug for Fields {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Fields(..)")
    }
}

impl Personal {
    pub(crate) fn new(database: Database, keys: Keyring) -> Self {
        Self { database, keys, index_keys: Arc::default() }
    }

    /// For the customers of a tenant.
    pub(crate) fn of(&self, tenant: TenantId) -> Safe {
        Safe { tenant, keys: self.keys.clone() }
    }

    /// What a tenant's e-mail addresses are hashed with; made when it is asked for first. Not to be
    /// called in a transaction: it has a connection of its own.
    pub(crate) async fn index_key(&self, tenant: TenantId) -> Result<IndexKey, Error> {
        if let Some(key) = self.known().get(&tenant) {
            return Ok(key.clone());
        }
        let safe = self.of(tenant);
        let mut conn = self.database.of(tenant).await?;
        let stored = if let Some(stored) = index_keys::find(&mut conn, tenant).await? {
            stored
        } else {
            let made = safe.keys.make_index_key(&about_index(tenant));
            let (_, made) = made.map_err(|error| safe.fault("the key of an index", error))?;
            // Whoever comes first has made it.
            index_keys::insert(&mut conn, tenant, &made).await?
        };
        let opened = safe.keys.open_index_key(&stored, &about_index(tenant));
        let key = opened.map_err(|error| safe.fault("the key of an index", error))?;
        self.known().insert(tenant, key.clone());
        Ok(key)
    }

    fn known(&self) -> std::sync::MutexGuard<'_, HashMap<TenantId, IndexKey>> {
        self.index_keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Safe {
    pub(crate) fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// Nothing when there is nothing to seal.
    pub(crate) fn seal(
        &self,
        customer: CustomerId,
        fields: &Fields,
    ) -> Result<Option<Sealed>, Error> {
        if *fields == Fields::default() {
            return Ok(None);
        }
        let sealed = self.keys.seal(&fields.encode_to_vec(), &about(self.tenant, customer));
        sealed.map(Some).map_err(|error| self.fault(&format!("customer {customer}"), error))
    }

    pub(crate) fn open(&self, customer: CustomerId, sealed: &Sealed) -> Result<Fields, Error> {
        let about = about(self.tenant, customer);
        let opened = self.keys.open(&sealed.key, &sealed.ciphertext, &about);
        let opened = opened.map_err(|error| self.fault(&format!("customer {customer}"), error))?;
        Fields::decode(opened.as_slice())
            .map_err(|_| self.fault(&format!("customer {customer}"), KeyError::Broken))
    }

    fn fault(&self, what: &str, error: KeyError) -> Error {
        let tenant = self.tenant;
        Error::Kit(errors::Error::Internal(format!("{what} of tenant {tenant}: {error}")))
    }
}

/// What a customer's data key and data are bound to.
pub(crate) fn about(tenant: TenantId, customer: CustomerId) -> AssociatedData {
    AssociatedData::new("lombard.customer.personal")
        .field(tenant.uuid().as_bytes())
        .field(customer.uuid().as_bytes())
}

/// What the key of a tenant's index is bound to.
pub(crate) fn about_index(tenant: TenantId) -> AssociatedData {
    AssociatedData::new("lombard.customer.email_index").field(tenant.uuid().as_bytes())
}

//! Blind indexes: what is encrypted is found by a keyed hash of it, when it is looked for whole.

use std::fmt;

use aws_lc_rs::hmac;

use super::{AssociatedData, Key, KeyError, Keyring, WrappedKey, fresh};

/// Keys the hashes. Without it nobody can tell which value has which hash, not even by trying all
/// there are. It outlives key-encryption keys: they wrap it, and are changed without it.
#[derive(Clone)]
pub struct IndexKey(hmac::Key);

/// Secret.
impl fmt::Debug for IndexKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("IndexKey(..)")
    }
}

impl IndexKey {
    /// The HMAC-SHA-256 of a value: of equal values equal.
    #[must_use]
    pub fn index(&self, value: &[u8]) -> Vec<u8> {
        hmac::sign(&self.0, value).as_ref().to_vec()
    }

    fn of(key: &Key) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, key.as_slice()))
    }
}

impl Keyring {
    /// A new key for an index, and how it may be stored.
    ///
    /// # Errors
    ///
    /// [`KeyError::Failed`].
    pub fn make_index_key(
        &self,
        about: &AssociatedData,
    ) -> Result<(IndexKey, WrappedKey), KeyError> {
        let key = fresh()?;
        Ok((IndexKey::of(&key), self.wrap(&key, about)?))
    }

    /// The key of an index as it was stored.
    ///
    /// # Errors
    ///
    /// As of [`Keyring::open`].
    pub fn open_index_key(
        &self,
        key: &WrappedKey,
        about: &AssociatedData,
    ) -> Result<IndexKey, KeyError> {
        Ok(IndexKey::of(&self.unwrap_key(key, about)?))
    }
}

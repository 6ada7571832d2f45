//! Encryption of what is stored: every object has a data key of its own, which is stored beside it,
//! wrapped by a key-encryption key that is stored elsewhere.
//!
//! Key-encryption keys have versions. The newest wraps, all unwrap, so that a new one can come into use
//! while objects of the old ones are still there; [`Keyring::rewrap`] moves an object to the newest
//! without touching its ciphertext. Who destroys a wrapped data key has destroyed the object.
//!
//! Both the data key and the object are bound to [`AssociatedData`], which is not stored with them: an
//! object that is moved to another place does not open there.

use std::{
    collections::BTreeMap,
    fmt,
    path::PathBuf,
    sync::{Arc, PoisonError, RwLock},
};

use aws_lc_rs::{
    aead::{AES_256_GCM_SIV, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    rand,
};
use zeroize::Zeroizing;

mod associated;
mod file;
mod fingerprint;
mod index;

pub use associated::AssociatedData;
pub use file::{KeysConfig, ensure_file};
pub use index::IndexKey;

/// Bytes of a key.
const KEY: usize = 32;

type Key = Zeroizing<[u8; KEY]>;

/// The key-encryption keys. Clones share them.
///
/// Those of a file are read again when one is missed: while a new one is introduced, a process may meet
/// what another wraps with it already.
#[derive(Clone)]
pub struct Keyring(Arc<Shared>);

struct Shared {
    file: Option<PathBuf>,
    keys: RwLock<Arc<Keys>>,
}

struct Keys {
    by_version: BTreeMap<i32, Key>,
    newest: i32,
}

/// Keys are secret: only which there are is shown.
impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let versions: Vec<i32> = self.keys().by_version.keys().copied().collect();
        f.debug_struct("Keyring").field("versions", &versions).finish_non_exhaustive()
    }
}

/// A data key as it may be stored: of no use without the key-encryption key of its version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrappedKey {
    /// Which key-encryption key wraps it.
    pub version: i32,
    /// The data key, encrypted.
    pub bytes: Vec<u8>,
}

/// An object as it may be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sealed {
    /// Its own data key.
    pub key: WrappedKey,
    /// A nonce and the object, encrypted: [`OVERHEAD`] bytes longer than it.
    pub ciphertext: Vec<u8>,
}

/// By how many bytes a ciphertext is longer than what is in it.
pub const OVERHEAD: usize = NONCE_LEN + 16;

/// Why something cannot be sealed or opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// The key-encryption key is not on the keyring.
    #[error("there is no key-encryption key of version {0}")]
    UnknownVersion(i32),
    /// It was changed, is of another place, or another key wraps it.
    #[error("what was sealed does not open")]
    Broken,
    /// The library or the system failed.
    #[error("nothing can be sealed")]
    Failed,
}

impl Keyring {
    /// A keyring with one key that nobody else has, for what nobody reads later.
    ///
    /// # Errors
    ///
    /// When the system has no randomness.
    pub fn throw_away() -> Result<Self, KeyError> {
        let by_version = BTreeMap::from([(1, fresh()?)]);
        Ok(Self::of(None, Keys { by_version, newest: 1 }))
    }

    /// Encrypts an object under a new data key. It opens only with the same associated data.
    ///
    /// # Errors
    ///
    /// [`KeyError::Failed`].
    pub fn seal(&self, plaintext: &[u8], about: &AssociatedData) -> Result<Sealed, KeyError> {
        let key = fresh()?;
        let ciphertext = encrypt(&key, plaintext, &about.of_object())?;
        Ok(Sealed { key: self.wrap(&key, about)?, ciphertext })
    }

    /// Decrypts an object.
    ///
    /// # Errors
    ///
    /// [`KeyError::UnknownVersion`], or [`KeyError::Broken`] when anything differs from what was sealed.
    pub fn open(
        &self,
        key: &WrappedKey,
        ciphertext: &[u8],
        about: &AssociatedData,
    ) -> Result<Zeroizing<Vec<u8>>, KeyError> {
        let key = self.unwrap_key(key, about)?;
        decrypt(&key, ciphertext, &about.of_object())
    }

    /// The same data key wrapped by the newest key-encryption key; none when it is that already.
    ///
    /// # Errors
    ///
    /// As of [`Keyring::open`].
    pub fn rewrap(
        &self,
        key: &WrappedKey,
        about: &AssociatedData,
    ) -> Result<Option<WrappedKey>, KeyError> {
        if key.version == self.newest_version() {
            return Ok(None);
        }
        let data_key = self.unwrap_key(key, about)?;
        self.wrap(&data_key, about).map(Some)
    }

    /// The version that wraps.
    #[must_use]
    pub fn newest_version(&self) -> i32 {
        self.keys().newest
    }

    fn of(file: Option<PathBuf>, keys: Keys) -> Self {
        Self(Arc::new(Shared { file, keys: RwLock::new(Arc::new(keys)) }))
    }

    fn keys(&self) -> Arc<Keys> {
        Arc::clone(&self.0.keys.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// The keys, with this version among them.
    fn keys_with(&self, version: i32) -> Result<Arc<Keys>, KeyError> {
        let keys = self.keys();
        if keys.by_version.contains_key(&version) {
            return Ok(keys);
        }
        let unknown = KeyError::UnknownVersion(version);
        let file = self.0.file.as_ref().ok_or(unknown)?;
        let read = Keys::read(file).map_err(|error| {
            tracing::error!("{error:#}");
            unknown
        })?;
        if !read.by_version.contains_key(&version) {
            return Err(unknown);
        }
        let read = Arc::new(read);
        *self.0.keys.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&read);
        Ok(read)
    }

    fn wrap(&self, data_key: &Key, about: &AssociatedData) -> Result<WrappedKey, KeyError> {
        let keys = self.keys();
        let version = keys.newest;
        let by = keys.by_version.get(&version).ok_or(KeyError::UnknownVersion(version))?;
        let bytes = encrypt(by, data_key.as_slice(), &about.of_key())?;
        Ok(WrappedKey { version, bytes })
    }

    fn unwrap_key(&self, key: &WrappedKey, about: &AssociatedData) -> Result<Key, KeyError> {
        let keys = self.keys_with(key.version)?;
        let by = keys.by_version.get(&key.version).ok_or(KeyError::UnknownVersion(key.version))?;
        let bytes = decrypt(by, &key.bytes, &about.of_key())?;
        let bytes = <[u8; KEY]>::try_from(bytes.as_slice()).map_err(|_| KeyError::Broken)?;
        Ok(Zeroizing::new(bytes))
    }
}

fn fresh() -> Result<Key, KeyError> {
    let mut key = Key::default();
    rand::fill(key.as_mut_slice()).map_err(|_| KeyError::Failed)?;
    Ok(key)
}

fn cipher(key: &Key) -> Result<LessSafeKey, KeyError> {
    let key = UnboundKey::new(&AES_256_GCM_SIV, key.as_slice()).map_err(|_| KeyError::Failed)?;
    Ok(LessSafeKey::new(key))
}

fn encrypt(key: &Key, plaintext: &[u8], about: &[u8]) -> Result<Vec<u8>, KeyError> {
    let mut nonce = [0; NONCE_LEN];
    rand::fill(&mut nonce).map_err(|_| KeyError::Failed)?;
    let mut out = Vec::with_capacity(plaintext.len().saturating_add(OVERHEAD));
    out.extend_from_slice(&nonce);
    out.extend_from_slice(plaintext);
    let (_, body) = out.split_at_mut(NONCE_LEN);
    let nonce = Nonce::assume_unique_for_key(nonce);
    let tag = cipher(key)?
        .seal_in_place_separate_tag(nonce, Aad::from(about), body)
        .map_err(|_| KeyError::Failed)?;
    out.extend_from_slice(tag.as_ref());
    Ok(out)
}

fn decrypt(key: &Key, ciphertext: &[u8], about: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let (nonce, body) = ciphertext.split_at_checked(NONCE_LEN).ok_or(KeyError::Broken)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| KeyError::Broken)?;
    let mut body = Zeroizing::new(body.to_vec());
    let length = cipher(key)?
        .open_in_place(nonce, Aad::from(about), &mut body)
        .map_err(|_| KeyError::Broken)?
        .len();
    body.truncate(length);
    Ok(body)
}

#[cfg(test)]
mod tests;

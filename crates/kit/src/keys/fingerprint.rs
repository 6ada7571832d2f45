//! Fingerprints: what tells whether two values are the same, and without the keys nothing else, not even by
//! trying all values that there are.

use aws_lc_rs::hmac;

use super::{Key, Keyring};

/// The sort of what is keyed, which never changes.
const SORT: &[u8] = b"lombard.fingerprint.v1";

impl Keyring {
    /// A fingerprint of a value, by the newest key. Equal values may have different ones:
    /// [`Keyring::is_fingerprint`] compares.
    #[must_use]
    pub fn fingerprint(&self, value: &[u8]) -> Vec<u8> {
        let keys = self.keys();
        // The newest is there: it is the greatest of those that are.
        let by = keys.by_version.get(&keys.newest);
        by.map(|by| made(keys.newest, by, value)).unwrap_or_default()
    }

    /// Whether a fingerprint is of a value. It is of none when its key is not on the keyring any more.
    #[must_use]
    pub fn is_fingerprint(&self, fingerprint: &[u8], value: &[u8]) -> bool {
        let Some((version, _)) = fingerprint.split_first_chunk() else { return false };
        let version = i32::from_be_bytes(*version);
        let Ok(keys) = self.keys_with(version) else { return false };
        let by = keys.by_version.get(&version);
        by.is_some_and(|by| made(version, by, value) == fingerprint)
    }
}

/// The version, and an HMAC-SHA-256 by a key that is made of the key-encryption key for this alone.
fn made(version: i32, by: &Key, value: &[u8]) -> Vec<u8> {
    let key = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, by.as_slice()), SORT);
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key.as_ref()), value);
    [&version.to_be_bytes(), tag.as_ref()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_of_its_value_and_of_its_key_alone() {
        let (keys, others) = (Keyring::throw_away().unwrap(), Keyring::throw_away().unwrap());

        let made = keys.fingerprint(b"1988-10-03");

        assert!(keys.is_fingerprint(&made, b"1988-10-03"));
        assert!(!keys.is_fingerprint(&made, b"1988-10-04"));
        assert!(!others.is_fingerprint(&made, b"1988-10-03"));
        assert!(!keys.is_fingerprint(b"", b"") && !keys.is_fingerprint(&[0; 36], b""));
    }

    #[test]
    fn a_fingerprint_by_an_older_key_is_known() {
        let line = |version: i32| format!("{version}:{}", "A".repeat(42) + &format!("{version}="));
        let old = Keyring::parse(&line(4)).unwrap();
        let both = Keyring::parse(&format!("{},{}", line(4), line(8))).unwrap();
        let new = Keyring::parse(&line(8)).unwrap();

        let made = old.fingerprint(b"value");

        assert!(both.is_fingerprint(&made, b"value"));
        assert_ne!(both.fingerprint(b"value"), made);
        assert!(!new.is_fingerprint(&made, b"value"));
    }
}

//! Passwords and their hashes.

use std::fmt;

use argon2::{
    Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version,
    password_hash::{self, phc},
};

/// OWASP's parameters for Argon2id: 19 MiB, two passes, one lane.
const MEMORY_KIB: u32 = 19_456;
const PASSES: u32 = 2;
const LANES: u32 = 1;

/// The hash of 256 bits that nobody kept, made with the parameters above.
const OF_NOBODY: &str = "$argon2id$v=19$m=19456,t=2,p=1$J1hmS3V/cGCB9xnPoxW0rA$dk4s0Tr6+XTIjAI9Rukbcykv/2ddsYYftcS9+eHZBt4";

/// A password as somebody typed it: 1-1024 bytes. `Debug` does not show it.
#[derive(Clone)]
pub(crate) struct Password(String);

/// Why a text is no password.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    /// Nothing.
    #[error("is required")]
    Empty,
    /// More than anybody types; hashing it would be work for nothing.
    #[error("must have at most 1024 bytes")]
    TooLong,
    /// Too easy to guess for a new password.
    #[error("must have at least 12 characters")]
    TooShort,
}

impl Password {
    /// One to be checked.
    pub(crate) fn parse(text: &str) -> Result<Self, PasswordError> {
        match text.len() {
            0 => Err(PasswordError::Empty),
            1..=1024 => Ok(Self(text.to_owned())),
            _ => Err(PasswordError::TooLong),
        }
    }

    /// One to be set.
    pub(crate) fn parse_new(text: &str) -> Result<Self, PasswordError> {
        let password = Self::parse(text)?;
        if text.chars().count() < 12 {
            return Err(PasswordError::TooShort);
        }
        Ok(password)
    }

    /// Takes tens of milliseconds, as it is meant to.
    pub(crate) fn hash(&self) -> password_hash::Result<PasswordHash> {
        let hash: phc::PasswordHash = argon2id()?.hash_password(self.0.as_bytes())?;
        Ok(PasswordHash(hash.to_string()))
    }

    /// Takes as long as [`Password::hash`].
    pub(crate) fn matches(&self, hash: &PasswordHash) -> password_hash::Result<bool> {
        match argon2id()?.verify_password(self.0.as_bytes(), hash.as_str()) {
            Ok(()) => Ok(true),
            Err(password_hash::Error::PasswordInvalid) => Ok(false),
            Err(error) => Err(error),
        }
    }
}

fn argon2id() -> password_hash::Result<Argon2<'static>> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, None)?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(..)")
    }
}

/// The hash of a password, as a PHC string. `Debug` does not show it.
#[derive(Clone)]
pub(crate) struct PasswordHash(String);

impl PasswordHash {
    /// For one that was kept.
    pub(crate) fn from_kept(phc: String) -> Self {
        Self(phc)
    }

    /// To check a password against where there is no user, so that it takes the time it takes where
    /// there is one.
    pub(crate) fn of_nobody() -> Self {
        Self(OF_NOBODY.to_owned())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_matches_its_own_hash_alone() {
        let hash = Password::parse("open sesame").unwrap().hash().unwrap();

        assert!(Password::parse("open sesame").unwrap().matches(&hash).unwrap());
        assert!(!Password::parse("Open sesame").unwrap().matches(&hash).unwrap());
    }

    #[test]
    fn the_hash_of_nobody_takes_the_work_of_any_other() {
        let work = |hash: &PasswordHash| {
            hash.as_str().split('$').take(4).map(str::to_owned).collect::<Vec<_>>()
        };
        let real = Password::parse("open sesame").unwrap().hash().unwrap();
        let nobody = PasswordHash::of_nobody();

        assert_eq!(work(&nobody), ["", "argon2id", "v=19", "m=19456,t=2,p=1"]);
        assert_eq!(work(&nobody), work(&real));
        assert_eq!(nobody.as_str().len(), real.as_str().len());
        assert!(!Password::parse("open sesame").unwrap().matches(&nobody).unwrap());
    }

    #[test]
    fn length_has_its_limits() {
        let parse = |text: &str| Password::parse(text).map(|_| ());
        let parse_new = |text: &str| Password::parse_new(text).map(|_| ());

        assert_eq!(parse(""), Err(PasswordError::Empty));
        assert_eq!(parse(" "), Ok(()));
        assert_eq!(parse(&"a".repeat(1024)), Ok(()));
        assert_eq!(parse(&"a".repeat(1025)), Err(PasswordError::TooLong));
        assert_eq!(parse_new("éééééééééé1"), Err(PasswordError::TooShort));
        assert_eq!(parse_new("éééééééééé12"), Ok(()));
    }

    #[test]
    fn debug_does_not_show_it() {
        let password = Password::parse("open sesame").unwrap();

        assert_eq!(format!("{password:?}"), "Password(..)");
        assert_eq!(format!("{:?}", PasswordHash::of_nobody()), "PasswordHash(..)");
    }
}

//! Tokens.

use std::fmt;

use rand::{
    TryRng,
    rngs::{SysError, SysRng},
};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use types::{ApiKeyId, TenantId, UserId};

use super::Scope;

/// Proves who calls: 256 random bits, in lower-case hexadecimal. `Debug` does not show it.
pub(crate) struct Token(String);

impl Token {
    /// A new one, of the operating system's randomness.
    pub(crate) fn generate() -> Result<Self, SysError> {
        let bits = || SysRng.try_next_u64();
        let (a, b, c, d) = (bits()?, bits()?, bits()?, bits()?);
        Ok(Self(format!("{a:016x}{b:016x}{c:016x}{d:016x}")))
    }

    /// The token of that text, if it could be one.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let is_token =
            text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        is_token.then(|| Self(text.to_owned()))
    }

    /// What is kept of it. A plain hash will do: nobody can try 256 random bits through.
    pub(crate) fn hash(&self) -> TokenHash {
        TokenHash(Sha256::digest(&self.0).into())
    }

    /// The token in clear, for its user alone.
    pub(crate) fn reveal(self) -> String {
        self.0
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(..)")
    }
}

/// SHA-256 of a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TokenHash([u8; 32]);

impl TokenHash {
    pub(super) fn of(hash: [u8; 32]) -> Self {
        Self(hash)
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

/// A token on its way to its user.
#[derive(Debug)]
pub(crate) struct Issued {
    pub(crate) token: Token,
    pub(crate) expire_time: OffsetDateTime,
}

/// Whom a token stands for.
#[derive(Debug)]
pub(crate) struct Grant {
    pub(crate) tenant: TenantId,
    pub(crate) user: UserId,
    pub(crate) scopes: Vec<Scope>,
    pub(crate) expire_time: Option<OffsetDateTime>,
    /// As the tenant has it set; none: as the service has.
    pub(crate) tenant_requests_per_s: Option<i32>,
    pub(crate) holder: Holder,
}

/// What it is that stands for a user.
#[derive(Debug)]
pub(crate) enum Holder {
    /// A token of a login.
    Token,
    /// A key, with what is set for it.
    Key {
        id: ApiKeyId,
        allowed_addresses: Vec<String>,
        requests_per_s: Option<i32>,
        /// Its use has not been written down for a minute.
        is_use_due: bool,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_token_is_read_again_and_no_other_is_like_it() {
        let (first, second) = (Token::generate().unwrap(), Token::generate().unwrap());

        assert_ne!(first.hash(), second.hash());
        assert_eq!(Token::parse(&first.0).unwrap().hash(), first.hash());
    }

    #[test]
    fn what_cannot_be_a_token_is_refused() {
        let short = "0".repeat(63);
        for text in ["", " ", &short, &"0".repeat(65), &"A".repeat(64), &"g".repeat(64)] {
            assert!(Token::parse(text).is_none(), "{text}");
        }
    }

    #[test]
    fn debug_does_not_show_it() {
        let token = Token::generate().unwrap();

        assert_eq!(format!("{token:?}"), "Token(..)");
    }
}

//! What digests are made of: the state of an object in one form that it always has.

use std::fmt;

use aws_lc_rs::hmac;
use sha2::{Digest as _, Sha256};
use time::OffsetDateTime;
use zeroize::Zeroizing;

/// What stands for the state of an object.
pub type Digest = [u8; 32];

/// The canonical form of an object's state, field by field, in a fixed order: two states have the same form
/// if and only if they are the same.
///
/// A digest tells whoever has the object whether this is the state that was recorded. It must tell nothing to
/// who has the log alone. A hash does not hide what can be guessed: of dates of birth there are 40,000, of
/// account numbers a hundred million. So what is personal goes only into forms that are [`Form::keyed`]
/// with a secret of the object's own, which is kept beside the object and destroyed with it.
#[derive(Clone)]
pub struct Form(Zeroizing<Vec<u8>>);

/// It may hold personal data.
impl fmt::Debug for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Form").finish_non_exhaustive()
    }
}

impl Form {
    /// That of an object of this kind, without a field yet.
    #[must_use]
    pub fn of(kind: &str) -> Self {
        Self(Zeroizing::default()).bytes(kind.as_bytes())
    }

    /// A text, or a thing with a canonical text.
    #[must_use]
    pub fn text(self, text: impl AsRef<str>) -> Self {
        self.bytes(text.as_ref().as_bytes())
    }

    /// A text that may be absent, which is not the same as empty.
    #[must_use]
    pub fn maybe(self, text: Option<impl AsRef<str>>) -> Self {
        match text {
            Some(text) => self.text(text),
            None => self.nothing(),
        }
    }

    /// Several texts, in this order.
    #[must_use]
    pub fn texts(self, texts: impl IntoIterator<Item = impl AsRef<str>>) -> Self {
        let mut inner = Self(Zeroizing::default());
        for text in texts {
            inner = inner.text(text);
        }
        self.bytes(&inner.0)
    }

    /// A whole number.
    #[must_use]
    pub fn number(self, number: impl Into<i64>) -> Self {
        self.bytes(&number.into().to_be_bytes())
    }

    /// A whole number that may be absent.
    #[must_use]
    pub fn maybe_number(self, number: Option<impl Into<i64>>) -> Self {
        match number {
            Some(number) => self.number(number),
            None => self.nothing(),
        }
    }

    /// Yes or no.
    #[must_use]
    pub fn flag(self, flag: bool) -> Self {
        self.bytes(&[u8::from(flag)])
    }

    /// A time, to the microsecond, as databases keep it; it may be absent.
    #[must_use]
    pub fn time(self, at: Option<OffsetDateTime>) -> Self {
        match at {
            Some(at) => self.bytes(&at.unix_timestamp_nanos().div_euclid(1000).to_be_bytes()),
            None => self.nothing(),
        }
    }

    /// Anything else.
    #[must_use]
    pub fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.push(1);
        self.0.extend_from_slice(&u64::try_from(bytes.len()).unwrap_or(u64::MAX).to_be_bytes());
        self.0.extend_from_slice(bytes);
        self
    }

    fn nothing(mut self) -> Self {
        self.0.push(0);
        self
    }

    /// The digest of a state that holds nothing personal: SHA-256.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Sha256::digest(&*self.0).into()
    }

    /// The digest of a state that does: HMAC-SHA-256.
    #[must_use]
    pub fn keyed(&self, key: &DigestKey) -> Digest {
        let key = hmac::Key::new(hmac::HMAC_SHA256, &key.0);
        let mut digest = Digest::default();
        digest.copy_from_slice(hmac::sign(&key, &self.0).as_ref());
        digest
    }
}

/// The secret that an object's digests are keyed with.
#[derive(Clone, PartialEq, Eq)]
pub struct DigestKey(Digest);

impl fmt::Debug for DigestKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DigestKey").finish_non_exhaustive()
    }
}

impl DigestKey {
    /// One that nobody has: from a generator that is made for secrets.
    #[must_use]
    pub fn generate() -> Self {
        Self(rand::random())
    }

    /// One that was kept; none where that cannot be one.
    #[must_use]
    pub fn from_kept(kept: &[u8]) -> Option<Self> {
        kept.try_into().ok().map(Self)
    }

    /// To be kept beside its object.
    #[must_use]
    pub fn reveal(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn states_that_differ_have_forms_that_differ() {
        let form = || Form::of("thing");
        let forms = [
            form(),
            form().text(""),
            form().maybe(None::<&str>),
            form().text("a").text("b"),
            form().text("ab"),
            form().texts(["a", "b"]),
            form().texts(["ab"]),
            form().text("a").text("b").flag(false),
            form().number(1),
            form().maybe_number(None::<i64>).text("x"),
            form().time(Some(OffsetDateTime::UNIX_EPOCH)),
            Form::of("thin").text("g"),
        ];

        for (n, one) in forms.iter().enumerate() {
            for (m, other) in forms.iter().enumerate() {
                assert_eq!(one.digest() == other.digest(), n == m, "{n} {m}");
            }
        }
    }

    #[test]
    fn a_keyed_digest_cannot_be_made_without_its_key() {
        let (form, key) = (Form::of("person").text("1988-10-03"), DigestKey::generate());
        let kept = DigestKey::from_kept(key.reveal()).unwrap();

        assert_eq!(form.keyed(&key), form.keyed(&kept));
        assert_ne!(form.keyed(&key), form.keyed(&DigestKey::generate()));
        assert_ne!(form.keyed(&key), form.digest());
    }
}

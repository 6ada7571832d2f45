//! What a try to log in brings with it.

use std::{fmt, net::IpAddr};

use types::Email;

use super::{Password, Subject};

/// Who somebody says they are, and from where.
#[derive(Debug)]
pub(crate) struct Credentials {
    pub(crate) email: EmailKey,
    pub(crate) password: Password,
    /// The client's, when it is known.
    pub(crate) address: Option<IpAddr>,
}

impl Credentials {
    /// What a wrong try counts against.
    pub(crate) fn subjects(&self) -> Vec<Subject> {
        let email = Subject::email(&self.email);
        std::iter::once(email).chain(self.address.map(Subject::address)).collect()
    }
}

/// An e-mail address in the form that is compared, or whatever somebody typed in place of one, which
/// then is no user's. It is personal, so `Debug` does not show it.
#[derive(PartialEq, Eq)]
pub(crate) struct EmailKey(String);

impl EmailKey {
    /// Of any text: whether it is an address is not told by a login. PostgreSQL's texts hold no NUL.
    pub(crate) fn of_any(text: &str) -> Self {
        let other = || Self(text.trim().to_lowercase().replace('\0', "\u{fffd}"));
        Email::parse(text).map_or_else(|_| other(), |email| (&email).into())
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&Email> for EmailKey {
    fn from(email: &Email) -> Self {
        Self(email.normal())
    }
}

impl fmt::Debug for EmailKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmailKey(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn case_and_white_space_make_no_other_key() {
        for text in ["ann@example.com", " Ann@Example.COM\n"] {
            assert_eq!(EmailKey::of_any(text).as_str(), "ann@example.com");
        }
        assert_eq!(EmailKey::of_any(" No Address "), EmailKey::of_any("no address"));
        assert!(!EmailKey::of_any("no\0address").as_str().contains('\0'));
        assert_eq!(format!("{:?}", EmailKey::of_any("ann@example.com")), "EmailKey(..)");
    }
}

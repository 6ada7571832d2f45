//! Ids: UUIDs that know what they name, so that none can be taken for another.

use std::{
    cmp::Ordering,
    fmt,
    hash::{Hash, Hasher},
    marker::PhantomData,
};

use uuid::Uuid;

/// What an [`Id`] may name. Types without values.
pub mod kind {
    /// A business that uses the platform.
    #[derive(Debug)]
    pub enum Tenant {}
    /// A login of a tenant.
    #[derive(Debug)]
    pub enum User {}
    /// A long-lived key of a tenant.
    #[derive(Debug)]
    pub enum ApiKey {}
    /// A person or company whom a tenant serves.
    #[derive(Debug)]
    pub enum Customer {}
    /// A customer's ledger, and the account behind it.
    #[derive(Debug)]
    pub enum Ledger {}
    /// A movement of money between two accounts.
    #[derive(Debug)]
    pub enum Transfer {}
    /// A transfer as one of its two accounts sees it.
    #[derive(Debug)]
    pub enum Transaction {}
    /// An attempt to establish a customer's identity.
    #[derive(Debug)]
    pub enum Verification {}
    /// An order to move money over a rail.
    #[derive(Debug)]
    pub enum Payment {}

    /// Kinds whose ids are any UUID. The others' tell a transfer from its sides by their last bits.
    pub trait Independent {}
    impl Independent for Tenant {}
    impl Independent for User {}
    impl Independent for ApiKey {}
    impl Independent for Customer {}
    impl Independent for Ledger {}
    impl Independent for Verification {}
    impl Independent for Payment {}
}

/// Of a business that uses the platform.
pub type TenantId = Id<kind::Tenant>;
/// Of a login.
pub type UserId = Id<kind::User>;
/// Of a long-lived key.
pub type ApiKeyId = Id<kind::ApiKey>;
/// Of a person or company whom a tenant serves.
pub type CustomerId = Id<kind::Customer>;
/// Of a ledger, and of its account.
pub type LedgerId = Id<kind::Ledger>;
/// Of a movement of money.
pub type TransferId = Id<kind::Transfer>;
/// Of one side of a movement of money.
pub type TransactionId = Id<kind::Transaction>;
/// Of an attempt to establish an identity.
pub type VerificationId = Id<kind::Verification>;

/// Of an order to move money over a rail.
pub type PaymentId = Id<kind::Payment>;

/// A UUID (RFC 9562) that names a `Kind`. Those that we make are of version 7: a later one is greater.
pub struct Id<Kind>(Uuid, PhantomData<fn() -> Kind>);

/// Why a text is no id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a UUID of 36 characters, as 0190c7f2-5c1e-7b4a-9d3e-6f2b8a1c4d5e")]
pub struct NotAnId;

impl<Kind: kind::Independent> Id<Kind> {
    /// A new one, greater than any that this process has made before.
    #[expect(clippy::new_without_default, reason = "two defaults would differ")]
    #[must_use]
    pub fn new() -> Self {
        Self::from_uuid(Uuid::now_v7())
    }
}

impl<Kind> Id<Kind> {
    /// Any version of UUID, in the form with hyphens and in any case; not braced, not as a URN.
    ///
    /// # Errors
    /// When the text is anything else.
    pub fn parse(text: &str) -> Result<Self, NotAnId> {
        // Of the forms that the crate reads, only the one with hyphens has 36 characters.
        if text.len() != 36 {
            return Err(NotAnId);
        }
        Uuid::try_parse(text).map(Self::from_uuid).map_err(|_| NotAnId)
    }

    /// For ids that come from where ids are UUIDs, as a database.
    #[must_use]
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self(uuid, PhantomData)
    }

    /// The UUID, which no longer knows what it names.
    #[must_use]
    pub const fn uuid(self) -> Uuid {
        self.0
    }
}

// By hand: derived, these would ask the same of `Kind`.

impl<Kind> Clone for Id<Kind> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<Kind> Copy for Id<Kind> {}

impl<Kind> PartialEq for Id<Kind> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<Kind> Eq for Id<Kind> {}

impl<Kind> PartialOrd for Id<Kind> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<Kind> Ord for Id<Kind> {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}

impl<Kind> Hash for Id<Kind> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}

impl<Kind> fmt::Display for Id<Kind> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<Kind> fmt::Debug for Id<Kind> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn new_ids_are_of_version_7_and_go_up() {
        let (first, second) = (CustomerId::new(), CustomerId::new());

        assert_eq!(first.uuid().get_version_num(), 7);
        assert!(first < second);
    }

    #[test]
    fn other_forms_of_a_uuid_are_refused() {
        for text in [
            "",
            "0190c7f25c1e7b4a9d3e6f2b8a1c4d5e",
            "{0190c7f2-5c1e-7b4a-9d3e-6f2b8a1c4d5e}",
            "urn:uuid:0190c7f2-5c1e-7b4a-9d3e-6f2b8a1c4d5e",
            " 190c7f2-5c1e-7b4a-9d3e-6f2b8a1c4d5e",
            "0190c7f2-5c1e-7b4a-9d3e-6f2b8a1c4d5g",
        ] {
            assert_eq!(LedgerId::parse(text), Err(NotAnId), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_printed_is_parsed_in_any_case(bits: u128) {
            let id = UserId::from_uuid(Uuid::from_u128(bits));
            let text = id.to_string();

            prop_assert_eq!(UserId::parse(&text), Ok(id));
            prop_assert_eq!(UserId::parse(&text.to_uppercase()), Ok(id));
        }

        #[test]
        fn any_text_is_parsed_or_refused(text in ".{30,40}") {
            let _ = TenantId::parse(&text);
        }
    }
}

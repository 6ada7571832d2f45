//! E-mail addresses.

use std::fmt;

use email_address::{EmailAddress, Options};
use unicode_normalization::UnicodeNormalization;

/// An e-mail address of at most 254 characters, kept as it was sent but for white space around it.
/// It is personal, so `Debug` does not show it.
///
/// Two are equal when they are the same text; to tell whether they are the same mailbox, compare
/// [`Email::normal`].
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Email(String);

/// Why a text is no e-mail address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EmailError {
    /// Nothing, or nothing but white space.
    #[error("must not be empty")]
    Empty,
    /// More than mail servers take.
    #[error("must have at most 254 characters")]
    TooLong,
    /// Not as RFC 5321 has it, or without a domain that could be on the Internet.
    #[error("must be an e-mail address, as name@example.com")]
    NotAnAddress,
}

impl Email {
    /// The bare address: no display name, no address of a machine in place of the domain. Letters of
    /// any script are taken (RFC 6531).
    ///
    /// # Errors
    /// When it is too long or no address.
    pub fn parse(input: &str) -> Result<Self, EmailError> {
        let address = input.trim();
        if address.is_empty() {
            return Err(EmailError::Empty);
        }
        if address.chars().count() > 254 {
            return Err(EmailError::TooLong);
        }
        let options =
            Options::default().without_display_text().without_domain_literal().with_required_tld();
        // The crate knows letters, but not the marks that a decomposed one is written with.
        let composed: String = address.nfc().collect();
        let is_valid = EmailAddress::parse_with_options(&composed, options).is_ok();
        if !is_valid || composed.chars().any(char::is_control) {
            return Err(EmailError::NotAnAddress);
        }
        Ok(Self(address.to_owned()))
    }

    /// As it was sent.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form to compare by: lower case, in Unicode's form NFC.
    #[must_use]
    pub fn normal(&self) -> String {
        self.0.to_lowercase().nfc().collect()
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Email(..)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_address_is_kept_as_it_was_sent() {
        let email = Email::parse(" Alice.Smith+Bank@Example.COM ").unwrap();

        assert_eq!(email.as_str(), "Alice.Smith+Bank@Example.COM");
        assert_eq!(email.normal(), "alice.smith+bank@example.com");
        assert_eq!(format!("{email:?}"), "Email(..)");
    }

    #[test]
    fn letters_of_any_script_are_taken() {
        let composed = Email::parse("zo\u{eb}@ex\u{e4}mple.com").unwrap();
        let decomposed = Email::parse("Zoe\u{308}@exa\u{308}mple.com").unwrap();

        assert_eq!(composed.normal(), decomposed.normal());
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "alice",
            "@example.com",
            "alice@",
            "alice@localhost",
            "alice@[127.0.0.1]",
            "alice@@example.com",
            "alice@exam ple.com",
            "alice smith@example.com",
            "alice@example..com",
            ".alice@example.com",
            "alice@-example.com",
            "alice\0@example.com",
            "ali\nce@example.com",
            "Alice <alice@example.com>",
            "<alice@example.com>",
            "alice@example.com, bob@example.com",
        ] {
            assert_eq!(Email::parse(text), Err(EmailError::NotAnAddress), "{text:?}");
        }
    }

    #[test]
    fn length_has_its_limits() {
        let long = |labels: usize| format!("a@{}com", "abcdefghi.".repeat(labels));

        assert_eq!(Email::parse(" "), Err(EmailError::Empty));
        assert!(Email::parse(&long(24)).is_ok());
        assert_eq!(Email::parse(&long(25)), Err(EmailError::TooLong));
    }

    proptest! {
        #[test]
        fn any_text_is_parsed_or_refused(text in "\\PC{0,20}@\\PC{0,20}") {
            if let Ok(email) = Email::parse(&text) {
                prop_assert_eq!(Email::parse(email.as_str()), Ok(email));
            }
        }

        #[test]
        fn the_normal_form_is_its_own(local in "[A-Za-z0-9]{1,20}", domain in "[A-Za-z]{1,20}") {
            let email = Email::parse(&format!("{local}@{domain}.com")).unwrap();
            let normal = Email::parse(&email.normal()).unwrap();

            prop_assert_eq!(normal.normal(), email.normal());
        }
    }
}

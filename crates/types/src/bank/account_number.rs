//! UK account numbers.

use std::fmt;

/// A UK account number: 8 digits. It can lead to a person, so `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct AccountNumber(String);

/// Why something is no account number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an account number of 8 digits")]
pub struct NotAnAccountNumber;

impl AccountNumber {
    /// Exactly 8 digits.
    ///
    /// # Errors
    /// When the text is anything else.
    pub fn parse(text: &str) -> Result<Self, NotAnAccountNumber> {
        if text.len() != 8 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(NotAnAccountNumber);
        }
        Ok(Self(text.to_owned()))
    }

    /// The number that a counter stands at, with zeros in front.
    ///
    /// # Errors
    /// When it is greater than 99,999,999.
    pub fn from_counter(counter: u32) -> Result<Self, NotAnAccountNumber> {
        Self::parse(&format!("{counter:08}"))
    }

    /// The 8 digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for AccountNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for AccountNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AccountNumber(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_counter_is_filled_up_with_zeros() {
        assert_eq!(AccountNumber::from_counter(42).unwrap().as_str(), "00000042");
        assert_eq!(AccountNumber::from_counter(99_999_999).unwrap().as_str(), "99999999");
        assert_eq!(AccountNumber::from_counter(100_000_000), Err(NotAnAccountNumber));
    }

    #[test]
    fn what_is_not_8_digits_is_refused() {
        for text in ["", "1234567", "123456789", "1234 678", "-1234567", "1234567x", "٠٤٠٠"] {
            assert_eq!(AccountNumber::parse(text), Err(NotAnAccountNumber), "{text}");
        }
    }

    #[test]
    fn debug_does_not_show_it() {
        let number = AccountNumber::parse("12345678").unwrap();

        assert_eq!(format!("{number:?}"), "AccountNumber(..)");
    }
}

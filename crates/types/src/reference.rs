//! What a payment says to those whom it reaches.

use std::fmt;

/// A payment's reference: 1 to 18 letters from A to Z in either case, digits, spaces and `_ - . / &`,
/// trimmed. Other letters do not survive the payment schemes (as Bacs and Faster Payments), so they are
/// refused here. It may be personal, so `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Reference(String);

/// Why a text is no reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// Nothing, or nothing but white space.
    #[error("must not be empty")]
    Empty,
    /// More than the payment schemes have room for.
    #[error("must have at most 18 characters")]
    TooLong,
    /// What the payment schemes do not carry.
    #[error("must hold only letters from A to Z, digits, spaces and _ - . / &")]
    ForbiddenCharacter,
}

impl Reference {
    /// The text, trimmed.
    ///
    /// # Errors
    /// When the length or a character is wrong.
    pub fn parse(input: &str) -> Result<Self, ReferenceError> {
        let text = input.trim();
        if text.is_empty() {
            return Err(ReferenceError::Empty);
        }
        if text.chars().count() > 18 {
            return Err(ReferenceError::TooLong);
        }
        if !text.chars().all(|c| c.is_ascii_alphanumeric() || " _-./&".contains(c)) {
            return Err(ReferenceError::ForbiddenCharacter);
        }
        Ok(Self(text.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reference(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_schemes_carry_is_taken() {
        for text in ["a", "Invoice 42", "A_b-c.d/e&f", "123456789012345678"] {
            assert_eq!(Reference::parse(text).unwrap().as_str(), text);
        }
        assert_eq!(Reference::parse(" rent ").unwrap().as_str(), "rent");
    }

    #[test]
    fn what_they_do_not_carry_is_refused() {
        assert_eq!(Reference::parse("  "), Err(ReferenceError::Empty));
        assert_eq!(Reference::parse("1234567890123456789"), Err(ReferenceError::TooLong));
        for text in ["café", "a,b", "a\nb", "a:b", "#1", "(a)", "a'b"] {
            let result = Reference::parse(text);
            assert_eq!(result, Err(ReferenceError::ForbiddenCharacter), "{text}");
        }
    }
}

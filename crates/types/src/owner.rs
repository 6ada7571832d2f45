//! Who a ledger is said to belong to.

use std::fmt;

/// The caller's word for a ledger's owner, as "me" or "other": 2 to 5 of `a-z A-Z , . - _`, trimmed.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Owner(String);

/// Why a text is no owner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be 2 to 5 characters of a-z A-Z , . - _")]
pub struct NotAnOwner;

impl Owner {
    /// The text, trimmed.
    ///
    /// # Errors
    /// When the length or a character is wrong.
    pub fn parse(input: &str) -> Result<Self, NotAnOwner> {
        let text = input.trim();
        let is_allowed = |c: char| c.is_ascii_alphabetic() || ",.-_".contains(c);
        if !(2..=5).contains(&text.len()) || !text.chars().all(is_allowed) {
            return Err(NotAnOwner);
        }
        Ok(Self(text.to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_owners_are_taken() {
        for text in ["me", "other", "A,.-_"] {
            assert_eq!(Owner::parse(text).unwrap().as_str(), text);
        }
    }

    #[test]
    fn what_is_no_owner_is_refused() {
        for text in ["", "m", "others", "m e", "me1", "mé"] {
            assert_eq!(Owner::parse(text), Err(NotAnOwner), "{text}");
        }
    }
}

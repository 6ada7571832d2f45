//! The bank's part of a UK IBAN.

use std::fmt;

/// Which bank a UK IBAN is of: 4 letters, upper case, the first four of the bank's BIC.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct BankCode(String);

/// Why a text is no bank code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a bank code of 4 letters")]
pub struct NotABankCode;

impl BankCode {
    /// 4 letters from A to Z, in any case.
    ///
    /// # Errors
    /// When the text is anything else.
    pub fn parse(text: &str) -> Result<Self, NotABankCode> {
        if text.len() != 4 || !text.bytes().all(|byte| byte.is_ascii_alphabetic()) {
            return Err(NotABankCode);
        }
        Ok(Self(text.to_ascii_uppercase()))
    }

    /// The 4 letters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for BankCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_come_out_upper_case() {
        assert_eq!(BankCode::parse("payr").unwrap().as_str(), "PAYR");
    }

    #[test]
    fn what_is_not_4_letters_is_refused() {
        for text in ["", "PAY", "PAYRX", "PAY1", "PAŸ", "PA R"] {
            assert_eq!(BankCode::parse(text), Err(NotABankCode), "{text}");
        }
    }
}

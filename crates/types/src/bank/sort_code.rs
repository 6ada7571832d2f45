//! UK sort codes.

use std::fmt;

/// A UK sort code: 6 digits.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SortCode(String);

/// Why a text is no sort code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be a sort code of 6 digits, as 040052 or 04-00-52")]
pub struct NotASortCode;

impl SortCode {
    /// 6 digits, with a hyphen between the pairs or without. Whether a bank has the code is not known.
    ///
    /// # Errors
    /// When the text is anything else.
    pub fn parse(text: &str) -> Result<Self, NotASortCode> {
        let digits = match text.split('-').collect::<Vec<_>>()[..] {
            [digits] if digits.len() == 6 => digits.to_owned(),
            [a, b, c] if [a, b, c].iter().all(|pair| pair.len() == 2) => [a, b, c].concat(),
            _ => return Err(NotASortCode),
        };
        if !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(NotASortCode);
        }
        Ok(Self(digits))
    }

    /// The 6 digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SortCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hyphens_are_dropped() {
        assert_eq!(SortCode::parse("04-00-52").unwrap().as_str(), "040052");
        assert_eq!(SortCode::parse("040052").unwrap().as_str(), "040052");
    }

    #[test]
    fn what_is_not_6_digits_is_refused() {
        for text in
            ["", "04005", "0400522", "04-0052", "0-400-52", "04 00 52", "04-00-5x", "٠٤٠٠٥٢", "--"]
        {
            assert_eq!(SortCode::parse(text), Err(NotASortCode), "{text}");
        }
    }
}

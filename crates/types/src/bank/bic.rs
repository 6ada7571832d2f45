//! Business identifier codes, also called SWIFT codes.

use std::fmt;

use crate::country::Country;

/// A BIC as of ISO 9362: 8 or 11 characters, upper case. Whether anybody has it is not known.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Bic(String);

/// Why a text is no BIC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an ISO 9362 BIC of 8 or 11 characters")]
pub struct NotABic;

impl Bic {
    /// 4 letters or digits, a country's code, 2 letters or digits and possibly 3 more; in any case.
    ///
    /// # Errors
    /// When the text is anything else.
    pub fn parse(text: &str) -> Result<Self, NotABic> {
        let length = text.len();
        if (length != 8 && length != 11) || !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err(NotABic);
        }
        if !text.get(4..6).is_some_and(is_country) {
            return Err(NotABic);
        }
        Ok(Self(text.to_ascii_uppercase()))
    }

    /// The 8 or 11 characters.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Kosovo's code is not in ISO 3166-1, but its banks have BICs with it.
fn is_country(code: &str) -> bool {
    Country::parse(code).is_ok() || code.eq_ignore_ascii_case("XK")
}

impl fmt::Display for Bic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_lengths_are_taken_and_come_out_upper_case() {
        for (text, bic) in [
            ("PAYRGB20XXX", "PAYRGB20XXX"),
            ("deutdeff", "DEUTDEFF"),
            ("NCBVXKPR", "NCBVXKPR"),
            ("E097AEXX", "E097AEXX"),
        ] {
            assert_eq!(Bic::parse(text).unwrap().as_str(), bic);
        }
    }

    #[test]
    fn what_is_no_bic_is_refused() {
        for text in ["", "PAYRGB2", "PAYRGB20X", "PAYRGB20XX", "PAYRZZ20", "PAYR GB2", "PAYRGB2é"]
        {
            assert_eq!(Bic::parse(text), Err(NotABic), "{text}");
        }
    }
}

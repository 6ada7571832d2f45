//! Currencies. Which of them the platform offers is not known here.

use std::fmt;

/// An ISO 4217 currency that is counted in units: no precious metal, no code for testing.
///
/// Currencies that have been withdrawn (as HRK) stay currencies, so that old books stay readable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency {
    iso: iso_currency::Currency,
    decimals: u8,
}

/// Why a text is no currency.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an ISO 4217 currency code")]
pub struct NotACurrency;

impl Currency {
    /// An alphabetic code, in any case.
    ///
    /// # Errors
    /// When there is no such code, or what it stands for has no minor unit in ISO 4217 (as gold, XAU).
    pub fn parse(code: &str) -> Result<Self, NotACurrency> {
        let iso = iso_currency::Currency::from_code(&code.to_ascii_uppercase());
        let (iso, decimals) =
            iso.and_then(|iso| Some((iso, iso.exponent()?))).ok_or(NotACurrency)?;
        Ok(Self { iso, decimals: u8::try_from(decimals).map_err(|_| NotACurrency)? })
    }

    /// The alphabetic code in upper case: "GBP".
    #[must_use]
    pub fn code(self) -> &'static str {
        self.iso.code()
    }

    /// The alphabetic code in lower case: "gbp".
    #[must_use]
    pub fn lower(self) -> String {
        self.code().to_ascii_lowercase()
    }

    /// How many decimals an amount has: 2 for GBP, 0 for JPY, at most 4.
    #[must_use]
    pub const fn decimals(self) -> u8 {
        self.decimals
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn decimals_are_those_of_the_standard() {
        for (code, decimals) in [
            ("GBP", 2),
            ("EUR", 2),
            ("USD", 2),
            ("JPY", 0),
            ("ISK", 0),
            ("UGX", 0),
            ("UYI", 0),
            ("BHD", 3),
            ("IQD", 3),
            ("MRU", 2),
            ("CLF", 4),
            ("UYW", 4),
        ] {
            assert_eq!(Currency::parse(code).unwrap().decimals(), decimals, "{code}");
        }
    }

    #[test]
    fn codes_without_a_minor_unit_are_refused() {
        for code in ["XAU", "XAG", "XPD", "XPT", "XDR", "XSU", "XUA", "XBA", "XTS", "XXX"] {
            assert_eq!(Currency::parse(code), Err(NotACurrency), "{code}");
        }
    }

    #[test]
    fn what_is_no_code_is_refused() {
        for code in ["", "GB", "GBPX", " GBP", "826", "£", "ＧＢＰ", "gbſ"] {
            assert_eq!(Currency::parse(code), Err(NotACurrency), "{code}");
        }
    }

    #[test]
    fn case_does_not_matter_on_the_way_in() {
        let currency = Currency::parse("gBp").unwrap();

        assert_eq!((currency.code(), currency.lower().as_str()), ("GBP", "gbp"));
    }

    proptest! {
        #[test]
        fn a_code_is_what_was_parsed(text in "[A-Za-z]{3}") {
            if let Ok(currency) = Currency::parse(&text) {
                prop_assert_eq!(currency.code(), text.to_uppercase());
                prop_assert!(currency.decimals() <= 4);
            }
        }
    }
}

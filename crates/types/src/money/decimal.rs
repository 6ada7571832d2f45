//! Decimal numbers as text, before and after their currency counts.

use super::amount::{Amount, AmountError};
use crate::currency::Currency;

/// The most characters that an amount may have when it is printed: "99999999.99".
pub(super) const MAX_CHARACTERS: usize = 11;

/// The most decimals that any currency has.
const MOST_DECIMALS: u8 = 4;

/// An amount that was read while its currency is not known yet.
///
/// Every [`Amount`] that a text can stand for in some currency can be had from it; whether it has too
/// many decimals, or is too long, for a certain currency turns out in [`Self::in_currency`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DecimalText {
    /// All digits as one number.
    digits: i64,
    /// How many of them stand after the point.
    decimals: u8,
}

impl DecimalText {
    /// Digits, and possibly a point with one to four digits more: "200", "200.00". Leading zeros count
    /// for nothing. No sign, exponent, separator or space.
    ///
    /// # Errors
    /// When the text is anything else, is 0, or would be too long in every currency.
    pub fn parse(text: &str) -> Result<Self, AmountError> {
        Self::parse_with_decimals(text, MOST_DECIMALS)
    }

    pub(super) fn parse_with_decimals(text: &str, most: u8) -> Result<Self, AmountError> {
        let (whole, fraction) = match text.split_once('.') {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (text, None),
        };
        if !is_digits(whole) || !fraction.is_none_or(is_digits) {
            return Err(AmountError::NotDecimal);
        }
        let fraction = fraction.unwrap_or_default();
        let decimals = u8::try_from(fraction.len()).unwrap_or(u8::MAX);
        if decimals > most {
            return Err(AmountError::TooManyDecimals { most });
        }
        let digits = read(whole.bytes().chain(fraction.bytes())).ok_or(AmountError::TooLong)?;
        if digits == 0 {
            return Err(AmountError::NotPositive);
        }
        if print(digits, decimals).len() > MAX_CHARACTERS {
            return Err(AmountError::TooLong);
        }
        Ok(Self { digits, decimals })
    }

    /// The amount that it stands for in the currency.
    ///
    /// # Errors
    /// When it has more decimals than the currency, or is too long with all of them printed.
    pub fn in_currency(self, currency: Currency) -> Result<Amount, AmountError> {
        let most = currency.decimals();
        let missing =
            most.checked_sub(self.decimals).ok_or(AmountError::TooManyDecimals { most })?;
        let minor =
            10_i64.checked_pow(missing.into()).and_then(|scale| self.digits.checked_mul(scale));
        Amount::new(minor.ok_or(AmountError::TooLong)?, currency)
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// The number that ASCII digits stand for; none when it is too big.
fn read(mut digits: impl Iterator<Item = u8>) -> Option<i64> {
    digits.try_fold(0_i64, |number, digit| {
        number.checked_mul(10)?.checked_add(digit.checked_sub(b'0')?.into())
    })
}

/// Prints minor units with exactly so many decimals: "-0.05", or "200" with none.
pub(super) fn print(minor: i64, decimals: u8) -> String {
    let sign = if minor < 0 { "-" } else { "" };
    let decimals = usize::from(decimals);
    let width = decimals.saturating_add(1);
    let digits = format!("{:0>width$}", minor.unsigned_abs());
    match digits.split_at_checked(digits.len().saturating_sub(decimals)) {
        Some((whole, fraction)) if !fraction.is_empty() => format!("{sign}{whole}.{fraction}"),
        _ => format!("{sign}{digits}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn too_long_everywhere_is_too_long_before_the_currency_is_known() {
        assert!(DecimalText::parse("99999999999").is_ok());
        assert_eq!(DecimalText::parse("100000000000"), Err(AmountError::TooLong));
        assert_eq!(DecimalText::parse("9999999999.9"), Err(AmountError::TooLong));
        assert_eq!(DecimalText::parse(&"9".repeat(1000)), Err(AmountError::TooLong));
    }

    #[test]
    fn the_currency_decides_when_it_is_known() {
        let pounds = Currency::parse("GBP").unwrap();
        let text = DecimalText::parse("0.005").unwrap();
        let long = DecimalText::parse("99999999999").unwrap();

        assert_eq!(text.in_currency(pounds), Err(AmountError::TooManyDecimals { most: 2 }));
        assert_eq!(long.in_currency(pounds), Err(AmountError::TooLong));
        assert_eq!(text.in_currency(Currency::parse("BHD").unwrap()).unwrap().minor(), 5);
    }

    #[test]
    fn minor_units_are_printed_with_their_decimals() {
        assert_eq!(print(20_000, 2), "200.00");
        assert_eq!(print(200, 0), "200");
        assert_eq!(print(0, 2), "0.00");
        assert_eq!(print(-5, 2), "-0.05");
        assert_eq!(print(12_345, 4), "1.2345");
        assert_eq!(print(i64::MIN, 2), "-92233720368547758.08");
    }
}

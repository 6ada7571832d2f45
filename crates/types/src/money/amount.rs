//! Amounts: what a transfer moves.

use super::decimal::{self, DecimalText};
use crate::currency::Currency;

/// Money that can move: more than 0, and at most 11 characters when printed ("99999999.99").
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Amount {
    minor: i64,
    currency: Currency,
}

/// Why something is no amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// Anything but digits with at most one point between them.
    #[error("must be a decimal number of plain digits, as 200 or 200.00")]
    NotDecimal,
    /// 0 or less.
    #[error("must be greater than 0")]
    NotPositive,
    /// More decimals than the currency has.
    #[error("must have {}", at_most(*.most))]
    TooManyDecimals {
        /// How many the currency has.
        most: u8,
    },
    /// Too big to be printed.
    #[error("must have at most 11 characters with its decimals, as 99999999.99")]
    TooLong,
}

fn at_most(decimals: u8) -> String {
    match decimals {
        0 => "no decimals".to_owned(),
        1 => "at most 1 decimal".to_owned(),
        _ => format!("at most {decimals} decimals"),
    }
}

impl Amount {
    /// So many of the currency's smallest unit: pence for GBP, whole yen for JPY.
    ///
    /// # Errors
    /// When it is not greater than 0, or longer than 11 characters when printed.
    pub fn new(minor: i64, currency: Currency) -> Result<Self, AmountError> {
        if minor <= 0 {
            return Err(AmountError::NotPositive);
        }
        let amount = Self { minor, currency };
        if amount.to_decimal_string().len() > decimal::MAX_CHARACTERS {
            return Err(AmountError::TooLong);
        }
        Ok(amount)
    }

    /// As [`DecimalText::parse`], with at most the currency's decimals.
    ///
    /// # Errors
    /// When the text is no decimal number, or stands for no amount.
    pub fn parse(decimal: &str, currency: Currency) -> Result<Self, AmountError> {
        DecimalText::parse_with_decimals(decimal, currency.decimals())?.in_currency(currency)
    }

    /// How many of the currency's smallest unit.
    #[must_use]
    pub const fn minor(self) -> i64 {
        self.minor
    }

    /// What it is counted in.
    #[must_use]
    pub const fn currency(self) -> Currency {
        self.currency
    }

    /// With exactly the currency's decimals: "200.00" pounds, "200" yen.
    #[must_use]
    pub fn to_decimal_string(self) -> String {
        decimal::print(self.minor, self.currency.decimals())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn currency() -> impl Strategy<Value = Currency> {
        proptest::sample::select(vec!["JPY", "GBP", "BHD", "CLF"])
            .prop_map(|code| Currency::parse(code).unwrap())
    }

    fn minor_of(text: &str, code: &str) -> Result<i64, AmountError> {
        Amount::parse(text, Currency::parse(code).unwrap()).map(Amount::minor)
    }

    #[test]
    fn one_amount_may_be_written_in_many_ways() {
        for text in ["200", "200.0", "200.00", "0200", "00200.00"] {
            assert_eq!(minor_of(text, "GBP"), Ok(20_000), "{text}");
        }
    }

    #[test]
    fn the_greatest_amount_has_11_characters() {
        assert_eq!(minor_of("99999999.99", "GBP"), Ok(9_999_999_999));
        assert_eq!(minor_of("99999999999", "JPY"), Ok(99_999_999_999));
        assert_eq!(minor_of("100000000", "GBP"), Err(AmountError::TooLong));
        assert_eq!(minor_of("100000000000", "JPY"), Err(AmountError::TooLong));
        assert_eq!(minor_of(&"9".repeat(40), "GBP"), Err(AmountError::TooLong));
        let pounds = Currency::parse("GBP").unwrap();
        assert_eq!(Amount::new(10_000_000_000, pounds), Err(AmountError::TooLong));
        assert_eq!(Amount::new(i64::MAX, pounds), Err(AmountError::TooLong));
    }

    #[test]
    fn only_plain_decimals_are_amounts() {
        for text in [
            "", " ", ".", "5.", ".5", "1.2.3", "-5", "+5", "1e3", "1E3", "1_000", "1,000", "1 000",
            " 5", "5 ", "0x5", "٥", "５", "NaN", "inf", "£5",
        ] {
            assert_eq!(minor_of(text, "GBP"), Err(AmountError::NotDecimal), "{text}");
        }
    }

    #[test]
    fn nothing_is_no_amount() {
        for text in ["0", "0.00", "000"] {
            assert_eq!(minor_of(text, "GBP"), Err(AmountError::NotPositive), "{text}");
        }
        for minor in [0, -1, i64::MIN] {
            let amount = Amount::new(minor, Currency::parse("GBP").unwrap());
            assert_eq!(amount, Err(AmountError::NotPositive));
        }
    }

    #[test]
    fn the_message_tells_how_many_decimals_there_may_be() {
        let message = |text, code| minor_of(text, code).unwrap_err().to_string();

        assert_eq!(message("1.001", "GBP"), "must have at most 2 decimals");
        assert_eq!(message("1.00001", "GBP"), "must have at most 2 decimals");
        assert_eq!(message("1.0", "JPY"), "must have no decimals");
    }

    proptest! {
        #[test]
        fn parsing_undoes_printing(minor in 1_i64..10_000_000_000, currency in currency()) {
            let amount = Amount::new(minor, currency).unwrap();

            prop_assert_eq!(Amount::parse(&amount.to_decimal_string(), currency), Ok(amount));
        }

        #[test]
        fn printing_undoes_parsing(text in "(0|[1-9][0-9]{0,7})\\.[0-9]{2}") {
            let pounds = Currency::parse("GBP").unwrap();
            if let Ok(amount) = Amount::parse(&text, pounds) {
                prop_assert_eq!(amount.to_decimal_string(), text);
            }
        }

        #[test]
        fn a_sign_or_an_exponent_is_never_taken(
            text in "[0-9.]{0,6}[-+eE_, ][0-9.+-]{0,6}",
            currency in currency(),
        ) {
            prop_assert_eq!(Amount::parse(&text, currency), Err(AmountError::NotDecimal));
        }

        #[test]
        fn any_text_is_parsed_or_refused(text in "\\PC{0,14}", currency in currency()) {
            if let Ok(amount) = Amount::parse(&text, currency) {
                prop_assert!(amount.minor() > 0);
                prop_assert!(amount.to_decimal_string().len() <= 11);
            }
        }
    }
}

//! Balances: what an account holds.

use super::decimal;
use crate::currency::Currency;

/// What is on an account; below 0 it owes. Whether it may is not decided here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Balance {
    minor: i64,
    currency: Currency,
}

impl Balance {
    /// So many of the currency's smallest unit, of either sign.
    #[must_use]
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
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

    /// With exactly the currency's decimals, and a sign when below 0: "-0.05". A number in JSON.
    #[must_use]
    pub fn to_decimal_string(self) -> String {
        decimal::print(self.minor, self.currency.decimals())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn currency(code: &str) -> Currency {
        Currency::parse(code).unwrap()
    }

    #[test]
    fn a_balance_is_printed_with_its_sign() {
        assert_eq!(Balance::new(943_899, currency("GBP")).to_decimal_string(), "9438.99");
        assert_eq!(Balance::new(-5, currency("GBP")).to_decimal_string(), "-0.05");
        assert_eq!(Balance::new(0, currency("GBP")).to_decimal_string(), "0.00");
        assert_eq!(Balance::new(0, currency("JPY")).to_decimal_string(), "0");
    }
}

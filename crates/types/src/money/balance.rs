//! Balances: what an account holds.

use super::{amount::Amount, decimal};
use crate::currency::Currency;

/// What is on an account; below 0 it owes. Whether it may is not decided here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Balance {
    minor: i64,
    currency: Currency,
}

/// Why an amount cannot be added to a balance, or taken from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BalanceError {
    /// Their currencies differ.
    #[error("must be in {balance}, not in {amount}")]
    CurrencyMismatch {
        /// The balance's.
        balance: Currency,
        /// The amount's.
        amount: Currency,
    },
    /// The sum does not fit 64 bits.
    #[error("must not take the balance beyond what can be counted")]
    OutOfRange,
}

impl Balance {
    /// So many of the currency's smallest unit, of either sign.
    #[must_use]
    pub const fn new(minor: i64, currency: Currency) -> Self {
        Self { minor, currency }
    }

    /// That of an account on which nothing has happened yet.
    #[must_use]
    pub const fn zero(currency: Currency) -> Self {
        Self::new(0, currency)
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

    /// The balance after the amount has come in.
    ///
    /// # Errors
    /// When the currencies differ, or the sum does not fit 64 bits.
    pub fn credit(self, amount: Amount) -> Result<Self, BalanceError> {
        self.after(amount, i64::checked_add)
    }

    /// The balance after the amount has gone out, which may be below 0.
    ///
    /// # Errors
    /// When the currencies differ, or the difference does not fit 64 bits.
    pub fn debit(self, amount: Amount) -> Result<Self, BalanceError> {
        self.after(amount, i64::checked_sub)
    }

    fn after(self, amount: Amount, sum: fn(i64, i64) -> Option<i64>) -> Result<Self, BalanceError> {
        let Self { minor, currency } = self;
        if currency != amount.currency() {
            let amount = amount.currency();
            return Err(BalanceError::CurrencyMismatch { balance: currency, amount });
        }
        let minor = sum(minor, amount.minor()).ok_or(BalanceError::OutOfRange)?;
        Ok(Self { minor, currency })
    }

    /// With exactly the currency's decimals, and a sign when below 0: "-0.05". A number in JSON.
    #[must_use]
    pub fn to_decimal_string(self) -> String {
        decimal::print(self.minor, self.currency.decimals())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn currency(code: &str) -> Currency {
        Currency::parse(code).unwrap()
    }

    #[test]
    fn a_balance_is_printed_with_its_sign() {
        assert_eq!(Balance::new(943_899, currency("GBP")).to_decimal_string(), "9438.99");
        assert_eq!(Balance::new(-5, currency("GBP")).to_decimal_string(), "-0.05");
        assert_eq!(Balance::zero(currency("GBP")).to_decimal_string(), "0.00");
        assert_eq!(Balance::zero(currency("JPY")).to_decimal_string(), "0");
    }

    #[test]
    fn currencies_do_not_mix() {
        let (pounds, euros) = (currency("GBP"), currency("EUR"));
        let amount = Amount::new(1, euros).unwrap();

        let result = Balance::zero(pounds).credit(amount);

        let mismatch = BalanceError::CurrencyMismatch { balance: pounds, amount: euros };
        assert_eq!(result, Err(mismatch));
    }

    #[test]
    fn a_balance_does_not_wrap_around() {
        let amount = Amount::new(1, currency("GBP")).unwrap();

        let most = Balance::new(i64::MAX, currency("GBP")).credit(amount);
        let least = Balance::new(i64::MIN, currency("GBP")).debit(amount);

        assert_eq!(most, Err(BalanceError::OutOfRange));
        assert_eq!(least, Err(BalanceError::OutOfRange));
    }

    proptest! {
        #[test]
        fn a_debit_undoes_a_credit(minor in -1_000_000..1_000_000_i64, moved in 1..1_000_000_i64) {
            let amount = Amount::new(moved, currency("GBP")).unwrap();
            let before = Balance::new(minor, currency("GBP"));

            prop_assert_eq!(before.credit(amount).unwrap().debit(amount), Ok(before));
        }
    }
}

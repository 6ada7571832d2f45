//! Money as integers of a currency's smallest unit. No float holds any, not even on the way.

mod amount;
mod balance;
mod decimal;

pub use self::{
    amount::{Amount, AmountError},
    balance::Balance,
    decimal::DecimalText,
};

//! What names an account among banks.

mod account_number;
mod bank_code;
mod bic;
mod iban;
mod sort_code;

pub use self::{
    account_number::{AccountNumber, NotAnAccountNumber},
    bank_code::{BankCode, NotABankCode},
    bic::{Bic, NotABic},
    iban::{Iban, NotAnIban},
    sort_code::{NotASortCode, SortCode},
};

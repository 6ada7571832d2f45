//! Values that cannot be invalid: parsed or refused, and right from then on.
//!
//! Every error's message completes a sentence that begins with the name of a parameter. No message,
//! and no `Debug`, holds personal data. Not here: anything that reads, writes or knows a wire format.

mod bank;
mod country;
mod currency;
mod date_of_birth;
mod email;
#[cfg(any(test, feature = "fuzz"))]
pub mod fuzz;
mod id;
mod money;
mod owner;
mod phone;
mod reference;
mod text;
mod transaction;

pub use crate::{
    bank::{
        AccountNumber, BankCode, Bic, Iban, NotABankCode, NotABic, NotASortCode,
        NotAnAccountNumber, NotAnIban, SortCode,
    },
    country::{Country, NotACountry},
    currency::{Currency, NotACurrency},
    date_of_birth::{DateOfBirth, DateOfBirthError},
    email::{Email, EmailError},
    id::{
        ApiKeyId, CustomerId, Id, LedgerId, NotAnId, PaymentId, TenantId, TransactionId,
        TransferId, UserId, VerificationId, kind,
    },
    money::{Amount, AmountError, Balance, DecimalText},
    owner::{NotAnOwner, Owner},
    phone::{Phone, PhoneError},
    reference::{Reference, ReferenceError},
    text::{Text, TextError},
    transaction::Side,
};

//! The rules of customers; pure.

mod customer;
mod details;
mod verification;

pub(crate) use customer::{Customer, Made};
pub(crate) use details::{Change, CustomerType, Details, Draft};
pub(crate) use verification::{Report, Verification, VerificationStatus};

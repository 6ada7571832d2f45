//! The rules of customers; pure.

mod customer;
mod details;
mod seen;
mod standings;
mod verification;

pub(crate) use customer::{Customer, Made};
pub(crate) use details::{Change, CustomerType, Details, Draft};
pub(crate) use seen::Seen;
pub(crate) use standings::{COMMIT_WAIT, LEASE, Standings};
pub(crate) use verification::{Report, Verification, VerificationStatus};

//! The rules of verifications and their documents. Pure: no time is read here, nothing is stored.

mod document;
mod verification;

pub(crate) use document::{Document, Documents, MimeType, Side};
pub use verification::Outcome;
pub(crate) use verification::{
    Change, IdType, Lifecycle, Status, Verification, WrongState, id_after,
};

//! The rules of verifications and their documents. Pure: no time is read here, nothing is stored.

mod document;
mod note;
mod verification;

pub(crate) use document::{Document, Documents, MimeType, Side};
pub(crate) use note::Note;
pub use verification::Outcome;
pub(crate) use verification::{
    Change, Decision, IdType, Lifecycle, Status, Verification, WrongState, id_after,
};

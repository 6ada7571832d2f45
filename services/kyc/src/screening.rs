//! Screening: whether a customer may be somebody on a sanctions list. A list never rejects: a match asks
//! a person to look.

mod born;
mod countries;
mod entry;
pub mod files;
mod index;
#[cfg(test)]
mod measure;
mod name;
mod score;
mod similarity;

pub use entry::List;

/// From which score on a match asks for a review, where the tenant has not said otherwise.
pub const DEFAULT_THRESHOLD: u32 = 800;

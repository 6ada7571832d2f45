//! Screening: whether a customer may be somebody on a sanctions list. A list never rejects: a match asks
//! a person to look.
//!
//! The lists are loaded by `load` and kept in memory by `Lists`. Customers are screened by `Watch`
//! when they are created or changed and when a list changes, and by the worker before it records that
//! somebody is verified.

mod born;
mod changes;
mod countries;
mod entry;
pub mod files;
mod index;
mod lists;
mod load;
#[cfg(test)]
mod measure;
mod name;
mod reviews;
mod score;
mod similarity;
mod watch;

pub use entry::List;
pub use load::{Loaded, NotLoaded, Shrinking, load_ofac, load_uk};

pub(crate) use born::Born;
pub(crate) use countries::by_alpha_3;
pub(crate) use entry::{Difference, Entry, Kind, Match, Name, Naming, Wanted};
pub(crate) use lists::Lists;
pub(crate) use name::{Part, parts, without_titles};
pub(crate) use reviews::{REASON, Reviews, follow, weigh};
pub(crate) use watch::Watch;

/// From which score on a match asks for a review, in thousandths, where the tenant has not said
/// otherwise.
pub const DEFAULT_THRESHOLD: u32 = 800;

/// Which way of comparing names this is: one more whenever somebody may be found who was not before.
pub(crate) const MATCHING: i32 = 1;

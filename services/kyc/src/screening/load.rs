//! Putting a list that was read from files in the place of the one that is stored: whole, or not at all.

use super::{
    List,
    files::{self, Fault, Ofac, Read, Unreadable},
};
use crate::{
    ROLE,
    error::Error,
    store::{sanctions, screening},
};
use kit::postgres::Database;
use sqlx::PgPool;

/// A list with less than this share of the entries that it had is refused.
const LEAST_PERCENT: i64 = 80;

/// Whether a list may have lost many of its entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shrinking {
    /// A file that was cut off looks like that.
    Refused,
    /// Somebody has looked.
    Allowed,
}

/// A list that is stored now.
#[derive(Debug)]
pub struct Loaded {
    /// How many entries it has.
    pub entries: usize,
    /// What could not be read, and does no harm.
    pub unread: Vec<Fault>,
}

/// Why a list was not loaded. The one before it is as it was.
#[derive(Debug, thiserror::Error)]
pub enum NotLoaded {
    /// Not as its publisher writes it.
    #[error(transparent)]
    Unreadable(#[from] Unreadable),
    /// Perhaps it was cut off.
    #[error("it has {now} entries and had {before}: to load it all the same, allow it to shrink")]
    Shrunk {
        /// Entries of the list that is stored.
        before: i64,
        /// Entries of this one.
        now: i64,
    },
    /// Nothing is wrong with the list.
    #[error("it cannot be stored: {0}")]
    NotStored(String),
}

impl From<Error> for NotLoaded {
    fn from(error: Error) -> Self {
        Self::NotStored(error.cause())
    }
}

impl From<sqlx::Error> for NotLoaded {
    fn from(error: sqlx::Error) -> Self {
        Error::from(error).into()
    }
}

/// Loads the UK Sanctions List.
///
/// # Errors
///
/// When the file or the database does not allow it.
pub async fn load_uk(
    pool: &PgPool,
    file: &[u8],
    shrinking: Shrinking,
) -> Result<Loaded, NotLoaded> {
    load(pool, List::Uk, files::uk(file)?, shrinking).await
}

/// Loads the list of OFAC.
///
/// # Errors
///
/// When the files or the database do not allow it.
pub async fn load_ofac(
    pool: &PgPool,
    files: &Ofac,
    shrinking: Shrinking,
) -> Result<Loaded, NotLoaded> {
    load(pool, List::Ofac, files::ofac(files)?, shrinking).await
}

/// Everybody is screened again from this transaction on.
async fn load(
    pool: &PgPool,
    list: List,
    read: Read,
    shrinking: Shrinking,
) -> Result<Loaded, NotLoaded> {
    let mut tx = Database::new(pool, ROLE).begin_of_each([]).await?;
    let version = screening::lists_changed(&mut tx).await?;
    let before = sanctions::count(&mut tx, list).await?;
    let now = i64::try_from(read.entries.len()).unwrap_or(i64::MAX);
    let least = before.saturating_mul(LEAST_PERCENT) / 100;
    if now < least && shrinking == Shrinking::Refused {
        return Err(NotLoaded::Shrunk { before, now });
    }
    sanctions::replace(&mut tx, list, &read.entries).await?;
    sanctions::note_load(&mut tx, version, list, read.entries.len()).await?;
    tx.commit().await?;
    Ok(Loaded { entries: read.entries.len(), unread: read.unread })
}

//! Rotation: data keys are wrapped anew, by the newest key-encryption key. Documents are not touched.

use std::fmt::Display;

use kit::{
    keys::{KeyError, Keyring, WrappedKey},
    postgres::{Database, citus},
};
use sqlx::PgPool;

use crate::{
    Objects, ROLE, TABLE,
    accounts::rewrap_provider_secrets,
    error::Error,
    notes,
    safe::{Kept, Safe},
    store::documents,
    upkeep,
};

/// Keys that are wrapped anew in one transaction.
const BATCH: i64 = 500;

/// What a rotation has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rotated {
    /// The version that wraps all that was rotated.
    pub version: i32,
    /// Data keys that were wrapped anew.
    pub rewrapped: u64,
    /// Data keys that no key on the keyring opens: they are as they were.
    pub failed: u64,
}

/// Wraps every data key, of documents, of notes and of providers' secrets, with the newest key-encryption
/// key, in batches, while the service runs. Cut off, it goes on where it was when it is run again. Documents
/// that an earlier release left in the database are moved out first.
///
/// # Errors
///
/// When the database or the store of the documents fails.
pub async fn rotate_keys(
    pool: &PgPool,
    keys: Keyring,
    objects: Objects,
) -> anyhow::Result<Rotated> {
    let database = Database::new(pool, ROLE);
    let layout = citus::layout(&database, TABLE).await?;
    let database = &database.laid_out(layout);
    let safe = Safe::new(keys.clone(), objects);
    upkeep::move_out(database, &safe).await?;
    let mut rotated = Rotated { version: safe.newest_key_version(), ..Rotated::default() };
    rewrap_provider_secrets(database, &keys, &mut rotated).await?;
    notes::rewrap(database, &keys, &mut rotated).await?;
    let mut after = None;
    while let Some(last) = rotate_batch(database, &safe, after.as_ref(), &mut rotated).await? {
        after = Some(last.label);
        tracing::info!(rewrapped = rotated.rewrapped, failed = rotated.failed, "rotating");
    }
    Ok(rotated)
}

impl Rotated {
    /// Counts what has become of a data key, and gives the new one where there is one to be stored. One that
    /// cannot be wrapped anew stays as it is.
    pub(crate) fn count(
        &mut self,
        key: Result<Option<WrappedKey>, KeyError>,
        whose: impl Display,
    ) -> Option<WrappedKey> {
        match key {
            Ok(key) => {
                self.rewrapped = self.rewrapped.saturating_add(key.is_some().into());
                key
            }
            Err(error) => {
                self.failed = self.failed.saturating_add(1);
                tracing::error!(%error, "{whose} keeps its key");
                None
            }
        }
    }
}

/// The last of the batch; none when there was nothing left.
async fn rotate_batch(
    database: &Database,
    safe: &Safe,
    after: Option<&crate::safe::Label>,
    rotated: &mut Rotated,
) -> Result<Option<Kept>, Error> {
    let mut tx = database.begin_platform().await?;
    let layout = database.layout();
    let batch = documents::not_wrapped_by(&mut tx, layout, rotated.version, after, BATCH).await?;
    let last = batch.last().cloned();
    let mut keys = Vec::new();
    for kept in batch {
        let whose = format_args!("a document of verification {}", kept.label.verification);
        if let Some(key) = rotated.count(safe.rewrap(&kept), whose) {
            keys.push((kept, key));
        }
    }
    documents::save_keys(&mut tx, layout, &keys).await?;
    kit::postgres::commit(tx).await?;
    Ok(last)
}

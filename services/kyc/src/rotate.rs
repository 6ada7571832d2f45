//! Rotation: data keys are wrapped anew, by the newest key-encryption key. Documents are not touched.

use kit::{keys::Keyring, postgres::Database};
use sqlx::PgPool;

use crate::{
    Objects, ROLE,
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

/// Wraps every data key, of documents, of notes and of providers' secrets, with the newest key-encryption key, in batches, while the service runs. Cut off, it
/// goes on where it was when it is run again. Documents that an earlier release left in the database are
/// moved out first.
///
/// # Errors
///
/// When the database or the store of the documents fails.
pub async fn rotate_keys(
    pool: &PgPool,
    keys: Keyring,
    objects: Objects,
) -> anyhow::Result<Rotated> {
    let database = &Database::new(pool, ROLE);
    let safe = Safe::new(keys.clone(), objects);
    upkeep::move_out(database, &safe).await?;
    let (rewrapped, failed) = rewrap_provider_secrets(database, &keys).await?;
    let mut rotated = Rotated { version: safe.newest_key_version(), rewrapped, failed };
    let (rewrapped, failed) = notes::rewrap(database, &keys).await?;
    rotated.rewrapped = rotated.rewrapped.saturating_add(rewrapped);
    rotated.failed = rotated.failed.saturating_add(failed);
    let mut after = None;
    while let Some(last) = rotate_batch(database, &safe, after.as_ref(), &mut rotated).await? {
        after = Some(last.label);
        tracing::info!(rewrapped = rotated.rewrapped, failed = rotated.failed, "rotating");
    }
    Ok(rotated)
}

/// The last of the batch; none when there was nothing left.
async fn rotate_batch(
    database: &Database,
    safe: &Safe,
    after: Option<&crate::safe::Label>,
    rotated: &mut Rotated,
) -> Result<Option<Kept>, Error> {
    let mut tx = database.begin_platform().await?;
    let batch = documents::lock_not_wrapped_by(&mut tx, rotated.version, after, BATCH).await?;
    let last = batch.last().cloned();
    let (mut keys, mut failed) = (Vec::new(), 0_u64);
    for kept in batch {
        match safe.rewrap(&kept) {
            Ok(Some(key)) => keys.push((kept, key)),
            Ok(None) => {}
            Err(error) => {
                failed = failed.saturating_add(1);
                let (error, id) = (error.cause(), kept.label.verification);
                tracing::error!(error, "a document of verification {id} keeps its key");
            }
        }
    }
    documents::save_keys(&mut tx, &keys).await?;
    kit::postgres::commit(tx).await?;
    rotated.rewrapped = rotated.rewrapped.saturating_add(keys.len() as u64);
    rotated.failed = rotated.failed.saturating_add(failed);
    Ok(last)
}

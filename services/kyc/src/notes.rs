//! Notes beside decisions at rest: each is sealed under a data key of its own, and bound to its decision.

use kit::{keys::Keyring, postgres::Database};
use sqlx::PgConnection;
use types::{TenantId, VerificationId};

use crate::{
    domain::Note,
    error::Error,
    rotate::Rotated,
    store::{
        decisions::Made,
        notes::{self, Place, Rewrapped},
    },
};

/// Data keys that are wrapped anew in one transaction.
const BATCH: i64 = 500;

/// Keeps the note beside a decision that was stored in the same transaction.
pub(crate) async fn keep(
    conn: &mut PgConnection,
    keys: &Keyring,
    (tenant, verification, number): (TenantId, VerificationId, i32),
    note: &Note,
) -> Result<(), Error> {
    let place = Place { tenant, verification, number };
    let sealed = keys.seal(note.as_str().as_bytes(), &place.associated_data())?;
    notes::insert(conn, place, &sealed).await
}

/// Puts the notes beside their decisions.
pub(crate) async fn add(
    conn: &mut PgConnection,
    keys: &Keyring,
    (tenant, verification): (TenantId, VerificationId),
    decisions: &mut [Made],
) -> Result<(), Error> {
    for (place, sealed) in notes::list(conn, tenant, verification).await? {
        let opened = keys.open(&sealed.key, &sealed.ciphertext, &place.associated_data())?;
        let note = Note::restore(&opened).ok_or_else(|| Error::broken_row(verification))?;
        if let Some(made) = decisions.iter_mut().find(|made| made.number == place.number) {
            made.note = Some(note);
        }
    }
    Ok(())
}

/// Wraps the data keys of all notes with the newest key-encryption key. May be cut off, and repeated.
pub(crate) async fn rewrap(
    database: &Database,
    keys: &Keyring,
    rotated: &mut Rotated,
) -> Result<(), Error> {
    let (layout, mut after) = (database.layout(), None);
    loop {
        // Everybody's: keys are wrapped by those of the platform.
        let mut tx = database.begin_platform().await?;
        let batch = notes::not_wrapped_by(&mut tx, layout, rotated.version, after, BATCH).await?;
        let Some((last, _)) = batch.last() else { return Ok(()) };
        after = Some(*last);
        let mut wrapped = Vec::new();
        for (place, was) in batch {
            let whose = format_args!("a note on verification {}", place.verification);
            let key = rotated.count(keys.rewrap(&was, &place.associated_data()), whose);
            wrapped.extend(key.map(|key| Rewrapped { place, was, key }));
        }
        notes::save_keys(&mut tx, layout, &wrapped).await?;
        kit::postgres::commit(tx).await?;
    }
}

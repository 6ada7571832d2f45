//! Statements on the table `decision_notes`. Notes are sealed before they come here.

use kit::{
    keys::{AssociatedData, Sealed, WrappedKey},
    postgres::citus::Layout,
};
use sqlx::PgConnection;
use types::{CustomerId, TenantId, VerificationId};
use uuid::Uuid;

use crate::error::Error;

mod each;

/// Which decision a note is beside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) tenant: TenantId,
    pub(crate) verification: VerificationId,
    pub(crate) number: i32,
}

impl Place {
    /// What a note is bound to. Never to be changed: what was sealed opens with this alone.
    pub(crate) fn associated_data(self) -> AssociatedData {
        AssociatedData::new("lombard.kyc.decision_note")
            .field(self.tenant.uuid().as_bytes())
            .field(self.verification.uuid().as_bytes())
            .field(self.number.to_be_bytes())
    }
}

/// Stores the note beside a decision that was stored in the same transaction.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    place: Place,
    note: &Sealed,
) -> Result<(), Error> {
    sqlx::query!(
        "
        insert into decision_notes
            (tenant_id, verification_id, number, note, note_key, note_key_version)
        values ($1, $2, $3, $4, $5, $6)
        ",
        place.tenant.uuid(),
        place.verification.uuid(),
        place.number,
        note.ciphertext,
        note.key.bytes,
        note.key.version,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Those beside the decisions on a verification.
pub(crate) async fn list(
    conn: &mut PgConnection,
    tenant: TenantId,
    verification: VerificationId,
) -> Result<Vec<(Place, Sealed)>, Error> {
    let rows = sqlx::query!(
        "
        select number, note, note_key, note_key_version
        from decision_notes
        where tenant_id = $1 and verification_id = $2
        ",
        tenant.uuid(),
        verification.uuid(),
    )
    .fetch_all(conn)
    .await?;
    let notes = rows.into_iter().map(|row| {
        let key = WrappedKey { version: row.note_key_version, bytes: row.note_key };
        let place = Place { tenant, verification, number: row.number };
        (place, Sealed { key, ciphertext: row.note })
    });
    Ok(notes.collect())
}

/// Removes all about a customer.
pub(crate) async fn erase(
    conn: &mut PgConnection,
    tenant: TenantId,
    customer: CustomerId,
) -> Result<(), Error> {
    sqlx::query!(
        "
        delete from decision_notes n
        using verifications v
        where n.tenant_id = $1 and v.tenant_id = n.tenant_id and v.customer_id = $2
            and n.verification_id = v.verification_id
        ",
        tenant.uuid(),
        customer.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A data key that another key-encryption key is to wrap.
pub(crate) struct Rewrapped {
    pub(crate) place: Place,
    /// As it was read.
    pub(crate) was: WrappedKey,
    pub(crate) key: WrappedKey,
}

/// Some of the data keys that other versions than this one wrap, after a place; on one server they are locked
/// until the transaction ends, and those that others lock are passed over.
pub(crate) async fn not_wrapped_by(
    conn: &mut PgConnection,
    layout: Layout,
    version: i32,
    after: Option<Place>,
    limit: i64,
) -> Result<Vec<(Place, WrappedKey)>, Error> {
    if layout == Layout::ByTenant {
        return each::not_wrapped_by(conn, version, after, limit).await;
    }
    let rows = sqlx::query!(
        "
        select tenant_id, verification_id, number, note_key, note_key_version
        from decision_notes
        where note_key_version <> $1
            and ($2::uuid is null or (tenant_id, verification_id, number) > ($2, $3::uuid, $4::integer))
        order by tenant_id, verification_id, number
        limit $5
        for no key update skip locked
        ",
        version,
        after.map(|place| place.tenant.uuid()),
        after.map(|place| place.verification.uuid()),
        after.map(|place| place.number),
        limit,
    )
    .fetch_all(conn)
    .await?;
    let keys = rows.into_iter().map(|row| {
        let place = Place {
            tenant: TenantId::from_uuid(row.tenant_id),
            verification: VerificationId::from_uuid(row.verification_id),
            number: row.number,
        };
        (place, WrappedKey { version: row.note_key_version, bytes: row.note_key })
    });
    Ok(keys.collect())
}

/// Stores data keys that were wrapped anew.
pub(crate) async fn save_keys(
    conn: &mut PgConnection,
    layout: Layout,
    keys: &[Rewrapped],
) -> Result<(), Error> {
    if layout == Layout::ByTenant {
        return each::save_keys(conn, keys).await;
    }
    let tenants: Vec<Uuid> = keys.iter().map(|new| new.place.tenant.uuid()).collect();
    let verifications: Vec<Uuid> = keys.iter().map(|new| new.place.verification.uuid()).collect();
    let numbers: Vec<i32> = keys.iter().map(|new| new.place.number).collect();
    let wrapped: Vec<Vec<u8>> = keys.iter().map(|new| new.key.bytes.clone()).collect();
    let versions: Vec<i32> = keys.iter().map(|new| new.key.version).collect();
    sqlx::query!(
        "
        update decision_notes n
        set note_key = new.note_key, note_key_version = new.note_key_version
        from unnest($1::uuid[], $2::uuid[], $3::integer[], $4::bytea[], $5::integer[])
            as new (tenant_id, verification_id, number, note_key, note_key_version)
        where n.tenant_id = new.tenant_id and n.verification_id = new.verification_id
            and n.number = new.number
        ",
        &tenants,
        &verifications,
        &numbers,
        &wrapped,
        &versions,
    )
    .execute(conn)
    .await?;
    Ok(())
}

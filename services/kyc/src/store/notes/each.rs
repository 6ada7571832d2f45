//! The same where tenants are on several servers: what is looked for on all of them is not locked, and what
//! writes is of one tenant.

use kit::keys::WrappedKey;
use sqlx::PgConnection;
use types::{TenantId, VerificationId};
use uuid::Uuid;

use super::{Place, Rewrapped};
use crate::error::Error;

pub(super) async fn not_wrapped_by(
    conn: &mut PgConnection,
    version: i32,
    after: Option<Place>,
    limit: i64,
) -> Result<Vec<(Place, WrappedKey)>, Error> {
    let rows = sqlx::query!(
        "
        select tenant_id, verification_id, number, note_key, note_key_version
        from decision_notes
        where note_key_version <> $1
            and ($2::uuid is null or (tenant_id, verification_id, number) > ($2, $3::uuid, $4::integer))
        order by tenant_id, verification_id, number
        limit $5
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

/// Nobody was kept from it since a key was read: one that another rotation has wrapped stays as it is.
pub(super) async fn save_keys(conn: &mut PgConnection, keys: &[Rewrapped]) -> Result<(), Error> {
    for of_one in keys.chunk_by(|one, next| one.place.tenant == next.place.tenant) {
        let Some(first) = of_one.first() else { continue };
        let verifications: Vec<Uuid> =
            of_one.iter().map(|new| new.place.verification.uuid()).collect();
        let numbers: Vec<i32> = of_one.iter().map(|new| new.place.number).collect();
        let were: Vec<Vec<u8>> = of_one.iter().map(|new| new.was.bytes.clone()).collect();
        let wrapped: Vec<Vec<u8>> = of_one.iter().map(|new| new.key.bytes.clone()).collect();
        let versions: Vec<i32> = of_one.iter().map(|new| new.key.version).collect();
        sqlx::query!(
            "
            update decision_notes n
            set note_key = new.note_key, note_key_version = new.note_key_version
            from unnest($2::uuid[], $3::integer[], $4::bytea[], $5::bytea[], $6::integer[])
                as new (verification_id, number, was, note_key, note_key_version)
            where n.tenant_id = $1 and n.verification_id = new.verification_id
                and n.number = new.number and n.note_key = new.was
            ",
            first.place.tenant.uuid(),
            &verifications,
            &numbers,
            &were,
            &wrapped,
            &versions,
        )
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

//! The same where tenants are on several servers: what is looked for on all of them is not locked, and what
//! writes is of one tenant.

use kit::keys::WrappedKey;
use sqlx::PgConnection;
use uuid::Uuid;

use super::{Place, Rewrapped, place};
use crate::error::Error;

/// In one condition: no server joins what others have found.
pub(super) async fn list(
    conn: &mut PgConnection,
    after: (Uuid, Uuid),
    limit: i64,
) -> Result<Vec<Place>, Error> {
    let rows = sqlx::query!(
        "
        select tenant_id, customer_id
        from customers
        where (
                num_nonnulls(
                    address_number, address_refinement, address_street, address_region,
                    address_city, address_postal_code, date_of_birth, email, phone
                ) > 0
                or (customer_type = 'company' and num_nonnulls(first_name, middle_name, last_name) > 0)
            )
            and (tenant_id, customer_id) > ($1, $2)
        order by tenant_id, customer_id
        limit $3
        ",
        after.0,
        after.1,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| place(row.tenant_id, row.customer_id)).collect())
}

pub(super) async fn not_wrapped_by(
    conn: &mut PgConnection,
    version: i32,
    after: (Uuid, Uuid),
    limit: i64,
) -> Result<Vec<(Place, WrappedKey)>, Error> {
    let rows = sqlx::query!(
        r#"
        select tenant_id, customer_id, personal_key as "key!", personal_key_version as "version!"
        from customers
        where personal_key_version <> $1 and (tenant_id, customer_id) > ($2, $3)
        order by tenant_id, customer_id
        limit $4
        "#,
        version,
        after.0,
        after.1,
        limit,
    )
    .fetch_all(conn)
    .await?;
    let found = rows.into_iter().map(|row| {
        let key = WrappedKey { version: row.version, bytes: row.key };
        (place(row.tenant_id, row.customer_id), key)
    });
    Ok(found.collect())
}

/// Nobody was kept from changing a customer since its key was read: one that has another key by now keeps
/// that.
pub(super) async fn save_keys(conn: &mut PgConnection, keys: &[Rewrapped]) -> Result<(), Error> {
    for of_one in keys.chunk_by(|one, next| one.place.0 == next.place.0) {
        let Some(first) = of_one.first() else { continue };
        let customers: Vec<Uuid> = of_one.iter().map(|new| new.place.1.uuid()).collect();
        let were: Vec<Vec<u8>> = of_one.iter().map(|new| new.was.bytes.clone()).collect();
        let bytes: Vec<Vec<u8>> = of_one.iter().map(|new| new.key.bytes.clone()).collect();
        let versions: Vec<i32> = of_one.iter().map(|new| new.key.version).collect();
        sqlx::query!(
            "
            update customers c set personal_key = k.key, personal_key_version = k.version
            from unnest($2::uuid[], $3::bytea[], $4::bytea[], $5::integer[])
                as k (customer_id, was, key, version)
            where c.tenant_id = $1 and c.customer_id = k.customer_id and c.personal_key = k.was
            ",
            first.place.0.uuid(),
            &customers,
            &were,
            &bytes,
            &versions,
        )
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

//! Statements on rows of an earlier release, whose personal data is not sealed yet; and on those that
//! another key-encryption key wraps than the newest.

use kit::{keys::WrappedKey, postgres::citus::Layout};
use sqlx::PgConnection;
use types::{CustomerId, TenantId};
use uuid::Uuid;

use crate::error::Error;

mod each;

/// A customer, and whose it is.
pub(crate) type Place = (TenantId, CustomerId);

/// A data key that another key-encryption key is to wrap.
pub(crate) struct Rewrapped {
    pub(crate) place: Place,
    /// As it was read.
    pub(crate) was: WrappedKey,
    pub(crate) key: WrappedKey,
}

/// Some whose data stands in clear, after a place. What is in clear of anybody, and the names of companies'
/// contacts, have an index each.
pub(crate) async fn list(
    conn: &mut PgConnection,
    layout: Layout,
    after: Option<Place>,
    limit: i64,
) -> Result<Vec<Place>, Error> {
    let after = after.map_or((Uuid::nil(), Uuid::nil()), |(tenant, id)| (tenant.uuid(), id.uuid()));
    if layout == Layout::ByTenant {
        return each::list(conn, after, limit).await;
    }
    let rows = sqlx::query!(
        r#"
        select tenant_id as "tenant_id!", customer_id as "customer_id!"
        from (
            (
                select tenant_id, customer_id from customers
                where num_nonnulls(
                    address_number, address_refinement, address_street, address_region,
                    address_city, address_postal_code, date_of_birth, email, phone
                ) > 0 and (tenant_id, customer_id) > ($1, $2)
                order by tenant_id, customer_id
                limit $3
            )
            union
            (
                select tenant_id, customer_id from customers
                where customer_type = 'company' and num_nonnulls(first_name, middle_name, last_name) > 0
                    and (tenant_id, customer_id) > ($1, $2)
                order by tenant_id, customer_id
                limit $3
            )
        ) as in_clear
        order by tenant_id, customer_id
        limit $3
        "#,
        after.0,
        after.1,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| place(row.tenant_id, row.customer_id)).collect())
}

/// Some data keys that another key-encryption key wraps than this version's, after a place; on one server
/// kept from everybody else.
pub(crate) async fn not_wrapped_by(
    conn: &mut PgConnection,
    layout: Layout,
    version: i32,
    after: Option<Place>,
    limit: i64,
) -> Result<Vec<(Place, WrappedKey)>, Error> {
    let after = after.map_or((Uuid::nil(), Uuid::nil()), |(tenant, id)| (tenant.uuid(), id.uuid()));
    if layout == Layout::ByTenant {
        return each::not_wrapped_by(conn, version, after, limit).await;
    }
    let rows = sqlx::query!(
        r#"
        select tenant_id, customer_id, personal_key as "key!", personal_key_version as "version!"
        from customers
        where personal_key_version <> $1 and (tenant_id, customer_id) > ($2, $3)
        order by tenant_id, customer_id
        limit $4
        for no key update
        "#,
        version,
        after.0,
        after.1,
        limit,
    )
    .fetch_all(conn)
    .await?;
    let kept = rows.into_iter().map(|row| {
        let key = WrappedKey { version: row.version, bytes: row.key };
        (place(row.tenant_id, row.customer_id), key)
    });
    Ok(kept.collect())
}

/// The same data keys, wrapped anew.
pub(crate) async fn save_keys(
    conn: &mut PgConnection,
    layout: Layout,
    keys: &[Rewrapped],
) -> Result<(), Error> {
    if layout == Layout::ByTenant {
        return each::save_keys(conn, keys).await;
    }
    let tenants: Vec<Uuid> = keys.iter().map(|new| new.place.0.uuid()).collect();
    let customers: Vec<Uuid> = keys.iter().map(|new| new.place.1.uuid()).collect();
    let versions: Vec<i32> = keys.iter().map(|new| new.key.version).collect();
    let bytes: Vec<Vec<u8>> = keys.iter().map(|new| new.key.bytes.clone()).collect();
    sqlx::query!(
        "
        update customers c set personal_key = k.key, personal_key_version = k.version
        from unnest($1::uuid[], $2::uuid[], $3::bytea[], $4::integer[])
            as k (tenant_id, customer_id, key, version)
        where c.tenant_id = k.tenant_id and c.customer_id = k.customer_id
        ",
        &tenants,
        &customers,
        &bytes,
        &versions,
    )
    .execute(conn)
    .await?;
    Ok(())
}

fn place(tenant: Uuid, customer: Uuid) -> Place {
    (TenantId::from_uuid(tenant), CustomerId::from_uuid(customer))
}

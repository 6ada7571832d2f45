//! Statements on the table `customer_changes`, which has everybody's customers: those who ask here act
//! for the platform, so no tenant narrows them.

use kit::postgres::citus::Layout;
use sqlx::PgConnection;
use types::{CustomerId, TenantId};
use uuid::Uuid;

use crate::{
    domain::{Customer, Seen},
    error::Error,
};

mod each;

/// A customer, and whose it is.
pub(crate) type Place = (TenantId, CustomerId);

/// Puts a customer on the list, in the transaction that made or changed it.
pub(crate) async fn note(
    conn: &mut PgConnection,
    tenant: TenantId,
    customer: &Customer,
) -> Result<(), Error> {
    sqlx::query!(
        "
        insert into customer_changes (tenant_id, customer_id, details_version)
        values ($1, $2, $3)
        on conflict on constraint customer_changes_pkey
            do update set details_version = excluded.details_version
        ",
        tenant.uuid(),
        customer.id.uuid(),
        customer.details_version,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Puts these on the list as they are, if they are not on it.
pub(crate) async fn note_again(
    conn: &mut PgConnection,
    layout: Layout,
    places: &[Place],
) -> Result<(), Error> {
    if layout == Layout::ByTenant {
        return each::note_again(conn, places).await;
    }
    let tenants: Vec<Uuid> = places.iter().map(|(tenant, _)| tenant.uuid()).collect();
    let customers: Vec<Uuid> = places.iter().map(|(_, customer)| customer.uuid()).collect();
    sqlx::query!(
        "
        insert into customer_changes (tenant_id, customer_id, details_version)
        select c.tenant_id, c.customer_id, c.details_version
        from unnest($1::uuid[], $2::uuid[]) as places (tenant_id, customer_id)
        join customers c
            on c.tenant_id = places.tenant_id and c.customer_id = places.customer_id
        on conflict on constraint customer_changes_pkey do nothing
        ",
        &tenants,
        &customers,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Some of those on the list, after a place.
pub(crate) async fn list(
    conn: &mut PgConnection,
    after: Place,
    limit: i64,
) -> Result<Vec<Place>, Error> {
    let rows = sqlx::query!(
        "
        select tenant_id, customer_id
        from customer_changes
        where (tenant_id, customer_id) > ($1, $2)
        order by tenant_id, customer_id
        limit $3
        ",
        after.0.uuid(),
        after.1.uuid(),
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| place(row.tenant_id, row.customer_id)).collect())
}

/// Takes off the list what was seen. A later change stays on it.
pub(crate) async fn acknowledge(
    conn: &mut PgConnection,
    layout: Layout,
    seen: &[Seen],
) -> Result<(), Error> {
    if layout == Layout::ByTenant {
        return each::acknowledge(conn, seen).await;
    }
    let tenants: Vec<Uuid> = seen.iter().map(|seen| seen.tenant.uuid()).collect();
    let customers: Vec<Uuid> = seen.iter().map(|seen| seen.customer.uuid()).collect();
    let versions: Vec<i64> = seen.iter().map(|seen| seen.details_version).collect();
    sqlx::query!(
        "
        delete from customer_changes n
        using unnest($1::uuid[], $2::uuid[], $3::bigint[]) as seen (tenant_id, customer_id, version)
        where n.tenant_id = seen.tenant_id and n.customer_id = seen.customer_id
            and n.details_version <= seen.version
        ",
        &tenants,
        &customers,
        &versions,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A page of all customers of all tenants up to one.
pub(crate) async fn everyone(
    conn: &mut PgConnection,
    after: Place,
    last: TenantId,
    limit: i64,
) -> Result<Vec<Place>, Error> {
    let rows = sqlx::query!(
        "
        select tenant_id, customer_id
        from customers
        where (tenant_id, customer_id) > ($1, $2) and tenant_id <= $3
        order by tenant_id, customer_id
        limit $4
        ",
        after.0.uuid(),
        after.1.uuid(),
        last.uuid(),
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| place(row.tenant_id, row.customer_id)).collect())
}

fn place(tenant: Uuid, customer: Uuid) -> Place {
    (TenantId::from_uuid(tenant), CustomerId::from_uuid(customer))
}

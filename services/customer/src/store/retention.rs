//! Statements on how long personal data is kept, across tenants: who is due, and whose erasure the KYC
//! service has not acknowledged (the table `customer_erasures`).

use kit::postgres::citus::Layout;
use sqlx::PgConnection;
use time::OffsetDateTime;
use types::{CustomerId, TenantId};
use uuid::Uuid;

use crate::error::Error;

/// A customer, and whose it is.
pub(crate) type Owned = (TenantId, CustomerId);

/// Some of those whose relationship ended before a time, and who are not erased or held, in the order in
/// which it ended, after a place in that order.
pub(crate) async fn ended_before(
    conn: &mut PgConnection,
    before: OffsetDateTime,
    after: Option<(OffsetDateTime, CustomerId)>,
    limit: i64,
) -> Result<Vec<(Owned, OffsetDateTime)>, Error> {
    let rows = sqlx::query!(
        r#"
        select tenant_id, customer_id, relationship_ended_at as "ended_at!"
        from customers
        where relationship_ended_at < $1 and erased_at is null and not legal_hold
            and ($2::timestamptz is null or (relationship_ended_at, customer_id) > ($2, $3::uuid))
        order by relationship_ended_at, customer_id
        limit $4
        "#,
        before,
        after.map(|(at, _)| at),
        after.map(|(_, id)| id.uuid()),
        limit,
    )
    .fetch_all(conn)
    .await?;
    let found = rows.into_iter().map(|row| (owned(row.tenant_id, row.customer_id), row.ended_at));
    Ok(found.collect())
}

/// Puts an erased customer on the list, in the transaction of the erasure.
pub(crate) async fn note_erasure(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: CustomerId,
) -> Result<(), Error> {
    sqlx::query!(
        "
        insert into customer_erasures (tenant_id, customer_id)
        values ($1, $2)
        on conflict on constraint customer_erasures_pkey do nothing
        ",
        tenant.uuid(),
        id.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Some of those on the list, after a place.
pub(crate) async fn erasures(
    conn: &mut PgConnection,
    after: Option<Owned>,
    limit: i64,
) -> Result<Vec<Owned>, Error> {
    let rows = sqlx::query!(
        "
        select tenant_id, customer_id
        from customer_erasures
        where $1::uuid is null or (tenant_id, customer_id) > ($1, $2::uuid)
        order by tenant_id, customer_id
        limit $3
        ",
        after.map(|(tenant, _)| tenant.uuid()),
        after.map(|(_, id)| id.uuid()),
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| owned(row.tenant_id, row.customer_id)).collect())
}

/// Takes off the list whose documents are destroyed.
pub(crate) async fn acknowledge(
    conn: &mut PgConnection,
    layout: Layout,
    erased: &[Owned],
) -> Result<(), Error> {
    match layout {
        Layout::OneServer => acknowledge_together(conn, erased).await,
        Layout::ByTenant => acknowledge_each(conn, erased).await,
    }
}

async fn acknowledge_together(conn: &mut PgConnection, erased: &[Owned]) -> Result<(), Error> {
    let tenants: Vec<Uuid> = erased.iter().map(|(tenant, _)| tenant.uuid()).collect();
    let customers: Vec<Uuid> = erased.iter().map(|(_, id)| id.uuid()).collect();
    sqlx::query!(
        "
        delete from customer_erasures e
        using unnest($1::uuid[], $2::uuid[]) as done (tenant_id, customer_id)
        where e.tenant_id = done.tenant_id and e.customer_id = done.customer_id
        ",
        &tenants,
        &customers,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Tenant by tenant: each statement goes to one server.
async fn acknowledge_each(conn: &mut PgConnection, erased: &[Owned]) -> Result<(), Error> {
    let mut erased = erased.to_vec();
    erased.sort_unstable();
    for of_one in erased.chunk_by(|(one, _), (next, _)| one == next) {
        let Some((tenant, _)) = of_one.first() else { continue };
        let customers: Vec<Uuid> = of_one.iter().map(|(_, id)| id.uuid()).collect();
        sqlx::query!(
            "delete from customer_erasures where tenant_id = $1 and customer_id = any($2)",
            tenant.uuid(),
            &customers,
        )
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

fn owned(tenant: Uuid, customer: Uuid) -> Owned {
    (TenantId::from_uuid(tenant), CustomerId::from_uuid(customer))
}

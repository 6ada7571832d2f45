//! Statements on the table `erased_customers`. Rows are only ever added.
//!
//! Whoever stores something of a customer that was read before asks here first; the erasure waits for those
//! who have asked, and those who ask later are told. So nothing is stored after the erasure.

use sqlx::PgConnection;
use types::{CustomerId, TenantId};

use crate::error::Error;

/// Whether the customer's data was erased; it is not being erased until the transaction ends. To be asked
/// before any row is locked, as the erasure does.
pub(crate) async fn has(
    conn: &mut PgConnection,
    tenant: TenantId,
    customer: CustomerId,
) -> Result<bool, Error> {
    sqlx::query!("select pg_advisory_xact_lock_shared($1)", lock(tenant, customer))
        .execute(&mut *conn)
        .await?;
    let has = sqlx::query_scalar!(
        r#"
        select exists (
            select from erased_customers where tenant_id = $1 and customer_id = $2
        ) as "has!"
        "#,
        tenant.uuid(),
        customer.uuid(),
    )
    .fetch_one(conn)
    .await?;
    Ok(has)
}

/// Notes that the customer's data is erased in this transaction, once nobody stores any of it any more.
pub(crate) async fn note(
    conn: &mut PgConnection,
    tenant: TenantId,
    customer: CustomerId,
) -> Result<(), Error> {
    sqlx::query!("select pg_advisory_xact_lock($1)", lock(tenant, customer))
        .execute(&mut *conn)
        .await?;
    sqlx::query!(
        "
        insert into erased_customers (tenant_id, customer_id)
        values ($1, $2)
        on conflict on constraint erased_customers_pkey do nothing
        ",
        tenant.uuid(),
        customer.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What is locked. Two customers seldom share it; then one waits a little.
fn lock(tenant: TenantId, customer: CustomerId) -> i64 {
    let (_, random) = customer.uuid().as_u64_pair();
    let (_, of_tenant) = tenant.uuid().as_u64_pair();
    i64::from_ne_bytes((random ^ of_tenant).to_ne_bytes())
}

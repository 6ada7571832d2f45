//! Statements on the table `customer_counts`: how many customers a tenant has, without counting them.

use sqlx::PgConnection;
use types::{CustomerId, TenantId};

use crate::error::Error;

/// How many rows a tenant's count is spread over, so that creations seldom wait for each other.
const STRIPES: u8 = 16;

/// Counts a new customer. The last statement before the commit, because others wait for its row.
pub(crate) async fn add(
    conn: &mut PgConnection,
    tenant: TenantId,
    customer: CustomerId,
) -> Result<(), Error> {
    sqlx::query!(
        "
        insert into customer_counts as c (tenant_id, stripe, customers)
        values ($1, $2, 1)
        on conflict on constraint customer_counts_pkey do update set customers = c.customers + 1
        ",
        tenant.uuid(),
        stripe(customer),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// How many customers a tenant has.
pub(crate) async fn total(conn: &mut PgConnection, tenant: TenantId) -> Result<i64, Error> {
    let total = sqlx::query_scalar!(
        r#"
        select coalesce(sum(customers), 0)::bigint as "total!"
        from customer_counts
        where tenant_id = $1
        "#,
        tenant.uuid(),
    )
    .fetch_one(conn)
    .await?;
    Ok(total)
}

/// The end of an id is random.
fn stripe(customer: CustomerId) -> i16 {
    let [.., last] = customer.uuid().into_bytes();
    i16::from(last % STRIPES)
}

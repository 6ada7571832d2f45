//! The same where tenants are on several servers: what writes is of one tenant, and names it.

use sqlx::PgConnection;
use uuid::Uuid;

use super::Place;
use crate::{domain::Seen, error::Error};

pub(super) async fn note_again(conn: &mut PgConnection, places: &[Place]) -> Result<(), Error> {
    let mut places = places.to_vec();
    places.sort_unstable();
    for of_one in places.chunk_by(|(one, _), (next, _)| one == next) {
        let Some((tenant, _)) = of_one.first() else { continue };
        let customers: Vec<Uuid> = of_one.iter().map(|(_, customer)| customer.uuid()).collect();
        sqlx::query!(
            "
            insert into customer_changes (tenant_id, customer_id, details_version)
            select tenant_id, customer_id, details_version
            from customers
            where tenant_id = $1 and customer_id = any($2)
            on conflict on constraint customer_changes_pkey do nothing
            ",
            tenant.uuid(),
            &customers,
        )
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

pub(super) async fn acknowledge(conn: &mut PgConnection, seen: &[Seen]) -> Result<(), Error> {
    let mut seen: Vec<&Seen> = seen.iter().collect();
    seen.sort_unstable_by_key(|seen| seen.tenant);
    for of_one in seen.chunk_by(|one, next| one.tenant == next.tenant) {
        let Some(first) = of_one.first() else { continue };
        let customers: Vec<Uuid> = of_one.iter().map(|seen| seen.customer.uuid()).collect();
        let versions: Vec<i64> = of_one.iter().map(|seen| seen.details_version).collect();
        sqlx::query!(
            "
            delete from customer_changes n
            using unnest($2::uuid[], $3::bigint[]) as seen (customer_id, version)
            where n.tenant_id = $1 and n.customer_id = seen.customer_id
                and n.details_version <= seen.version
            ",
            first.tenant.uuid(),
            &customers,
            &versions,
        )
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

//! Forgetting where tenants are on several servers: what is old is looked for on all of them, and deleted by
//! statements that name one tenant each.

use sqlx::PgConnection;
use uuid::Uuid;

/// A row's primary key.
struct Old {
    tenant_id: Uuid,
    operation: String,
    request_id: String,
}

/// Deletes some requests that are older than this, and tells how many there were.
pub(super) async fn delete(
    conn: &mut PgConnection,
    age_ms: i64,
    limit: i64,
) -> Result<u64, sqlx::Error> {
    let mut old = sqlx::query_as!(
        Old,
        "
        select tenant_id, operation, request_id
        from requests
        where create_time < now() - $1::bigint * interval '1 millisecond'
        order by create_time
        limit $2
        ",
        age_ms,
        limit,
    )
    .fetch_all(&mut *conn)
    .await?;
    old.sort_unstable_by_key(|request| request.tenant_id);
    let mut deleted = 0_u64;
    for of_one in old.chunk_by(|one, next| one.tenant_id == next.tenant_id) {
        deleted = deleted.saturating_add(delete_of_one(conn, of_one).await?);
    }
    Ok(deleted)
}

async fn delete_of_one(conn: &mut PgConnection, old: &[Old]) -> Result<u64, sqlx::Error> {
    let Some(first) = old.first() else { return Ok(0) };
    let operations: Vec<String> = old.iter().map(|request| request.operation.clone()).collect();
    let requests: Vec<String> = old.iter().map(|request| request.request_id.clone()).collect();
    let deleted = sqlx::query!(
        "
        delete from requests r
        using unnest($2::text[], $3::text[]) as old (operation, request_id)
        where r.tenant_id = $1 and r.operation = old.operation and r.request_id = old.request_id
        ",
        first.tenant_id,
        &operations,
        &requests,
    )
    .execute(conn)
    .await?;
    Ok(deleted.rows_affected())
}

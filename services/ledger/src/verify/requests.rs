//! Idempotency: that a key stands for one outcome, and for one that is there.

use std::time::Instant;

use sqlx::PgConnection;
use tokio_stream::StreamExt;

use super::{Check, Counts};

/// Each key, wherever its outcome is kept: with its transfer, or by itself.
pub(super) async fn keys(
    conn: &mut PgConnection,
    counts: &Counts,
) -> Result<[Check; 1], sqlx::Error> {
    let begin = Instant::now();
    let checked = counts.keyed_transfers.saturating_add(counts.requests);
    let mut check = Check::new("request_ids", "every idempotency key has one outcome", checked);
    let mut rows = sqlx::query_scalar!(
        r#"
        select concat_ws('/', tenant_id, key) as "id!"
        from (
            select tenant_id, request_id as key from transfers where request_id is not null
            union all
            select tenant_id, operation || ' ' || request_id from requests
        ) keys
        group by tenant_id, key
        having count(*) > 1
        order by tenant_id, key
        "#
    )
    .fetch(conn);
    while let Some(id) = rows.try_next().await? {
        check.is_broken_by(&id);
    }
    Ok([check.took(begin.elapsed())])
}

/// Each key beside what is kept with it.
pub(super) async fn outcomes(
    conn: &mut PgConnection,
    counts: &Counts,
) -> Result<[Check; 1], sqlx::Error> {
    let begin = Instant::now();
    let mut check = Check::new(
        "request_outcomes",
        "every idempotency key is kept with its request's hash and its answer",
        counts.keyed_transfers.saturating_add(counts.requests),
    );
    let mut rows = sqlx::query_scalar!(
        r#"
        select id as "id!"
        from (
            select concat_ws('/', tenant_id, coalesce(request_id, transfer_id::text)) as id
            from transfers
            where (request_id is null) <> (request_hash is null) or length(request_hash) = 0
            union all
            select concat_ws('/', tenant_id, operation || ' ' || request_id)
            from requests
            where length(request_hash) = 0 or length(response) = 0
        ) incomplete
        order by id
        "#
    )
    .fetch(conn);
    while let Some(id) = rows.try_next().await? {
        check.is_broken_by(&id);
    }
    Ok([check.took(begin.elapsed())])
}

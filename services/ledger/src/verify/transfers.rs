//! Transfers: that each has its entries and accounts, and that a reversal undoes one.

use std::time::Instant;

use sqlx::PgConnection;
use tokio_stream::StreamExt;

use super::{Check, Counts};

/// Each transfer beside its entries, as many as there are.
pub(super) async fn entered(
    conn: &mut PgConnection,
    counts: &Counts,
) -> Result<[Check; 2], sqlx::Error> {
    let begin = Instant::now();
    let mut sums =
        Check::new("transfer_sums", "the entries of each transfer sum to zero", counts.transfers);
    let mut numbers = Check::new(
        "transfer_entries",
        "every transfer has two entries, a declined one its sender's alone",
        counts.transfers,
    );
    let mut rows = sqlx::query!(
        r#"
        select
            concat_ws(
                '/', coalesce(t.tenant_id, e.tenant_id), coalesce(t.transfer_id, e.transfer_id)
            ) as "id!",
            coalesce(e.total, 0) <> 0 as "unbalanced!",
            t.transfer_id is not null
                and coalesce(e.entries, 0) <> case when t.response_code = 1 then 2 else 1 end
                as "incomplete!"
        from transfers t
        full join (
            select tenant_id, transfer_id, count(*) as entries, sum(amount_minor) as total
            from entries
            group by tenant_id, transfer_id
        ) e on e.tenant_id = t.tenant_id and e.transfer_id = t.transfer_id
        where coalesce(e.total, 0) <> 0
            or coalesce(e.entries, 0) <> case when t.response_code = 1 then 2 else 1 end
        order by coalesce(t.tenant_id, e.tenant_id), coalesce(t.transfer_id, e.transfer_id)
        "#
    )
    .fetch(conn);
    while let Some(row) = rows.try_next().await? {
        if row.unbalanced {
            sums.is_broken_by(&row.id);
        }
        if row.incomplete {
            numbers.is_broken_by(&row.id);
        }
    }
    Ok([sums.took(begin.elapsed()), numbers])
}

/// Each transfer beside its two accounts.
pub(super) async fn accounts(
    conn: &mut PgConnection,
    counts: &Counts,
) -> Result<[Check; 1], sqlx::Error> {
    let begin = Instant::now();
    let mut check = Check::new(
        "transfer_accounts",
        "every transfer has an amount and two accounts of its currency",
        counts.transfers,
    );
    let mut rows = sqlx::query_scalar!(
        r#"
        select concat_ws('/', t.tenant_id, t.transfer_id) as "id!"
        from transfers t
        left join accounts d on d.tenant_id = t.tenant_id and d.account_id = t.debit_account_id
        left join accounts c on c.tenant_id = t.tenant_id and c.account_id = t.credit_account_id
        where (
            d.currency = t.currency
            and c.currency = t.currency
            and t.debit_account_id <> t.credit_account_id
            and t.amount_minor > 0
        ) is not true
        order by t.tenant_id, t.transfer_id
        "#
    )
    .fetch(conn);
    while let Some(id) = rows.try_next().await? {
        check.is_broken_by(&id);
    }
    Ok([check.took(begin.elapsed())])
}

/// Each reversal beside what it undoes, and the others that undo it. One that was declined has undone
/// nothing, and may be tried again.
pub(super) async fn reversals(conn: &mut PgConnection) -> Result<[Check; 1], sqlx::Error> {
    let begin = Instant::now();
    let counted = sqlx::query_scalar!(
        r#"select count(*) as "count!" from transfers where reverses is not null"#
    );
    let mut check = Check::new(
        "reversals",
        "a reversal undoes one posted transfer, once, the same amount the other way",
        counted.fetch_one(&mut *conn).await?,
    );
    let mut rows = sqlx::query_scalar!(
        r#"
        select concat_ws('/', r.tenant_id, r.transfer_id) as "id!"
        from (
            select
                tenant_id, transfer_id, reverses, response_code, debit_account_id,
                credit_account_id, amount_minor, currency,
                count(*) filter (where response_code = 1)
                    over (partition by tenant_id, reverses) as times
            from transfers
            where reverses is not null
        ) r
        left join transfers t on t.tenant_id = r.tenant_id and t.transfer_id = r.reverses
        where (
            t.response_code = 1
            and t.reverses is null
            and t.debit_account_id = r.credit_account_id
            and t.credit_account_id = r.debit_account_id
            and t.amount_minor = r.amount_minor
            and t.currency = r.currency
            and (r.times < 2 or r.response_code <> 1)
        ) is not true
        order by r.tenant_id, r.transfer_id
        "#
    )
    .fetch(conn);
    while let Some(id) = rows.try_next().await? {
        check.is_broken_by(&id);
    }
    Ok([check.took(begin.elapsed())])
}

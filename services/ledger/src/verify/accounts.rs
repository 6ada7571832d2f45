//! Accounts: that what they say of themselves is what their entries add up to.

use std::time::Instant;

use sqlx::PgConnection;
use tokio_stream::StreamExt;

use super::{Check, Counts};

/// Each account beside all of its entries.
pub(super) async fn totals(
    conn: &mut PgConnection,
    counts: &Counts,
) -> Result<[Check; 3], sqlx::Error> {
    let begin = Instant::now();
    let mut balances = Check::new(
        "balances",
        "a balance is the sum of its entries, and what the last one says",
        counts.accounts,
    );
    let mut numbers = Check::new(
        "entry_counts",
        "an account counts its entries, and the last one has that number",
        counts.accounts,
    );
    let mut times = Check::new(
        "last_entry_times",
        "the time of an account's last entry is the one that it keeps",
        counts.accounts,
    );
    let mut rows = sqlx::query!(
        r#"
        select "id!", "off!", "miscounted!", "late!"
        from (
            select
                concat_ws(
                    '/', coalesce(a.tenant_id, e.tenant_id), coalesce(a.account_id, e.account_id)
                ) as "id!",
                (
                    a.balance_minor = coalesce(e.total, 0)
                    and a.balance_minor = coalesce(e.last[2], 0)
                ) is not true as "off!",
                (
                    a.entry_count = coalesce(e.entries, 0)
                    and a.entry_count = coalesce(e.last[1], 0)
                ) is not true as "miscounted!",
                a.last_entry_time is distinct from e.last_time as "late!"
            from accounts a
            full join (
                select
                    tenant_id, account_id, count(*) as entries, sum(amount_minor) as total,
                    max(array[sequence, balance_after_minor]) as last, max(create_time) as last_time
                from entries
                group by tenant_id, account_id
            ) e on e.tenant_id = a.tenant_id and e.account_id = a.account_id
        ) totalled
        where "off!" or "miscounted!" or "late!"
        order by "id!"
        "#
    )
    .fetch(conn);
    while let Some(row) = rows.try_next().await? {
        for (is_broken, check) in
            [(row.off, &mut balances), (row.miscounted, &mut numbers), (row.late, &mut times)]
        {
            if is_broken {
                check.is_broken_by(&row.id);
            }
        }
    }
    Ok([balances.took(begin.elapsed()), numbers, times])
}

/// The balances of each tenant and currency.
pub(super) async fn currencies(conn: &mut PgConnection) -> Result<[Check; 1], sqlx::Error> {
    let begin = Instant::now();
    let mut check = Check::new("currency_sums", "all balances of a currency sum to zero", 0);
    let mut rows = sqlx::query!(
        r#"
        select concat_ws('/', tenant_id, currency) as "id!", sum(balance_minor) <> 0 as "off!"
        from accounts
        group by tenant_id, currency
        order by tenant_id, currency
        "#
    )
    .fetch(conn);
    while let Some(row) = rows.try_next().await? {
        check.checked = check.checked.saturating_add(1);
        if row.off {
            check.is_broken_by(&row.id);
        }
    }
    Ok([check.took(begin.elapsed())])
}

/// What accounts hold: for their open payments, and customers' accounts alone.
pub(super) async fn holds(
    conn: &mut PgConnection,
    counts: &Counts,
) -> Result<[Check; 1], sqlx::Error> {
    let begin = Instant::now();
    let mut check =
        Check::new("holds", "what is held is the sum of the open holds", counts.accounts);
    let mut rows = sqlx::query_scalar!(
        r#"
        select concat_ws('/', a.tenant_id, a.account_id) as "id!"
        from accounts a
        left join (
            select tenant_id, account_id, sum(amount_minor) as total
            from payments
            where status in ('accepted', 'submitted')
            group by tenant_id, account_id
        ) p on p.tenant_id = a.tenant_id and p.account_id = a.account_id
        where a.held_minor <> case a.kind when 'customer' then coalesce(p.total, 0) else 0 end
        order by a.tenant_id, a.account_id
        "#
    )
    .fetch(conn);
    while let Some(id) = rows.try_next().await? {
        check.is_broken_by(&id);
    }
    Ok([check.took(begin.elapsed())])
}

/// How far down accounts are.
pub(super) async fn floors(
    conn: &mut PgConnection,
    counts: &Counts,
) -> Result<[Check; 1], sqlx::Error> {
    let begin = Instant::now();
    let mut check = Check::new("floors", "no account is below its floor", counts.accounts);
    let mut rows = sqlx::query_scalar!(
        r#"
        select concat_ws('/', tenant_id, account_id) as "id!"
        from accounts
        where balance_minor::numeric - held_minor < floor_minor
            or (kind = 'customer' and floor_minor is null)
        order by tenant_id, account_id
        "#
    )
    .fetch(conn);
    while let Some(id) = rows.try_next().await? {
        check.is_broken_by(&id);
    }
    Ok([check.took(begin.elapsed())])
}

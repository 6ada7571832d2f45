//! Entries: that each is a side of its transfer, and that those of an account follow one another.

use std::time::Instant;

use sqlx::PgConnection;
use tokio_stream::StreamExt;

use super::{Check, Counts};

/// Each entry beside its transfer. That no side has two entries follows: their account and sequence
/// number are the transfer's, and [`super::transfers::entered`] counts them.
pub(super) async fn sides(
    conn: &mut PgConnection,
    counts: &Counts,
) -> Result<[Check; 2], sqlx::Error> {
    let begin = Instant::now();
    let mut orphans = Check::new("entry_transfers", "every entry has its transfer", counts.entries);
    let mut unfit = Check::new(
        "entry_sides",
        "every entry is a side of its transfer: account, place, type, direction, amount and time",
        counts.entries,
    );
    let mut rows = sqlx::query!(
        r#"
        select
            concat_ws('/', e.tenant_id, e.account_id, e.sequence) as "id!",
            t.transfer_id is null as "orphan!"
        from entries e
        left join transfers t on t.tenant_id = e.tenant_id and t.transfer_id = e.transfer_id
        where t.transfer_id is null or (
            e.type = t.type
            and e.create_time = t.create_time
            and case e.direction
                when 'out' then
                    e.account_id = t.debit_account_id
                    and e.sequence = t.debit_sequence
                    and e.amount_minor = case when t.response_code = 1 then -t.amount_minor else 0 end
                else
                    t.response_code = 1
                    and e.account_id = t.credit_account_id
                    and e.sequence = t.credit_sequence
                    and e.amount_minor = t.amount_minor
            end
        ) is not true
        order by e.tenant_id, e.account_id, e.sequence
        "#
    )
    .fetch(conn);
    while let Some(row) = rows.try_next().await? {
        let broken = if row.orphan { &mut orphans } else { &mut unfit };
        broken.is_broken_by(&row.id);
    }
    Ok([orphans.took(begin.elapsed()), unfit])
}

/// Each entry beside the one before it.
pub(super) async fn running(
    conn: &mut PgConnection,
    counts: &Counts,
) -> Result<[Check; 3], sqlx::Error> {
    let begin = Instant::now();
    let mut gaps = Check::new(
        "entry_sequences",
        "the entries of an account are numbered from 1 without a gap",
        counts.entries,
    );
    let mut balances = Check::new(
        "running_balances",
        "the balance after an entry is the one before with its amount",
        counts.entries,
    );
    let mut times = Check::new("entry_times", "time never goes back on an account", counts.entries);
    let mut rows = sqlx::query!(
        r#"
        select
            concat_ws('/', tenant_id, account_id, sequence) as "id!", gap as "gap!", off as "off!",
            back as "back!"
        from (
            select
                tenant_id, account_id, sequence,
                sequence <> lag(sequence, 1, 0::bigint) over account + 1 as gap,
                balance_after_minor
                    <> lag(balance_after_minor, 1, 0::bigint) over account + amount_minor::numeric
                    as off,
                create_time < lag(create_time, 1, create_time) over account as back
            from entries
            window account as (partition by tenant_id, account_id order by sequence)
        ) walked
        where gap or off or back
        order by tenant_id, account_id, sequence
        "#
    )
    .fetch(conn);
    while let Some(row) = rows.try_next().await? {
        for (is_broken, check) in
            [(row.gap, &mut gaps), (row.off, &mut balances), (row.back, &mut times)]
        {
            if is_broken {
                check.is_broken_by(&row.id);
            }
        }
    }
    Ok([gaps.took(begin.elapsed()), balances, times])
}

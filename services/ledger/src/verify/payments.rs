//! Payments: that what they say of themselves is what moved, and that suspense has no more than it must.

use std::time::Instant;

use sqlx::PgConnection;
use tokio_stream::StreamExt;

use super::{Check, Counts};

/// Each payment beside the transfers that it names, and those that name it.
pub(super) async fn transfers(
    conn: &mut PgConnection,
    counts: &Counts,
) -> Result<[Check; 1], sqlx::Error> {
    let begin = Instant::now();
    let mut check = Check::new(
        "payments",
        "a payment has moved its amount once, and back at most once, and no more",
        counts.payments,
    );
    let mut rows = sqlx::query_scalar!(
        r#"
        select concat_ws(
            '/', coalesce(p.tenant_id, t.tenant_id), coalesce(p.payment_id, t.payment_id)
        ) as "id!"
        from payments p
        full join (
            select
                tenant_id, payment_id,
                array_agg(transfer_id order by transfer_id) as transfers
            from transfers
            where payment_id is not null
            group by tenant_id, payment_id
        ) t on t.tenant_id = p.tenant_id and t.payment_id = p.payment_id
        left join transfers m on m.tenant_id = p.tenant_id and m.transfer_id = p.transfer_id
        left join transfers b on b.tenant_id = p.tenant_id and b.transfer_id = p.return_transfer_id
        where (
            p.payment_id is not null
            and coalesce(t.transfers, '{}') = array(
                select named
                from unnest(array[p.transfer_id, p.return_transfer_id]) as named
                where named is not null
                order by named
            )
            and case
                when p.transfer_id is null then p.status <> 'settled'
                else
                    p.status in ('settled', 'rejected')
                    and (m.response_code = 1) = (p.status = 'settled')
                    and m.debit_account_id = p.account_id
                    and m.amount_minor = p.amount_minor
                    and m.currency = p.currency
            end
            and (
                p.return_transfer_id is null
                or (
                    p.status = 'settled'
                    and b.response_code = 1
                    and b.credit_account_id = p.account_id
                    and b.amount_minor = p.amount_minor
                    and b.currency = p.currency
                )
            )
        ) is not true
        order by 1
        "#
    )
    .fetch(conn);
    while let Some(id) = rows.try_next().await? {
        check.is_broken_by(&id);
    }
    Ok([check.took(begin.elapsed())])
}

/// What came in over rails, beside its transfer, and beside what gives it back.
pub(super) async fn inbound(
    conn: &mut PgConnection,
    counts: &Counts,
) -> Result<[Check; 1], sqlx::Error> {
    let begin = Instant::now();
    let mut check = Check::new(
        "inbound_payments",
        "what came in is on one ledger, or in suspense with the payment that gives it back",
        counts.inbound_payments,
    );
    let mut rows = sqlx::query_scalar!(
        r#"
        select concat_ws('/', i.tenant_id, i.rail, i.rail_reference) as "id!"
        from (
            select *, count(*) over (partition by tenant_id, transfer_id) as times
            from inbound_payments
        ) i
        left join transfers t on t.tenant_id = i.tenant_id and t.transfer_id = i.transfer_id
        left join accounts a
            on a.tenant_id = t.tenant_id and a.account_id = t.credit_account_id
        left join payments p
            on p.tenant_id = i.tenant_id and p.payment_id = i.return_payment_id
        where (
            i.times = 1
            and t.response_code = 1
            and case i.outcome
                when 'credited' then a.kind = 'customer' and i.return_payment_id is null
                else
                    a.kind = 'suspense'
                    and p.returns_transfer_id = i.transfer_id
                    and p.account_id = t.credit_account_id
                    and p.amount_minor = t.amount_minor
                    and p.currency = t.currency
            end
        ) is not true
        order by 1
        "#
    )
    .fetch(conn);
    while let Some(id) = rows.try_next().await? {
        check.is_broken_by(&id);
    }
    Ok([check.took(begin.elapsed())])
}

/// What suspense has, beside what has come in for nobody and has not left.
pub(super) async fn suspense(conn: &mut PgConnection) -> Result<[Check; 1], sqlx::Error> {
    let begin = Instant::now();
    let mut check = Check::new("suspense", "suspense has what is still to be given back", 0);
    let mut rows = sqlx::query!(
        r#"
        select
            concat_ws(
                '/', coalesce(a.tenant_id, p.tenant_id), coalesce(a.currency, p.currency)
            ) as "id!",
            coalesce(a.balance, 0) <> coalesce(p.owed, 0) as "off!"
        from (
            select tenant_id, currency, sum(balance_minor) as balance
            from accounts
            where kind = 'suspense'
            group by tenant_id, currency
        ) a
        full join (
            select tenant_id, currency, sum(amount_minor) as owed
            from payments
            where returns_transfer_id is not null
                and (status <> 'settled' or return_transfer_id is not null)
            group by tenant_id, currency
        ) p on p.tenant_id = a.tenant_id and p.currency = a.currency
        order by 1
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

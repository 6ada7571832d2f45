//! What is true of the books after everything, whoever wrote them. Not a test by itself.

use sqlx::PgPool;

/// Counts what breaks a rule of the books; the query names the rule.
async fn broken(pool: &PgPool, query: &'static str) -> i64 {
    sqlx::query_scalar(query).fetch_one(pool).await.unwrap()
}

/// Asserts every rule.
pub(crate) async fn assert_sound(pool: &PgPool) {
    let unbalanced = "
        select count(*) from (
            select transfer_id from entries group by tenant_id, transfer_id
            having sum(amount_minor) <> 0
        ) unbalanced";
    assert_eq!(broken(pool, unbalanced).await, 0, "the entries of a transfer sum to zero");

    let currencies = "
        select count(*) from (
            select currency from accounts group by tenant_id, currency
            having sum(balance_minor) <> 0
        ) unbalanced";
    assert_eq!(broken(pool, currencies).await, 0, "all balances of a currency sum to zero");

    let balances = "
        select count(*) from accounts a
        left join lateral (
            select sum(amount_minor) as total, count(*) as entries, max(sequence) as last
            from entries e where e.tenant_id = a.tenant_id and e.account_id = a.account_id
        ) e on true
        where a.balance_minor <> coalesce(e.total, 0) or a.entry_count <> e.entries
            or a.entry_count <> coalesce(e.last, 0)";
    assert_eq!(broken(pool, balances).await, 0, "a balance is the sum of its entries, without gap");

    let running = "
        select count(*) from (
            select balance_after_minor, create_time,
                sum(amount_minor) over account as total,
                lag(create_time) over account as time_before
            from entries
            window account as (partition by tenant_id, account_id order by sequence)
        ) running
        where balance_after_minor <> total or create_time < time_before";
    assert_eq!(
        broken(pool, running).await,
        0,
        "each entry has the balance so far, in order of time"
    );

    let overdrawn = "select count(*) from accounts where balance_minor - held_minor < floor_minor";
    assert_eq!(broken(pool, overdrawn).await, 0, "no account is below its floor");

    let held = "
        select count(*) from accounts a
        left join lateral (
            select sum(amount_minor) as total from payments p
            where p.tenant_id = a.tenant_id and p.account_id = a.account_id
                and p.status in ('accepted', 'submitted')
        ) p on true
        where a.held_minor
            <> case a.kind when 'customer' then coalesce(p.total, 0) else 0 end";
    assert_eq!(broken(pool, held).await, 0, "what is held is the sum of the open payments");

    let paid = "
        select count(*) from payments p
        left join transfers t on t.tenant_id = p.tenant_id and t.transfer_id = p.transfer_id
        where p.transfer_id is not null and (
            t.transfer_id is null or t.payment_id <> p.payment_id
            or t.amount_minor <> p.amount_minor or t.debit_account_id <> p.account_id
            or (t.response_code = 1) <> (p.status = 'settled')
        )";
    assert_eq!(broken(pool, paid).await, 0, "a payment leads to what moved its money");

    let twice = "
        select count(*) from (
            select payment_id from transfers where payment_id is not null
            group by tenant_id, payment_id, debit_account_id having count(*) > 1
        ) twice";
    assert_eq!(broken(pool, twice).await, 0, "no payment moves money twice");

    let sides = "
        select count(*) from transfers t
        where not exists (
            select from entries e
            where e.tenant_id = t.tenant_id and e.account_id = t.debit_account_id
                and e.sequence = t.debit_sequence and e.transfer_id = t.transfer_id
                and e.amount_minor = case when t.response_code = 1 then -t.amount_minor else 0 end
        ) or (t.response_code = 1 and not exists (
            select from entries e
            where e.tenant_id = t.tenant_id and e.account_id = t.credit_account_id
                and e.sequence = t.credit_sequence and e.transfer_id = t.transfer_id
                and e.amount_minor = t.amount_minor
        ))";
    assert_eq!(broken(pool, sides).await, 0, "a transfer leads to its entries");

    let copies = "
        select count(*) from entries e
        join transfers t on t.tenant_id = e.tenant_id and t.transfer_id = e.transfer_id
        where e.type <> t.type
            or (e.direction = 'out') <> (e.account_id = t.debit_account_id)";
    assert_eq!(broken(pool, copies).await, 0, "an entry has its transfer's type and its side");
}

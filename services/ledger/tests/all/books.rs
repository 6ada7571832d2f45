//! What is true of the books after everything, whoever wrote them. Not a test by itself.

use ledger::verify::{Check, Options};
use sqlx::PgPool;

/// Counts what breaks a rule of payments; the query names the rule.
async fn broken(pool: &PgPool, query: &'static str) -> i64 {
    sqlx::query_scalar(query).fetch_one(pool).await.unwrap()
}

/// Asserts every rule.
pub(crate) async fn assert_sound(pool: &PgPool) {
    let report = ledger::verify(pool, Options::default()).await.unwrap();
    let unsound: Vec<&Check> = report.checks.iter().filter(|check| !check.holds()).collect();
    assert!(unsound.is_empty(), "{unsound:#?}");

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
}

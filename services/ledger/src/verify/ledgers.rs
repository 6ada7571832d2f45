//! Ledgers: that each is an account, with numbers that are its own.

use std::time::Instant;

use sqlx::PgConnection;
use tokio_stream::StreamExt;
use types::{AccountNumber, Bic, Iban, SortCode};

use super::{Check, Counts};

/// Ledgers beside customers' accounts.
pub(super) async fn pairs(
    conn: &mut PgConnection,
    counts: &Counts,
) -> Result<[Check; 1], sqlx::Error> {
    let begin = Instant::now();
    let mut check = Check::new(
        "ledgers",
        "every ledger is a customer's account, and every customer's account a ledger",
        counts.ledgers,
    );
    let mut rows = sqlx::query_scalar!(
        r#"
        select
            concat_ws(
                '/', coalesce(l.tenant_id, a.tenant_id), coalesce(l.ledger_id, a.account_id)
            ) as "id!"
        from ledgers l
        full join (select tenant_id, account_id from accounts where kind = 'customer') a
            on a.tenant_id = l.tenant_id and a.account_id = l.ledger_id
        where l.ledger_id is null or a.account_id is null
        order by coalesce(l.tenant_id, a.tenant_id), coalesce(l.ledger_id, a.account_id)
        "#
    )
    .fetch(conn);
    while let Some(id) = rows.try_next().await? {
        check.is_broken_by(&id);
    }
    Ok([check.took(begin.elapsed())])
}

/// Each ledger's numbers, beside those of all others.
pub(super) async fn numbers(conn: &mut PgConnection) -> Result<[Check; 2], sqlx::Error> {
    let begin = Instant::now();
    let mut valid = Check::new(
        "account_numbers",
        "a ledger's IBAN, BIC, sort code and account number are valid, fit, and were given out",
        0,
    );
    let mut unique =
        Check::new("account_numbers_once", "account numbers and IBANs are one ledger's each", 0);
    let mut rows = sqlx::query!(
        r#"
        select
            concat_ws('/', l.tenant_id, l.ledger_id) as "id!", l.sort_code, l.account_number, l.iban,
            l.bic_swift, c.next as "next?",
            count(*) over (partition by l.sort_code, l.account_number) > 1
                or count(*) over (partition by l.iban) > 1 as "shared!"
        from ledgers l
        left join account_number_counters c on c.sort_code = l.sort_code
        "#
    )
    .fetch(conn);
    while let Some(row) = rows.try_next().await? {
        valid.checked = valid.checked.saturating_add(1);
        if row.shared {
            unique.is_broken_by(&row.id);
        }
        // None for a sort code that is not ours to give numbers of.
        let given = row.account_number.parse::<i32>().ok().zip(row.next);
        if !fit(&row.sort_code, &row.account_number, &row.iban, &row.bic_swift)
            || given.is_some_and(|(number, next)| number >= next)
        {
            valid.is_broken_by(&row.id);
        }
    }
    unique.checked = valid.checked;
    Ok([valid.took(begin.elapsed()), unique])
}

/// Whether all are as they are kept when they are valid, and the IBAN is that of the account.
fn fit(sort_code: &str, account_number: &str, iban: &str, bic: &str) -> bool {
    SortCode::parse(sort_code).is_ok_and(|valid| valid.as_str() == sort_code)
        && AccountNumber::parse(account_number).is_ok()
        && Iban::parse(iban).is_ok_and(|valid| valid.as_str() == iban)
        && Bic::parse(bic).is_ok_and(|valid| valid.as_str() == bic)
        && iban.get(8..) == Some([sort_code, account_number].concat().as_str())
}

//! The counters that account numbers come from.

use sqlx::PgConnection;
use types::{AccountNumber, SortCode};

use super::kept;
use crate::error::Error;

/// Takes the next number of a sort code. Everybody else who wants one of it waits until this is
/// durable, so take it outside a transaction.
pub(crate) async fn take(
    conn: &mut PgConnection,
    sort_code: &SortCode,
) -> Result<AccountNumber, Error> {
    let number = sqlx::query_scalar!(
        r#"
        insert into account_number_counters (sort_code, next)
        values ($1, 2)
        on conflict on constraint account_number_counters_pkey
        do update set next = account_number_counters.next + 1
        returning next - 1 as "number!"
        "#,
        sort_code.as_str(),
    )
    .fetch_one(conn)
    .await
    .map_err(|error| match kit::postgres::constraint(&error) {
        Some("account_number_counters_eight_digits") => Error::AccountNumbersUsedUp,
        _ => error.into(),
    })?;
    let number = kept("account number", u32::try_from(number))?;
    kept("account number", AccountNumber::from_counter(number))
}

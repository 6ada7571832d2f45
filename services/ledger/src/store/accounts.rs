//! Accounts of the general ledger.

use sqlx::PgConnection;
use time::OffsetDateTime;
use types::{Currency, TenantId};

use super::kept;
use crate::{
    domain::{
        account::{Account, AccountId},
        posting::Locked,
        transfer::Sides,
    },
    error::Error,
};

/// Locks both accounts, in the order of their ids, as every transaction that locks two does. None
/// when one of them does not exist.
///
/// What is read is the state under the lock: a change that was committed while this waited is seen.
/// Beside it, the time when both were locked, by the database's clock.
pub(crate) async fn lock(
    conn: &mut PgConnection,
    tenant: TenantId,
    sides: Sides,
) -> Result<Option<(Locked, OffsetDateTime)>, Error> {
    let rows = sqlx::query_as!(
        Row,
        // Of the select that locks, `clock_timestamp` would be older than the lock.
        r#"
        with locked as materialized (
            select
                account_id, currency, active, balance_minor, held_minor, floor_minor, entry_count,
                last_entry_time
            from accounts
            where tenant_id = $1 and account_id = any($2)
            order by account_id
            for update
        )
        select
            account_id, currency, active, balance_minor, held_minor, floor_minor, entry_count,
            last_entry_time, clock_timestamp() as "lock_time!"
        from locked
        "#,
        tenant.uuid(),
        &[sides.debit().uuid(), sides.credit().uuid()],
    )
    .fetch_all(conn)
    .await?;
    let at = rows.iter().map(|row| row.lock_time).max();
    let (mut debit, mut credit) = (None, None);
    for account in rows.into_iter().map(Account::try_from) {
        let account = account?;
        if account.id == sides.debit() {
            debit = Some(account);
        } else {
            credit = Some(account);
        }
    }
    Ok(debit.zip(credit).map(|(debit, credit)| Locked { debit, credit }).zip(at))
}

/// The settlement account of a currency, when there is one.
pub(crate) async fn find_settlement(
    conn: &mut PgConnection,
    tenant: TenantId,
    currency: Currency,
) -> Result<Option<AccountId>, Error> {
    let found = sqlx::query_scalar!(
        "
        select account_id from accounts
        where tenant_id = $1 and currency = $2 and kind = 'settlement'
        ",
        tenant.uuid(),
        currency.code(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(found.map(AccountId::from_uuid))
}

/// Makes the settlement account of a currency, unless somebody else just did; then it waits for them.
pub(crate) async fn insert_settlement(
    conn: &mut PgConnection,
    tenant: TenantId,
    currency: Currency,
) -> Result<(), Error> {
    sqlx::query!(
        "
        insert into accounts (tenant_id, account_id, kind, currency, active)
        values ($1, $2, 'settlement', $3, true)
        on conflict (tenant_id, currency) where kind = 'settlement' do nothing
        ",
        tenant.uuid(),
        AccountId::new().uuid(),
        currency.code(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Enables or disables an account. Waits for transfers under way: those that begin later see it.
/// Answers whether that was a change.
pub(crate) async fn set_active(
    conn: &mut PgConnection,
    tenant: TenantId,
    account: AccountId,
    active: bool,
) -> Result<bool, Error> {
    let done = sqlx::query!(
        "
        update accounts set active = $3
        where tenant_id = $1 and account_id = $2 and active <> $3
        ",
        tenant.uuid(),
        account.uuid(),
        active,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

struct Row {
    account_id: uuid::Uuid,
    currency: String,
    active: bool,
    balance_minor: i64,
    held_minor: i64,
    floor_minor: Option<i64>,
    entry_count: i64,
    last_entry_time: Option<OffsetDateTime>,
    lock_time: OffsetDateTime,
}

impl TryFrom<Row> for Account {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        Ok(Self {
            id: AccountId::from_uuid(row.account_id),
            currency: kept("currency", Currency::parse(&row.currency))?,
            active: row.active,
            balance_minor: row.balance_minor,
            held_minor: row.held_minor,
            floor_minor: row.floor_minor,
            entry_count: row.entry_count,
            last_entry_time: row.last_entry_time,
        })
    }
}

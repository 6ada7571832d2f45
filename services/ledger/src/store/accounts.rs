//! Accounts of the general ledger.

use std::collections::HashSet;

use sqlx::PgConnection;
use time::OffsetDateTime;
use types::{Currency, CustomerId, TenantId};
use uuid::Uuid;

use super::kept;
use crate::{
    domain::{
        account::{Account, AccountId},
        transfer::Sides,
    },
    error::Error,
};

/// An account of a tenant.
pub(crate) type Key = (TenantId, AccountId);

/// How many settlement accounts each currency of a tenant has.
pub(crate) const STRIPES: i16 = 16;

/// An account that is a tenant's own: nobody's ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum System {
    /// The outside world as one currency sees it, one stripe of several.
    Settlement { stripe: i16 },
    /// Where money stays that came in and could not be credited, until it has gone back.
    Suspense,
}

impl System {
    /// One stripe of settlement, by chance, so that those who post meanwhile take others.
    pub(crate) fn any_settlement() -> Self {
        Self::Settlement { stripe: rand::random_range(0..STRIPES) }
    }

    fn kind(self) -> &'static str {
        match self {
            Self::Settlement { .. } => "settlement",
            Self::Suspense => "suspense",
        }
    }

    fn stripe(self) -> i16 {
        match self {
            Self::Settlement { stripe } => stripe,
            Self::Suspense => 0,
        }
    }
}

/// Accounts as they stand at this moment; those that do not exist are left out.
pub(crate) async fn load(
    conn: &mut PgConnection,
    keys: &[Key],
) -> Result<Vec<(Key, Account)>, Error> {
    let (tenants, ids) = columns(keys);
    let rows = sqlx::query_as!(
        Row,
        "
        select
            a.tenant_id, a.account_id, a.version, a.currency, a.active, a.balance_minor,
            a.held_minor, a.floor_minor, a.entry_count, a.last_entry_time,
            null::uuid as customer_id
        from unnest($1::uuid[], $2::uuid[]) as k (tenant_id, account_id)
        join accounts a on a.tenant_id = k.tenant_id and a.account_id = k.account_id
        ",
        &tenants,
        &ids,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Row::account).collect()
}

/// Accounts that are ledgers as they stand at this moment, and whose they are; others are left out.
pub(crate) async fn of_ledgers(
    conn: &mut PgConnection,
    keys: &[Key],
) -> Result<Vec<(Key, Account, CustomerId)>, Error> {
    let (tenants, ids) = columns(keys);
    let rows = sqlx::query_as!(
        Row,
        r#"
        select
            a.tenant_id, a.account_id, a.version, a.currency, a.active, a.balance_minor,
            a.held_minor, a.floor_minor, a.entry_count, a.last_entry_time,
            l.customer_id as "customer_id?"
        from unnest($1::uuid[], $2::uuid[]) as k (tenant_id, account_id)
        join accounts a on a.tenant_id = k.tenant_id and a.account_id = k.account_id
        join ledgers l on l.tenant_id = k.tenant_id and l.ledger_id = k.account_id
        "#,
        &tenants,
        &ids,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let customer = row.customer_id.ok_or_else(|| Error::corrupt("customer_id"))?;
            let (key, account) = row.account()?;
            Ok((key, account, CustomerId::from_uuid(customer)))
        })
        .collect()
}

/// Locks accounts in the order of their ids, as every transaction that locks several does; those that
/// do not exist are left out. What is read is the state under the lock: a change that was committed
/// while this waited is seen.
pub(crate) async fn lock(
    conn: &mut PgConnection,
    keys: &[Key],
) -> Result<Vec<(Key, Account)>, Error> {
    let (tenants, ids) = columns(keys);
    let rows = sqlx::query_as!(
        Row,
        "
        select
            a.tenant_id, a.account_id, a.version, a.currency, a.active, a.balance_minor,
            a.held_minor, a.floor_minor, a.entry_count, a.last_entry_time,
            null::uuid as customer_id
        from unnest($1::uuid[], $2::uuid[]) as k (tenant_id, account_id)
        join accounts a on a.tenant_id = k.tenant_id and a.account_id = k.account_id
        order by a.tenant_id, a.account_id
        for update of a
        ",
        &tenants,
        &ids,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Row::account).collect()
}

/// [`lock`]s accounts of one tenant.
pub(crate) async fn lock_of(
    conn: &mut PgConnection,
    tenant: TenantId,
    ids: &[AccountId],
) -> Result<Vec<(Key, Account)>, Error> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let rows = sqlx::query_as!(
        Row,
        "
        select
            tenant_id, account_id, version, currency, active, balance_minor, held_minor,
            floor_minor, entry_count, last_entry_time, null::uuid as customer_id
        from accounts
        where tenant_id = $1 and account_id = any($2)
        order by account_id
        for update
        ",
        tenant.uuid(),
        &ids,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Row::account).collect()
}

/// [`load`]s accounts of one tenant, from the one server that has them.
pub(crate) async fn load_of(
    conn: &mut PgConnection,
    tenant: TenantId,
    ids: &[AccountId],
) -> Result<Vec<(Key, Account)>, Error> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let rows = sqlx::query_as!(
        Row,
        "
        select
            tenant_id, account_id, version, currency, active, balance_minor, held_minor,
            floor_minor, entry_count, last_entry_time, null::uuid as customer_id
        from accounts
        where tenant_id = $1 and account_id = any($2)
        ",
        tenant.uuid(),
        &ids,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Row::account).collect()
}

/// Those of these accounts that another transaction has locked just now. Where tenants are on several
/// servers there is no such statement: then it fails, and whoever asked does without.
pub(crate) async fn locked_elsewhere(
    conn: &mut PgConnection,
    keys: &[Key],
) -> Result<HashSet<Key>, sqlx::Error> {
    let (tenants, ids) = columns(keys);
    let rows = sqlx::query!(
        "
        with free as materialized (
            select a.tenant_id, a.account_id
            from unnest($1::uuid[], $2::uuid[]) as k (tenant_id, account_id)
            join accounts a on a.tenant_id = k.tenant_id and a.account_id = k.account_id
            for update of a skip locked
        )
        select a.tenant_id, a.account_id
        from unnest($1::uuid[], $2::uuid[]) as k (tenant_id, account_id)
        join accounts a on a.tenant_id = k.tenant_id and a.account_id = k.account_id
        where not exists (
            select from free f where f.tenant_id = a.tenant_id and f.account_id = a.account_id
        )
        ",
        &tenants,
        &ids,
    )
    .fetch_all(conn)
    .await?;
    let key = |tenant, account| (TenantId::from_uuid(tenant), AccountId::from_uuid(account));
    Ok(rows.into_iter().map(|row| key(row.tenant_id, row.account_id)).collect())
}

/// The two accounts of an order, as they stand while both are locked.
#[derive(Debug)]
pub(crate) struct Pair {
    pub(crate) debit: Account,
    pub(crate) credit: Account,
}

/// [`lock_of`]s both accounts; none when one of them does not exist.
pub(crate) async fn lock_pair(
    conn: &mut PgConnection,
    tenant: TenantId,
    sides: Sides,
) -> Result<Option<Pair>, Error> {
    let locked = lock_of(conn, tenant, &[sides.debit(), sides.credit()]).await?;
    let find = |id| locked.iter().find(|(key, _)| key.1 == id).map(|(_, account)| *account);
    let (debit, credit) = (find(sides.debit()), find(sides.credit()));
    Ok(debit.zip(credit).map(|(debit, credit)| Pair { debit, credit }))
}

/// A tenant's own account, made when it is first needed.
pub(crate) async fn system(
    conn: &mut PgConnection,
    tenant: TenantId,
    currency: Currency,
    account: System,
) -> Result<AccountId, Error> {
    if let Some(found) = find_system(conn, tenant, currency, account).await? {
        return Ok(found);
    }
    // Unless somebody else just did; then this waits for them.
    sqlx::query!(
        "
        insert into accounts (tenant_id, account_id, kind, currency, stripe, active)
        values ($1, $2, $3, $4, $5, true)
        on conflict (tenant_id, kind, currency, stripe) where kind <> 'customer' do nothing
        ",
        tenant.uuid(),
        AccountId::new().uuid(),
        account.kind(),
        currency.code(),
        account.stripe(),
    )
    .execute(&mut *conn)
    .await?;
    let made = find_system(conn, tenant, currency, account).await?;
    made.ok_or_else(|| Error::corrupt("system account"))
}

async fn find_system(
    conn: &mut PgConnection,
    tenant: TenantId,
    currency: Currency,
    account: System,
) -> Result<Option<AccountId>, Error> {
    let found = sqlx::query_scalar!(
        "
        select account_id from accounts
        where tenant_id = $1 and kind = $2 and currency = $3 and stripe = $4 and kind <> 'customer'
        ",
        tenant.uuid(),
        account.kind(),
        currency.code(),
        account.stripe(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(found.map(AccountId::from_uuid))
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
        update accounts set active = $3, version = version + 1
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

/// Sets how far down an account may go. Answers whether that was a change.
pub(crate) async fn set_floor(
    conn: &mut PgConnection,
    tenant: TenantId,
    account: AccountId,
    floor_minor: i64,
) -> Result<bool, Error> {
    let done = sqlx::query!(
        "
        update accounts set floor_minor = $3, version = version + 1
        where tenant_id = $1 and account_id = $2 and floor_minor <> $3
        ",
        tenant.uuid(),
        account.uuid(),
        floor_minor,
    )
    .execute(conn)
    .await;
    match done {
        Ok(done) => Ok(done.rows_affected() == 1),
        Err(error) if kit::postgres::constraint(&error) == Some("accounts_balance_above_floor") => {
            Err(Error::OverdraftInUse)
        }
        Err(error) => Err(error.into()),
    }
}

/// Writes what an account holds, which must be locked. As every change of it, this counts as one.
pub(crate) async fn save_held(
    conn: &mut PgConnection,
    tenant: TenantId,
    account: &Account,
) -> Result<(), Error> {
    sqlx::query!(
        "
        update accounts set held_minor = $3, version = version + 1
        where tenant_id = $1 and account_id = $2
        ",
        tenant.uuid(),
        account.id.uuid(),
        account.held_minor,
    )
    .execute(conn)
    .await?;
    Ok(())
}

fn columns(keys: &[Key]) -> (Vec<Uuid>, Vec<Uuid>) {
    keys.iter().map(|(tenant, account)| (tenant.uuid(), account.uuid())).unzip()
}

struct Row {
    tenant_id: Uuid,
    account_id: Uuid,
    version: i64,
    currency: String,
    active: bool,
    balance_minor: i64,
    held_minor: i64,
    floor_minor: Option<i64>,
    entry_count: i64,
    last_entry_time: Option<OffsetDateTime>,
    /// Whose ledger it is, where that was asked for.
    customer_id: Option<Uuid>,
}

impl Row {
    fn account(self) -> Result<(Key, Account), Error> {
        let id = AccountId::from_uuid(self.account_id);
        let account = Account {
            id,
            version: self.version,
            currency: kept("currency", Currency::parse(&self.currency))?,
            active: self.active,
            balance_minor: self.balance_minor,
            held_minor: self.held_minor,
            floor_minor: self.floor_minor,
            entry_count: self.entry_count,
            last_entry_time: self.last_entry_time,
        };
        Ok(((TenantId::from_uuid(self.tenant_id), id), account))
    }
}

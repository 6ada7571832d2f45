//! Reading what was moved, as one ledger sees it.

use kit::{caller::Caller, page, postgres::Database};
use sqlx::PgConnection;
use time::OffsetDateTime;
use types::{Currency, CustomerId, LedgerId, TenantId, TransactionId};

use crate::{
    domain::transaction::{Counterparty, Filter, Transaction},
    error::Error,
    peers::Customers,
    store::{
        self,
        entries::{Counted, Place, Span},
    },
};

/// A transaction, and its counterparty's present name.
pub(crate) struct Named {
    pub(crate) transaction: Transaction,
    pub(crate) counterparty_name: String,
}

/// Some of a ledger's transactions.
pub(crate) struct Page {
    pub(crate) transactions: Vec<Named>,
    /// The sequence number that the next page's are below, when there is one.
    pub(crate) next: Option<i64>,
    pub(crate) total: i64,
}

/// Which page of a list is wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    pub(crate) filter: Filter,
    /// Only sequence numbers below this one.
    pub(crate) before: Option<i64>,
    pub(crate) size: i64,
}

/// What was on a ledger.
pub(crate) struct Balance {
    pub(crate) currency: Currency,
    pub(crate) minor: i64,
    /// The last one that counts.
    pub(crate) transaction: Option<TransactionId>,
    pub(crate) at: OffsetDateTime,
}

/// What an id turned out to name.
pub(crate) enum Found {
    Page(Page),
    Transaction(Box<Named>),
}

/// The use cases.
#[derive(Clone)]
pub(crate) struct Transactions {
    database: Database,
    customers: Customers,
}

impl Transactions {
    pub(crate) fn new(database: Database, customers: Customers) -> Self {
        Self { database, customers }
    }

    /// A page of a ledger's transactions, newest first.
    pub(crate) async fn list(
        &self,
        caller: &Caller,
        ledger: LedgerId,
        wanted: &Wanted,
    ) -> Result<Page, Error> {
        self.find_page(caller, ledger, wanted).await?.ok_or(Error::LedgerNotFound)
    }

    /// One transaction.
    pub(crate) async fn get(&self, caller: &Caller, id: TransactionId) -> Result<Named, Error> {
        self.find(caller, id).await?.ok_or(Error::TransactionNotFound)
    }

    /// A page of a ledger's transactions, or one transaction, as the id says.
    pub(crate) async fn query(
        &self,
        caller: &Caller,
        id: LedgerId,
        wanted: &Wanted,
    ) -> Result<Found, Error> {
        if let Some(page) = self.find_page(caller, id, wanted).await? {
            return Ok(Found::Page(page));
        }
        let found = self.find(caller, TransactionId::from_uuid(id.uuid())).await?;
        let found = found.ok_or(Error::LedgerOrTransactionNotFound)?;
        Ok(Found::Transaction(Box::new(found)))
    }

    /// What was on a ledger at a time; now when none is given.
    pub(crate) async fn balance(
        &self,
        caller: &Caller,
        ledger: LedgerId,
        at: Option<OffsetDateTime>,
    ) -> Result<Balance, Error> {
        let tenant = caller.tenant();
        let mut conn = self.database.of(caller.tenant()).await?;
        let counted = store::entries::count_all(&mut conn, tenant, ledger).await?;
        let Counted { count, currency, now } = counted.ok_or(Error::LedgerNotFound)?;
        let at = at.unwrap_or(now);
        // The first one that no longer counts: times are to the microsecond.
        let after = at.saturating_add(time::Duration::MICROSECOND);
        let first = store::entries::first_at(&mut conn, tenant, ledger, count, after).await?;
        let last = first.saturating_sub(1);
        let entry = store::entries::balance_after(&mut conn, tenant, ledger, last).await?;
        Ok(Balance {
            currency,
            minor: entry.as_ref().map_or(0, |entry| entry.balance_minor),
            transaction: entry.map(|entry| entry.transaction),
            at,
        })
    }

    async fn find_page(
        &self,
        caller: &Caller,
        ledger: LedgerId,
        wanted: &Wanted,
    ) -> Result<Option<Page>, Error> {
        let tenant = caller.tenant();
        let mut conn = self.database.of(caller.tenant()).await?;
        let counted = store::entries::count_all(&mut conn, tenant, ledger).await?;
        let Some(Counted { count, .. }) = counted else { return Ok(None) };
        let Wanted { filter, before, size } = wanted;
        let all = span(&mut conn, tenant, ledger, count, filter).await?;
        let total = match (filter.kind, filter.direction) {
            (None, None) => all.before.saturating_sub(all.from).max(0),
            (Some(_), _) | (_, Some(_)) => {
                store::entries::count(&mut conn, tenant, ledger, all, filter).await?
            }
        };
        let rest = Span { before: before.map_or(all.before, |at| at.min(all.before)), ..all };
        let limit = size.saturating_add(1);
        let rows = store::entries::list(&mut conn, tenant, ledger, rest, filter, limit).await?;
        drop(conn);
        let (rows, more) = page::cut(rows, *size);
        let next = if more { rows.last().map(|last| last.sequence) } else { None };
        Ok(Some(Page { transactions: self.name(caller, rows).await?, next, total }))
    }

    async fn find(&self, caller: &Caller, id: TransactionId) -> Result<Option<Named>, Error> {
        let Some((transfer, side)) = id.split() else { return Ok(None) };
        let mut conn = self.database.of(caller.tenant()).await?;
        let tenant = caller.tenant();
        let Some(place) = store::entries::find(&mut conn, tenant, transfer, side).await? else {
            return Ok(None);
        };
        let Place { ledger, sequence } = place;
        let alone = Span { from: sequence, before: sequence.saturating_add(1) };
        let all = Filter::default();
        let found = store::entries::list(&mut conn, tenant, ledger, alone, &all, 1).await?;
        drop(conn);
        Ok(self.name(caller, found).await?.pop())
    }

    /// Adds the counterparties' names: one question to the customer service, however many rows.
    async fn name(&self, caller: &Caller, rows: Vec<Transaction>) -> Result<Vec<Named>, Error> {
        let names = self.customers.names(caller, rows.iter().filter_map(customer)).await?;
        let named = |transaction: Transaction| {
            let name = match &transaction.counterparty {
                Counterparty::Ledger { customer_id, .. } => names.of(*customer_id),
                Counterparty::Outside(party) => party.name.as_str(),
            };
            Named { counterparty_name: name.to_owned(), transaction }
        };
        Ok(rows.into_iter().map(named).collect())
    }
}

fn customer(transaction: &Transaction) -> Option<CustomerId> {
    match transaction.counterparty {
        Counterparty::Ledger { customer_id, .. } => Some(customer_id),
        Counterparty::Outside(_) => None,
    }
}

/// The entries between a filter's times, of the first `count`.
async fn span(
    conn: &mut PgConnection,
    tenant: TenantId,
    ledger: LedgerId,
    count: i64,
    filter: &Filter,
) -> Result<Span, Error> {
    let from = match filter.create_time_from {
        Some(at) => store::entries::first_at(conn, tenant, ledger, count, at).await?,
        None => 1,
    };
    let before = match filter.create_time_before {
        Some(at) => store::entries::first_at(conn, tenant, ledger, count, at).await?,
        None => count.saturating_add(1),
    };
    Ok(Span { from, before })
}

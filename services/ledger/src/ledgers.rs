//! What can be done with ledgers: one method, one transaction. The money on them is moved elsewhere.

use std::collections::HashMap;

use kit::{
    caller::Caller,
    errors,
    idempotency::{self, Answer, Begun, Key, Work},
    page,
    time::now,
};
use prost::Message;
use sqlx::PgPool;
use types::{BankCode, Bic, CustomerId, Iban, LedgerId, SortCode};

use crate::{
    domain::{
        account,
        ledger::{InternationalAccount, Ledger, NewLedger, Summary, UkAccount},
    },
    error::Error,
    peers::{Customers, Names},
    store,
};

/// The bank that account numbers are issued for.
#[derive(Clone)]
pub(crate) struct Bank {
    pub(crate) code: BankCode,
    pub(crate) sort_code: SortCode,
    pub(crate) bic: Bic,
}

/// A ledger, and its customer's present name.
pub(crate) struct Held {
    pub(crate) ledger: Ledger,
    pub(crate) holder_name: String,
}

/// Some of a customer's ledgers.
pub(crate) struct Page {
    pub(crate) ledgers: Vec<Held>,
    /// Where the next page begins, when there is one.
    pub(crate) next: Option<LedgerId>,
    pub(crate) total: i64,
}

/// Whether a ledger is to take part in transfers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Enable,
    Disable,
}

/// The use cases.
#[derive(Clone)]
pub(crate) struct Ledgers {
    pool: PgPool,
    customers: Customers,
    bank: Bank,
}

impl Ledgers {
    pub(crate) fn new(pool: PgPool, customers: Customers, bank: Bank) -> Self {
        Self { pool, customers, bank }
    }

    /// Issues a ledger.
    pub(crate) async fn create<M: Message + Default>(
        &self,
        caller: &Caller,
        key: Option<Key>,
        new: NewLedger,
        render: fn(&Held) -> M,
    ) -> Result<Answer<M>, Error> {
        if let Some(answer) = idempotency::replay(&self.pool, key.as_ref()).await? {
            return Ok(answer);
        }
        let customer = self.customers.find(caller, new.customer_id).await?;
        let customer = customer.ok_or(Error::CustomerNotFound)?;
        if !customer.active {
            return Err(Error::CustomerDisabled);
        }
        let mut work = match idempotency::begin(&self.pool, key).await? {
            Begun::Replayed(answer) => return Ok(answer),
            Begun::New(work) => work,
        };
        let ledger = self.issue(&mut work, caller, &new).await?;
        let held = Held { ledger, holder_name: customer.name };
        Ok(work.commit(render(&held)).await?)
    }

    async fn issue(
        &self,
        work: &mut Work,
        caller: &Caller,
        new: &NewLedger,
    ) -> Result<Ledger, Error> {
        let Bank { code, sort_code, bic } = &self.bank;
        let account_number = store::account_numbers::take(work.conn(), sort_code).await?;
        let iban = Iban::of_uk_account(code, sort_code, &account_number);
        let uk = UkAccount { sort_code: sort_code.clone(), account_number };
        let international = InternationalAccount { iban, bic: bic.clone() };
        let tenant = caller.tenant();
        let id =
            store::ledgers::insert(work.conn(), tenant, new, &uk, &international, now()).await?;
        store::ledgers::find(work.conn(), tenant, &[id]).await?.pop().ok_or(Error::LedgerNotFound)
    }

    /// Reads one ledger.
    pub(crate) async fn get(&self, caller: &Caller, id: LedgerId) -> Result<Held, Error> {
        self.batch_get(caller, &[id]).await?.pop().ok_or(Error::LedgerNotFound)
    }

    /// Reads many ledgers, in the order of the ids.
    pub(crate) async fn batch_get(
        &self,
        caller: &Caller,
        ids: &[LedgerId],
    ) -> Result<Vec<Held>, Error> {
        let mut conn = self.pool.acquire().await?;
        let found = store::ledgers::find(&mut conn, caller.tenant(), ids).await?;
        drop(conn);
        let names = self.names(caller, &found).await?;
        let mut found: HashMap<LedgerId, Ledger> =
            found.into_iter().map(|ledger| (ledger.id, ledger)).collect();
        Ok(ids
            .iter()
            .filter_map(|id| found.remove(id))
            .map(|ledger| held(ledger, &names))
            .collect())
    }

    /// A page of a customer's ledgers, newest first.
    pub(crate) async fn list(
        &self,
        caller: &Caller,
        customer: CustomerId,
        before: Option<LedgerId>,
        size: i64,
    ) -> Result<Page, Error> {
        let holder = self.customers.find(caller, customer).await?.ok_or(Error::CustomerNotFound)?;
        let tenant = caller.tenant();
        let mut conn = self.pool.acquire().await?;
        let total = store::ledgers::count(&mut conn, tenant, customer).await?;
        let limit = size.saturating_add(1);
        let rows = store::ledgers::of_customer(&mut conn, tenant, customer, before, limit).await?;
        let (rows, more) = page::cut(rows, size);
        let next = if more { rows.last().map(|ledger| ledger.id) } else { None };
        let ledgers = rows
            .into_iter()
            .map(|ledger| Held { ledger, holder_name: holder.name.clone() })
            .collect();
        Ok(Page { ledgers, next, total })
    }

    /// Sums up the ledgers of many customers, in the order of the ids.
    pub(crate) async fn summaries(
        &self,
        caller: &Caller,
        customers: &[CustomerId],
    ) -> Result<Vec<Summary>, Error> {
        let mut conn = self.pool.acquire().await?;
        let found = store::ledgers::summaries(&mut conn, caller.tenant(), customers).await?;
        let mut found: HashMap<CustomerId, Summary> =
            found.into_iter().map(|summary| (summary.customer_id, summary)).collect();
        Ok(customers.iter().filter_map(|id| found.remove(id)).collect())
    }

    /// Enables or disables a ledger. When this has been answered, it holds for every transfer that
    /// has not been.
    pub(crate) async fn update<M: Message + Default>(
        &self,
        caller: &Caller,
        key: Option<Key>,
        id: LedgerId,
        change: Change,
        render: fn(&Held) -> M,
    ) -> Result<Answer<M>, Error> {
        if let Some(answer) = idempotency::replay(&self.pool, key.as_ref()).await? {
            return Ok(answer);
        }
        let holder_name = self.holder_name(caller, id).await?;
        let mut work = match idempotency::begin(&self.pool, key).await? {
            Begun::Replayed(answer) => return Ok(answer),
            Begun::New(work) => work,
        };
        let (conn, tenant) = (work.conn(), caller.tenant());
        let active = change == Change::Enable;
        if store::accounts::set_active(conn, tenant, account::of_ledger(id), active).await? {
            store::ledgers::touch(conn, tenant, id, now()).await?;
        }
        let ledger = store::ledgers::find(conn, tenant, &[id]).await?.pop();
        let held = Held { ledger: ledger.ok_or(Error::LedgerNotFound)?, holder_name };
        Ok(work.commit(render(&held)).await?)
    }

    /// The name for the answer of a change. None where it cannot be had: stopping the money of a ledger
    /// waits for no other service.
    async fn holder_name(&self, caller: &Caller, id: LedgerId) -> Result<String, Error> {
        match self.get(caller, id).await {
            Ok(held) => Ok(held.holder_name),
            Err(Error::Kit(errors::Error::Upstream(_))) => Ok(String::new()),
            Err(error) => Err(error),
        }
    }

    async fn names(&self, caller: &Caller, ledgers: &[Ledger]) -> Result<Names, Error> {
        self.customers.names(caller, ledgers.iter().map(|ledger| ledger.customer_id)).await
    }
}

fn held(ledger: Ledger, names: &Names) -> Held {
    let holder_name = names.of(ledger.customer_id).to_owned();
    Held { ledger, holder_name }
}

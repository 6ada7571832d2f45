//! What can be done with ledgers: one method, one transaction. The money on them is moved elsewhere.

use std::{collections::HashMap, time::Duration};

use kit::{
    audit::{self, Act},
    caller::Caller,
    errors::Violations,
    idempotency::{self, Answer, Begun, Key},
    page,
    postgres::Database,
};
use prost::Message;
use types::{Amount, BankCode, Bic, Currency, CustomerId, DecimalText, Iban, LedgerId, SortCode};

use crate::{
    domain::{
        account,
        ledger::{InternationalAccount, Ledger, NewLedger, Summary, UkAccount},
    },
    error::Error,
    peers::{Customers, Names},
    records, store,
};

/// How long the answer of a change waits for the customer's name.
const NAME_TIMEOUT: Duration = Duration::from_millis(500);

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

/// An answer about a ledger, and its customer's present name, which is not kept with it.
pub(crate) struct Named<M> {
    pub(crate) answer: Answer<M>,
    pub(crate) holder_name: String,
}

/// Some of a customer's ledgers.
pub(crate) struct Page {
    pub(crate) ledgers: Vec<Held>,
    /// Where the next page begins, when there is one.
    pub(crate) next: Option<LedgerId>,
    pub(crate) total: i64,
}

/// What is to be changed about a ledger; none: not that.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Change {
    /// Whether it is to take part in transfers.
    pub(crate) active: Option<bool>,
    /// How far it may be overdrawn.
    pub(crate) overdraft_limit: Option<OverdraftLimit>,
}

/// How far below zero what can be spent may go.
#[derive(Debug, Clone, Copy)]
pub(crate) enum OverdraftLimit {
    /// Not at all.
    None,
    /// So far, in a currency which must be the ledger's.
    Money { minor: i64, currency: Currency },
    /// So far, counted in the ledger's currency.
    Decimal(DecimalText),
}

impl OverdraftLimit {
    /// The floor of a ledger in this currency; none, and why, when the limit does not fit it.
    pub(crate) fn floor_in(self, ledger: Currency, bad: &mut Violations) -> Option<i64> {
        let minor = match self {
            Self::None => Some(0),
            Self::Money { minor, currency } => {
                let fits = if currency == ledger { Ok(minor) } else { Err("must be the ledger's") };
                bad.take("ledger.overdraft_limit.currency", fits)
            }
            Self::Decimal(decimal) => {
                let amount = bad.take("overdraft_limit_decimal", decimal.in_currency(ledger));
                amount.map(Amount::minor)
            }
        };
        minor.map(i64::saturating_neg)
    }
}

/// The use cases.
#[derive(Clone)]
pub(crate) struct Ledgers {
    database: Database,
    customers: Customers,
    bank: Bank,
}

impl Ledgers {
    pub(crate) fn new(database: Database, customers: Customers, bank: Bank) -> Self {
        Self { database, customers, bank }
    }

    /// Issues a ledger.
    pub(crate) async fn create<M: Message + Default>(
        &self,
        caller: &Caller,
        key: Option<Key>,
        new: NewLedger,
        render: fn(&Ledger) -> M,
    ) -> Result<Named<M>, Error> {
        let id = new.customer_id;
        if let Some(named) = self.replay(caller, key.as_ref(), id).await? {
            return Ok(named);
        }
        let customer = self.customers.find(caller, id).await?;
        // Whether it is to be refused is known now, and told when no other request has the key.
        let numbered = match &customer {
            Some(customer) if customer.active => Some(self.take_number().await?),
            Some(_) | None => None,
        };
        let mut work = match idempotency::begin(&self.database, caller.tenant(), key).await? {
            Begun::Replayed(answer) => return self.name(caller, answer, id).await,
            Begun::New(work) => work,
        };
        let customer = customer.ok_or(Error::CustomerNotFound)?;
        let (uk, international) = numbered.ok_or(Error::CustomerDisabled)?;
        let tenant = caller.tenant();
        let ledger = store::ledgers::insert(work.conn(), tenant, new, uk, international).await?;
        let act = Act::new("ledger.create", records::object(ledger.id));
        audit::record(work.conn(), caller, &act.after(records::ledger(&ledger))).await?;
        let answer = work.commit(render(&ledger)).await?;
        Ok(Named { answer, holder_name: customer.name })
    }

    /// The answer that the request which issued a ledger of this customer had.
    pub(crate) async fn replay<M: Message + Default>(
        &self,
        caller: &Caller,
        key: Option<&Key>,
        customer: CustomerId,
    ) -> Result<Option<Named<M>>, Error> {
        match idempotency::replay(&self.database, key).await? {
            Some(answer) => Ok(Some(self.name(caller, answer, customer).await?)),
            None => Ok(None),
        }
    }

    async fn name<M>(
        &self,
        caller: &Caller,
        answer: Answer<M>,
        customer: CustomerId,
    ) -> Result<Named<M>, Error> {
        let names = self.customers.names(caller, [customer]).await?;
        Ok(Named { answer, holder_name: names.of(customer).to_owned() })
    }

    /// Addresses that nobody has had. Durable at once: those who issue ledgers wait for each other no
    /// longer than that, and what is not used after all is lost.
    async fn take_number(&self) -> Result<(UkAccount, InternationalAccount), Error> {
        let Bank { code, sort_code, bic } = &self.bank;
        // The counters are no tenant's.
        let mut conn = self.database.of_each([]).await?;
        let account_number = store::account_numbers::take(&mut conn, sort_code).await?;
        let iban = Iban::of_uk_account(code, sort_code, &account_number);
        let uk = UkAccount { sort_code: sort_code.clone(), account_number };
        Ok((uk, InternationalAccount { iban, bic: Some(bic.clone()) }))
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
        let mut conn = self.database.of(caller.tenant()).await?;
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
        let mut conn = self.database.of(caller.tenant()).await?;
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
        let mut conn = self.database.of(caller.tenant()).await?;
        let found = store::ledgers::summaries(&mut conn, caller.tenant(), customers).await?;
        let mut found: HashMap<CustomerId, Summary> =
            found.into_iter().map(|summary| (summary.customer_id, summary)).collect();
        Ok(customers.iter().filter_map(|id| found.remove(id)).collect())
    }

    /// The currency of a ledger, for telling whether a limit fits it.
    pub(crate) async fn currency(
        &self,
        caller: &Caller,
        id: LedgerId,
    ) -> Result<Option<Currency>, Error> {
        let mut conn = self.database.of(caller.tenant()).await?;
        let ledger = store::ledgers::find(&mut conn, caller.tenant(), &[id]).await?.pop();
        Ok(ledger.map(|ledger| ledger.currency))
    }

    /// Enables or disables a ledger, or sets how far it may be overdrawn. When this has been answered, it
    /// holds for every transfer that has not been.
    pub(crate) async fn update<M: Message + Default>(
        &self,
        caller: &Caller,
        key: Option<Key>,
        id: LedgerId,
        change: Change,
        render: fn(&Ledger) -> M,
    ) -> Result<Named<M>, Error> {
        let mut work = match idempotency::begin(&self.database, caller.tenant(), key).await? {
            Begun::Replayed(answer) => {
                let mut conn = self.database.of(caller.tenant()).await?;
                let ledger = store::ledgers::find(&mut conn, caller.tenant(), &[id]).await?.pop();
                drop(conn);
                let customer_id = ledger.ok_or(Error::LedgerNotFound)?.customer_id;
                return Ok(self.name_if_quick(caller, answer, customer_id).await);
            }
            Begun::New(work) => work,
        };
        let (conn, tenant) = (work.conn(), caller.tenant());
        let account = account::of_ledger(id);
        // Nobody else changes it from here on.
        store::accounts::lock_of(conn, tenant, &[account]).await?;
        let before = store::ledgers::find(conn, tenant, &[id]).await?.pop();
        let before = before.ok_or(Error::LedgerNotFound)?;
        let mut changed = false;
        if let Some(active) = change.active {
            changed |= store::accounts::set_active(conn, tenant, account, active).await?;
        }
        if let Some(limit) = change.overdraft_limit {
            let mut bad = Violations::new();
            let floor_minor = limit.floor_in(before.currency, &mut bad).ok_or(bad)?;
            changed |= store::accounts::set_floor(conn, tenant, account, floor_minor).await?;
        }
        if changed {
            store::ledgers::touch(conn, tenant, id).await?;
        }
        let ledger = store::ledgers::find(conn, tenant, &[id]).await?.pop();
        let ledger = ledger.ok_or(Error::LedgerNotFound)?;
        if changed {
            let action = match (before.active, ledger.active) {
                (true, false) => "ledger.disable",
                (false, true) => "ledger.enable",
                (true, true) | (false, false) => "ledger.set_overdraft",
            };
            let act = Act::new(action, records::object(id));
            let act = act.before(records::ledger(&before)).after(records::ledger(&ledger));
            audit::record(work.conn(), caller, &act).await?;
        }
        let answer = work.commit(render(&ledger)).await?;
        Ok(self.name_if_quick(caller, answer, ledger.customer_id).await)
    }

    /// Adds the name to the answer of a change, which has been made. None where it cannot be had soon:
    /// stopping the money of a ledger depends on no other service.
    async fn name_if_quick<M>(
        &self,
        caller: &Caller,
        answer: Answer<M>,
        customer: CustomerId,
    ) -> Named<M> {
        let asked = self.customers.names(caller, [customer]);
        let named = tokio::time::timeout(NAME_TIMEOUT, asked).await.ok().and_then(Result::ok);
        if named.is_none() {
            tracing::warn!("a holder's name cannot be had");
        }
        let holder_name = named.map(|names| names.of(customer).to_owned()).unwrap_or_default();
        Named { answer, holder_name }
    }

    async fn names(&self, caller: &Caller, ledgers: &[Ledger]) -> Result<Names, Error> {
        self.customers.names(caller, ledgers.iter().map(|ledger| ledger.customer_id)).await
    }
}

fn held(ledger: Ledger, names: &Names) -> Held {
    let holder_name = names.of(ledger.customer_id).to_owned();
    Held { ledger, holder_name }
}

//! Orders to pay somebody over a rail: what callers do with them. What happens to them afterwards is in
//! [`worker`]; how that moves money, in [`books`].
//!
//! Lock order, here and wherever payments and accounts are locked together: what came in by its rail
//! reference, then accounts in the order of their keys, then the payment.

use std::sync::Arc;

use kit::{
    caller::Caller,
    errors::Violations,
    idempotency::{self, Answer, Begun, Key},
    page,
    postgres::Database,
};
use prost::Message;
use tokio::sync::Notify;
use types::{LedgerId, PaymentId, Reference};

use crate::{
    domain::{
        account::of_ledger,
        payment::{Change, Payment, Source, Status},
        transfer::{OutsideParty, Payer, TransferType},
    },
    error::Error,
    records::{self, initiator},
    standings::Standings,
    store::{self, addresses::Addressed, payments::Wanted},
    transfers::Asked,
};

pub(crate) mod books;
mod enter;
pub(crate) mod worker;

use enter::Entry;

/// A payment, asked for.
#[derive(Debug)]
pub(crate) struct NewPayment {
    pub(crate) key: Option<Key>,
    pub(crate) kind: TransferType,
    pub(crate) from: LedgerId,
    pub(crate) creditor: OutsideParty,
    pub(crate) amount: Asked,
    pub(crate) reference: Reference,
}

/// Some of a tenant's payments.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) payments: Vec<Payment>,
    /// Where the next page begins, when there is one.
    pub(crate) next: Option<PaymentId>,
    pub(crate) total: i64,
}

/// The use cases.
#[derive(Clone)]
pub(crate) struct Payments {
    database: Database,
    standings: Standings,
    /// Whether anything leads out of this platform.
    has_rail: bool,
    /// Tells the worker of this process that there is something to do.
    wake: Arc<Notify>,
}

impl Payments {
    pub(crate) fn new(
        database: Database,
        standings: Standings,
        has_rail: bool,
        wake: Arc<Notify>,
    ) -> Self {
        Self { database, standings, has_rail, wake }
    }

    /// Accepts a payment, or records that there was not enough for it. To a ledger of the same tenant
    /// it is made at once.
    pub(crate) async fn create<M: Message + Default>(
        &self,
        caller: &Caller,
        new: NewPayment,
        render: fn(&Payment) -> M,
    ) -> Result<Answer<M>, Error> {
        if let Some(answer) = idempotency::replay(&self.database, new.key.as_ref()).await? {
            return Ok(answer);
        }
        let key = new.key.clone();
        // What it is refused for is told when no other request has the key.
        let prepared = self.prepare(caller, new).await;
        let mut work = match idempotency::begin(&self.database, caller.tenant(), key).await? {
            Begun::Replayed(answer) => return Ok(answer),
            Begun::New(work) => work,
        };
        let layout = self.database.layout();
        let payment = prepared?.enter(work.conn(), layout).await?;
        records::of_payment(work.conn(), caller, "payment.create", None, &payment).await?;
        let answer = work.commit(render(&payment)).await?;
        self.wake.notify_one();
        Ok(answer)
    }

    /// What is asked for, with what the customer service says now. What else may change is left to the
    /// transaction.
    async fn prepare(&self, caller: &Caller, new: NewPayment) -> Result<Entry, Error> {
        let tenant = caller.tenant();
        let mut conn = self.database.of(tenant).await?;
        let ledger = store::ledgers::find(&mut conn, tenant, &[new.from]).await?.pop();
        drop(conn);
        let ledger = ledger.ok_or(Error::LedgerNotFound)?;
        let amount = new.amount.of(ledger.currency)?;
        let addressed = self.addressed(&new.creditor).await?;
        if let Some(clause) = to_itself(tenant, new.from, addressed) {
            let mut bad = Violations::new();
            bad.add(creditor_field(new.kind), clause);
            return Err(bad.into());
        }
        let rail_currency = crate::domain::payment::rail_currency(new.kind);
        if rail_currency != Some(ledger.currency.code()) {
            return Err(Error::CurrencyMismatch);
        }
        if addressed.is_none() && !self.has_rail {
            return Err(Error::RailMissing);
        }
        // A customer that the customer service does not know any more may send nothing.
        let payer = if self.standings.may_send(caller, ledger.customer_id).await? {
            Payer::Customer
        } else {
            Payer::DisabledCustomer
        };
        let inside = addressed.filter(|addressed| addressed.tenant == tenant);
        Ok(Entry {
            tenant,
            kind: new.kind,
            from: of_ledger(new.from),
            to: inside.map(|addressed| of_ledger(addressed.ledger)),
            payer,
            creditor: new.creditor,
            amount,
            reference: new.reference,
            initiator: initiator(caller),
        })
    }

    /// Tells whether a payment would go back where it comes from, for an answer that names other bad
    /// fields too.
    pub(crate) async fn check(
        &self,
        caller: &Caller,
        from: Option<LedgerId>,
        to: Option<(TransferType, &OutsideParty)>,
        bad: &mut Violations,
    ) -> Result<(), Error> {
        let Some((from, (kind, creditor))) = from.zip(to) else { return Ok(()) };
        let addressed = self.addressed(creditor).await?;
        if let Some(clause) = to_itself(caller.tenant(), from, addressed) {
            bad.add(creditor_field(kind), clause);
        }
        Ok(())
    }

    /// Which ledger of the platform a creditor's account is: another tenant's, maybe.
    async fn addressed(&self, creditor: &OutsideParty) -> Result<Option<Addressed>, Error> {
        let mut conn = self.database.platform().await?;
        store::addresses::find(&mut conn, self.database.layout(), &creditor.account).await
    }

    /// Reads one payment.
    pub(crate) async fn get(&self, caller: &Caller, id: PaymentId) -> Result<Payment, Error> {
        let mut conn = self.database.of(caller.tenant()).await?;
        let found = store::payments::find(&mut conn, caller.tenant(), id).await?;
        found.ok_or(Error::PaymentNotFound)
    }

    /// A page of payments, newest first.
    pub(crate) async fn list(
        &self,
        caller: &Caller,
        ledger: Option<LedgerId>,
        status: Option<Status>,
        before: Option<PaymentId>,
        size: i64,
    ) -> Result<Page, Error> {
        let tenant = caller.tenant();
        let mut conn = self.database.of(caller.tenant()).await?;
        if let Some(ledger) = ledger {
            let found = store::ledgers::find(&mut conn, tenant, &[ledger]).await?;
            found.first().ok_or(Error::LedgerNotFound)?;
        }
        let wanted = Wanted { account: ledger.map(of_ledger), status };
        let total = store::payments::count(&mut conn, tenant, wanted).await?;
        let limit = size.saturating_add(1);
        let rows = store::payments::list(&mut conn, tenant, wanted, before, limit).await?;
        let (payments, more) = page::cut(rows, size);
        let next = if more { payments.last().map(|payment| payment.id) } else { None };
        Ok(Page { payments, next, total })
    }

    /// Takes back a payment that is still with us. Of a worker that takes it up at the same time and
    /// this, one has the payment's lock first; the other finds what it has done.
    pub(crate) async fn cancel<M: Message + Default>(
        &self,
        caller: &Caller,
        key: Option<Key>,
        id: PaymentId,
        render: fn(&Payment) -> M,
    ) -> Result<Answer<M>, Error> {
        let mut work = match idempotency::begin(&self.database, caller.tenant(), key).await? {
            Begun::Replayed(answer) => return Ok(answer),
            Begun::New(work) => work,
        };
        let (conn, tenant) = (work.conn(), caller.tenant());
        let found = store::payments::find(conn, tenant, id).await?.ok_or(Error::PaymentNotFound)?;
        // What goes back to its sender is nobody's to keep.
        let Source::Ledger(account) = found.source else {
            return Err(Error::PaymentNotCancellable);
        };
        let mut accounts = store::accounts::lock_of(conn, tenant, &[account]).await?;
        let (_, mut account) = accounts.pop().ok_or(Error::LedgerNotFound)?;
        let locked = store::payments::lock(conn, tenant, id).await?;
        let mut payment = locked.ok_or(Error::PaymentNotFound)?;
        let before = records::payment(&payment);
        match payment.state.cancel().map_err(|_| Error::PaymentNotCancellable)? {
            Change::Made => {
                payment.source.release(&mut account, payment.amount)?;
                store::accounts::save_held(conn, tenant, &account).await?;
                payment.update_time = store::payments::save(conn, &payment).await?;
                let action = "payment.cancel";
                records::of_payment(conn, caller, action, Some(before), &payment).await?;
            }
            Change::AlreadyMade => {}
        }
        Ok(work.commit(render(&payment)).await?)
    }
}

/// What is wrong with the creditor, where that is the payer.
fn to_itself(
    tenant: types::TenantId,
    from: LedgerId,
    to: Option<Addressed>,
) -> Option<&'static str> {
    let to = to?;
    ((to.tenant, to.ledger) == (tenant, from)).then_some("must not be that of from_ledger_id")
}

/// The field that names the account.
fn creditor_field(kind: TransferType) -> &'static str {
    match kind {
        TransferType::FasterPayment => "creditor.account_number",
        TransferType::InternalTransfer | TransferType::SepaCredit | TransferType::SwiftCredit => {
            "creditor.iban"
        }
    }
}

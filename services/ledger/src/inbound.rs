//! Money that comes in from elsewhere: to a ledger, or through suspense back to where it came from.
//! Nothing that a rail has brought is turned away or lost.

use std::sync::Arc;

use kit::{
    caller::Caller,
    idempotency::{self, Answer, Begun, Key},
    postgres::{Database, citus::Layout},
};
use prost::Message;
use sqlx::{Connection, PgConnection};
use tokio::sync::Notify;
use types::{Amount, LedgerId, PaymentId, Reference, TenantId, TransferId};
use uuid::Uuid;

use crate::{
    domain::{
        account::{AccountId, of_ledger},
        metadata::Metadata,
        payment::{Payment, Source, State},
        posting::post,
        transfer::{Movement, Order, Outside, OutsideParty, Payer, Sides, Transfer, TransferType},
    },
    error::Error,
    rails::Arrival,
    records,
    store::{
        self,
        accounts::System,
        inbound_payments::{RailReference, Taken},
    },
    transfers::Asked,
};

/// Whose books it is in when money comes for an account that is nobody's: the platform's own.
const PLATFORM: TenantId = TenantId::from_uuid(Uuid::nil());

/// A payment that comes in for a ledger.
#[derive(Debug)]
pub(crate) struct NewInbound {
    pub(crate) ledger: LedgerId,
    pub(crate) amount: Asked,
    pub(crate) reference: Reference,
    pub(crate) sender: OutsideParty,
    /// The rail's own name for it, where it is known.
    pub(crate) rail_reference: Option<String>,
}

/// A payment that comes in, as far as the books are concerned.
#[derive(Debug)]
struct Coming {
    tenant: TenantId,
    name: RailReference,
    kind: TransferType,
    amount: Amount,
    reference: Reference,
    sender: OutsideParty,
}

/// The use cases.
#[derive(Clone)]
pub(crate) struct Inbound {
    database: Database,
    /// Tells the worker of this process that something may have to go back.
    wake: Arc<Notify>,
}

impl Inbound {
    pub(crate) fn new(database: Database, wake: Arc<Notify>) -> Self {
        Self { database, wake }
    }

    /// Takes in a payment for a ledger of the caller's; `is_credited` tells a transfer to a ledger from one
    /// to suspense. One that has come in before, by its key or its
    /// rail reference, is answered as it was then.
    ///
    /// # Errors
    ///
    /// [`Error::LedgerDisabled`] when it was taken in, and is on its way back.
    pub(crate) async fn create<M: Message + Default>(
        &self,
        caller: &Caller,
        key: Option<Key>,
        new: NewInbound,
        render: fn(&Transfer) -> M,
        is_credited: fn(&M) -> bool,
    ) -> Result<Answer<M>, Error> {
        let mut work = match idempotency::begin(&self.database, caller.tenant(), key).await? {
            Begun::Replayed(answer) => return credited(answer, is_credited),
            Begun::New(work) => work,
        };
        let (conn, tenant, ledger) = (work.conn(), caller.tenant(), new.ledger);
        let receiver = store::ledgers::find(conn, tenant, &[ledger]).await?.pop();
        let coming = new.coming(tenant, receiver.ok_or(Error::LedgerNotFound)?.currency)?;
        let before = store::inbound_payments::find(conn, &coming.name).await?;
        let (taken, replayed) = if let Some(taken) = before {
            (taken, true)
        } else {
            let layout = self.database.layout();
            coming.take(conn, layout, Some(ledger), Unfit::Refused).await?
        };
        let found = store::transfers::find(conn, taken.tenant, taken.transfer).await?;
        let message = render(&found.ok_or(Error::TransferNotFound)?);
        let mut answer = work.commit(message).await?;
        answer.replayed |= replayed;
        self.wake.notify_one();
        credited(answer, is_credited)
    }

    /// Takes in what a rail has brought, once. What names no ledger that can take it goes back.
    pub(crate) async fn arrive(&self, rail_reference: &str, arrival: Arrival) -> Result<(), Error> {
        let Arrival { kind, amount, reference, sender, account } = arrival;
        // Whose it is, nobody has said yet.
        let mut conn = self.database.platform().await?;
        let addressed = store::addresses::find(&mut conn, self.database.layout(), &account).await?;
        drop(conn);
        let name = RailReference { rail: kind.word(), reference: rail_reference.to_owned() };
        let tenant = addressed.map_or(PLATFORM, |addressed| addressed.tenant);
        let coming = Coming { tenant, name, kind, amount, reference, sender };
        let ledger = addressed.map(|addressed| addressed.ledger);
        // It may have been taken in before, when the number was still nobody's.
        let mut tx = self.database.begin_of_each([tenant, PLATFORM]).await?;
        coming.take(&mut tx, self.database.layout(), ledger, Unfit::GoesBack).await?;
        kit::postgres::commit(tx).await?;
        self.wake.notify_one();
        Ok(())
    }
}

impl NewInbound {
    fn coming(self, tenant: TenantId, currency: types::Currency) -> Result<Coming, Error> {
        let kind = TransferType::inbound(currency.code());
        let given = self.rail_reference.unwrap_or_else(|| Uuid::now_v7().to_string());
        Ok(Coming {
            tenant,
            // Each tenant's sandbox plays an outside world of its own.
            name: RailReference { rail: kind.word(), reference: format!("{tenant}:{given}") },
            kind,
            amount: self.amount.of(currency)?,
            reference: self.reference,
            sender: self.sender,
        })
    }
}

/// The answer to a payment that came in, or that it is on its way back.
fn credited<M>(answer: Answer<M>, is_credited: fn(&M) -> bool) -> Result<Answer<M>, Error> {
    if is_credited(&answer.message) { Ok(answer) } else { Err(Error::LedgerDisabled) }
}

/// What happens to money that does not fit the ledger: of another currency, or too much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unfit {
    /// It never came: whoever plays the outside world is told.
    Refused,
    /// It is here, and goes back.
    GoesBack,
}

impl Coming {
    /// Books it, unless it was before; answers also whether it was.
    async fn take(
        self,
        conn: &mut PgConnection,
        layout: Layout,
        ledger: Option<LedgerId>,
        unfit: Unfit,
    ) -> Result<(Taken, bool), Error> {
        let transfer = TransferId::new();
        if !store::inbound_payments::claim(conn, &self.name, self.tenant, transfer).await? {
            let taken = store::inbound_payments::find(conn, &self.name).await?;
            return Ok((taken.ok_or_else(|| Error::corrupt("inbound payment"))?, true));
        }
        let account = System::any_settlement();
        let settlement =
            store::accounts::system(conn, self.tenant, self.amount.currency(), account).await?;
        if let Some(ledger) = ledger {
            let order = self.order(
                transfer,
                (settlement, of_ledger(ledger)),
                Outside::Debit(self.sender.clone()),
            )?;
            // What it has locked is let go of when it comes to nothing: suspense may have to be locked
            // before the ledger.
            let mut attempt = conn.begin().await?;
            match settle(&mut attempt, layout, order).await {
                Ok(_) => {
                    attempt.commit().await?;
                    let taken = Taken { tenant: self.tenant, transfer };
                    return Ok((taken, false));
                }
                Err(Error::LedgerDisabled) => attempt.rollback().await?,
                Err(Error::CurrencyMismatch | Error::BalanceLimit) if unfit == Unfit::GoesBack => {
                    attempt.rollback().await?;
                }
                Err(error) => return Err(error),
            }
        }
        Ok((self.send_back(conn, layout, transfer, settlement).await?, false))
    }

    /// Books it in suspense, with the payment that gives it back.
    async fn send_back(
        self,
        conn: &mut PgConnection,
        layout: Layout,
        transfer: TransferId,
        settlement: AccountId,
    ) -> Result<Taken, Error> {
        let (tenant, currency) = (self.tenant, self.amount.currency());
        let suspense = store::accounts::system(conn, tenant, currency, System::Suspense).await?;
        let outside = Outside::Both(self.sender.clone());
        settle(conn, layout, self.order(transfer, (settlement, suspense), outside)?).await?;
        let now = kit::time::now();
        let payment = Payment {
            tenant,
            id: PaymentId::new(),
            kind: self.kind,
            state: State::Accepted,
            source: Source::Suspense { account: suspense, returns: transfer },
            creditor: self.sender,
            amount: self.amount,
            reference: self.reference,
            create_time: now,
            update_time: now,
        };
        let payment = store::payments::insert(conn, payment).await?;
        let by = records::ourselves(tenant);
        records::of_payment(conn, &by, "payment.create", None, &payment).await?;
        store::inbound_payments::set_returned(conn, &self.name, payment.id).await?;
        Ok(Taken { tenant, transfer })
    }

    fn order(
        &self,
        id: TransferId,
        (from, to): (AccountId, AccountId),
        outside: Outside,
    ) -> Result<Order, Error> {
        let sides = Sides::new(from, to);
        Ok(Order {
            tenant: self.tenant,
            payer: Payer::Outside,
            request: None,
            movement: Movement {
                id,
                kind: self.kind,
                sides: sides.map_err(|_| Error::corrupt("settlement account"))?,
                outside,
                amount: self.amount,
                reference: self.reference.clone(),
                reverses: None,
                payment: None,
                initiator: None,
                metadata: Metadata::default(),
            },
        })
    }
}

/// Locks the accounts of one order, decides, and writes, in the caller's transaction: for what moves
/// money together with something else. Everything else is posted by [`crate::queue`].
pub(crate) async fn settle(
    conn: &mut PgConnection,
    layout: Layout,
    order: Order,
) -> Result<Transfer, Error> {
    let (tenant, sides) = (order.tenant, order.movement.sides);
    let locked = store::accounts::lock_pair(conn, tenant, sides).await?;
    let mut pair = locked.ok_or(Error::LedgerNotFound)?;
    let posting = post(&order, &mut pair.debit, &mut pair.credit)?;
    let mut changed = vec![(tenant, pair.debit)];
    if posting.credit_balance_minor.is_some() {
        changed.push((tenant, pair.credit));
    }
    let now = store::postings::record(conn, layout, &[(&order, &posting)], &changed).await?;
    Ok(order.into_transfer(&posting, now))
}

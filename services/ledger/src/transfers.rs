//! Moving money: one method, one transaction. Listing what was moved is elsewhere.

use kit::{
    caller::Caller,
    errors::Violations,
    idempotency::{self, Answer, Begun, Key, Work},
};
use prost::Message;
use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;
use types::{Amount, Currency, DecimalText, LedgerId, Reference, TenantId, TransferId};

use crate::{
    domain::{
        account::{AccountId, of_ledger},
        ledger::Ledger,
        posting::{Locked, post},
        transfer::{Order, OutsideParty, Payer, Sides, Transfer, TransferType},
    },
    error::Error,
    standings::Standings,
    store,
};

/// How much is to be moved, as far as the request alone says it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Asked {
    /// An amount of a currency, which the ledger's must be.
    Money(Amount),
    /// A number, counted in the ledger's currency.
    Decimal(DecimalText),
}

impl Asked {
    /// The amount, now that the ledger's currency is known.
    fn of(self, currency: Currency) -> Result<Amount, Error> {
        match self {
            Self::Money(amount) => Ok(amount),
            Self::Decimal(decimal) => decimal.in_currency(currency).map_err(|clause| {
                let mut bad = Violations::new();
                bad.add("decimal", clause);
                bad.into()
            }),
        }
    }
}

/// A transfer between two ledgers, asked for.
pub(crate) struct NewTransfer {
    pub(crate) sides: Sides,
    pub(crate) amount: Asked,
    pub(crate) reference: Reference,
}

/// A payment that comes in from outside.
pub(crate) struct NewInbound {
    pub(crate) ledger: LedgerId,
    pub(crate) amount: Asked,
    pub(crate) reference: Reference,
    pub(crate) sender: OutsideParty,
}

/// The use cases.
#[derive(Clone)]
pub(crate) struct Transfers {
    pool: PgPool,
    standings: Standings,
}

impl Transfers {
    pub(crate) fn new(pool: PgPool, standings: Standings) -> Self {
        Self { pool, standings }
    }

    /// Moves money between two ledgers, or records that there was not enough.
    pub(crate) async fn create<M: Message + Default>(
        &self,
        caller: &Caller,
        key: Option<Key>,
        new: NewTransfer,
        render: fn(&Transfer) -> M,
    ) -> Result<Answer<M>, Error> {
        if let Some(answer) = idempotency::replay(&self.pool, key.as_ref()).await? {
            return Ok(answer);
        }
        let order = self.order(caller, new).await?;
        let mut work = match idempotency::begin(&self.pool, key).await? {
            Begun::Replayed(answer) => return Ok(answer),
            Begun::New(work) => work,
        };
        let transfer = settle(&mut work, caller.tenant(), order).await?;
        Ok(work.commit(render(&transfer)).await?)
    }

    /// What is asked for, with what does not change (currency and customer of the sender) and what
    /// the customer service vouches for now. Everything that may change while it is read is left to `post`.
    async fn order(&self, caller: &Caller, new: NewTransfer) -> Result<Order, Error> {
        let NewTransfer { sides, amount, reference } = new;
        let (sender, amount) = self.sender(caller.tenant(), sides, amount).await?;
        // A customer that the customer service does not know any more may send nothing.
        let may_send = self.standings.may_send(caller, sender.customer_id).await?;
        let payer = if may_send { Payer::Customer } else { Payer::DisabledCustomer };
        Ok(Order {
            transfer_id: TransferId::new(),
            kind: TransferType::InternalTransfer,
            sides,
            payer,
            amount,
            reference,
        })
    }

    /// Takes a payment in from outside.
    pub(crate) async fn create_inbound<M: Message + Default>(
        &self,
        caller: &Caller,
        key: Option<Key>,
        new: NewInbound,
        render: fn(&Transfer) -> M,
    ) -> Result<Answer<M>, Error> {
        let mut work = match idempotency::begin(&self.pool, key).await? {
            Begun::Replayed(answer) => return Ok(answer),
            Begun::New(work) => work,
        };
        let tenant = caller.tenant();
        let receiver = find_ledger(work.conn(), tenant, new.ledger).await?;
        let amount = new.amount.of(receiver.currency)?;
        let settlement = settlement(work.conn(), tenant, receiver.currency).await?;
        let sides = Sides::new(settlement, of_ledger(new.ledger));
        let order = Order {
            transfer_id: TransferId::new(),
            kind: TransferType::inbound(receiver.currency.code()),
            sides: sides.map_err(|_| Error::corrupt("settlement account"))?,
            payer: Payer::Outside(new.sender),
            amount,
            reference: new.reference,
        };
        let transfer = settle(&mut work, tenant, order).await?;
        Ok(work.commit(render(&transfer)).await?)
    }

    /// Reads one transfer.
    pub(crate) async fn get(&self, caller: &Caller, id: TransferId) -> Result<Transfer, Error> {
        let mut conn = self.pool.acquire().await?;
        let found = store::transfers::find(&mut conn, caller.tenant(), id).await?;
        found.ok_or(Error::TransferNotFound)
    }

    /// The currency of a ledger, which never changes, for telling whether an amount fits it.
    pub(crate) async fn currency(
        &self,
        caller: &Caller,
        id: LedgerId,
    ) -> Result<Option<Currency>, Error> {
        let mut conn = self.pool.acquire().await?;
        let found = store::ledgers::find(&mut conn, caller.tenant(), &[id]).await?.pop();
        Ok(found.map(|ledger| ledger.currency))
    }

    /// The ledger that pays, and the amount in its currency. That the amount does not fit is told
    /// before that the other ledger is missing. Both sides must be ledgers: a settlement account is
    /// nobody's to name.
    async fn sender(
        &self,
        tenant: TenantId,
        sides: Sides,
        amount: Asked,
    ) -> Result<(Ledger, Amount), Error> {
        let ids = [sides.debit(), sides.credit()].map(|side| LedgerId::from_uuid(side.uuid()));
        let mut conn = self.pool.acquire().await?;
        let found = store::ledgers::find(&mut conn, tenant, &ids).await?;
        let is_complete = found.len() == ids.len();
        let sender = found.into_iter().find(|ledger| of_ledger(ledger.id) == sides.debit());
        let sender = sender.ok_or(Error::LedgerNotFound)?;
        let amount = amount.of(sender.currency)?;
        if is_complete { Ok((sender, amount)) } else { Err(Error::LedgerNotFound) }
    }
}

/// Locks, decides, writes.
async fn settle(work: &mut Work, tenant: TenantId, order: Order) -> Result<Transfer, Error> {
    let locked = store::accounts::lock(work.conn(), tenant, order.sides).await?;
    // The clock was read under the locks, so that times and sequence numbers have the same order.
    let (locked, now) = locked.ok_or(Error::LedgerNotFound)?;
    warn_of_the_future(&locked, now);
    let posting = post(order, locked, now)?;
    store::transfers::record(work.conn(), tenant, &posting).await?;
    Ok(posting.transfer)
}

/// Entries keep the latest time of their account: one far ahead would stand still for as long.
fn warn_of_the_future(locked: &Locked, now: OffsetDateTime) {
    let last = locked.debit.last_entry_time.max(locked.credit.last_entry_time);
    let now_s = now.unix_timestamp();
    let ahead_s = last.map_or(0, |last| last.unix_timestamp().saturating_sub(now_s));
    if ahead_s > 60 {
        tracing::warn!(ahead_s, "an account's last entry is ahead of the database's clock");
    }
}

async fn find_ledger(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: LedgerId,
) -> Result<Ledger, Error> {
    store::ledgers::find(conn, tenant, &[id]).await?.pop().ok_or(Error::LedgerNotFound)
}

/// The settlement account of a currency, made when it is first needed.
async fn settlement(
    conn: &mut PgConnection,
    tenant: TenantId,
    currency: Currency,
) -> Result<AccountId, Error> {
    if let Some(found) = store::accounts::find_settlement(conn, tenant, currency).await? {
        return Ok(found);
    }
    store::accounts::insert_settlement(conn, tenant, currency).await?;
    let made = store::accounts::find_settlement(conn, tenant, currency).await?;
    made.ok_or_else(|| Error::corrupt("settlement account"))
}

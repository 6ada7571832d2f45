//! Money that comes in from elsewhere.

use kit::{
    caller::Caller,
    idempotency::{self, Answer, Begun, Key},
};
use prost::Message;
use sqlx::{PgConnection, PgPool};
use types::{LedgerId, Reference, TransferId};

use crate::{
    domain::{
        account::of_ledger,
        metadata::Metadata,
        posting::post,
        transfer::{Movement, Order, Outside, OutsideParty, Payer, Sides, Transfer, TransferType},
    },
    error::Error,
    store::{
        self,
        accounts::{STRIPES, System},
    },
    transfers::Asked,
};

/// A payment that comes in from elsewhere.
#[derive(Debug)]
pub(crate) struct NewInbound {
    pub(crate) ledger: LedgerId,
    pub(crate) amount: Asked,
    pub(crate) reference: Reference,
    pub(crate) sender: OutsideParty,
}

/// The use cases.
#[derive(Clone)]
pub(crate) struct Inbound {
    pool: PgPool,
}

impl Inbound {
    pub(crate) fn new(pool: PgPool) -> Self {
        Self { pool }
    }

    /// Takes a payment in.
    pub(crate) async fn create<M: Message + Default>(
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
        let (conn, tenant) = (work.conn(), caller.tenant());
        let receiver = store::ledgers::find(conn, tenant, &[new.ledger]).await?.pop();
        let currency = receiver.ok_or(Error::LedgerNotFound)?.currency;
        let amount = new.amount.of(currency)?;
        let account = System::Settlement { stripe: rand::random_range(0..STRIPES) };
        let settlement = store::accounts::system(conn, tenant, currency, account).await?;
        let sides = Sides::new(settlement, of_ledger(new.ledger));
        let order = Order {
            tenant,
            payer: Payer::Outside,
            request: None,
            movement: Movement {
                id: TransferId::new(),
                kind: TransferType::inbound(currency.code()),
                sides: sides.map_err(|_| Error::corrupt("settlement account"))?,
                outside: Outside::Debit(new.sender),
                amount,
                reference: new.reference,
                reverses: None,
                payment: None,
                metadata: Metadata::default(),
            },
        };
        let transfer = settle(conn, order).await?;
        Ok(work.commit(render(&transfer)).await?)
    }
}

/// Locks the accounts of one order, decides, and writes, in the caller's transaction: for what moves
/// money together with something else. Everything else is posted by [`crate::queue`].
pub(crate) async fn settle(conn: &mut PgConnection, order: Order) -> Result<Transfer, Error> {
    let (tenant, sides) = (order.tenant, order.movement.sides);
    let locked = store::accounts::lock_pair(conn, tenant, sides).await?;
    let mut pair = locked.ok_or(Error::LedgerNotFound)?;
    let posting = post(&order, &mut pair.debit, &mut pair.credit)?;
    let mut changed = vec![(tenant, pair.debit)];
    if posting.credit_balance_minor.is_some() {
        changed.push((tenant, pair.credit));
    }
    let now = store::postings::record(conn, &[(&order, &posting)], &changed).await?;
    Ok(order.into_transfer(&posting, now))
}

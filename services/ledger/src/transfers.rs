//! Moving money between ledgers. What is to be moved is made out here; it is posted by the [`Queue`].

use std::{
    collections::{HashMap, HashSet},
    time::Instant,
};

use kit::{
    caller::Caller,
    errors::{self, Violations},
    idempotency::{Answer, Key},
    postgres::Database,
};
use tonic::Status;
use types::{
    Amount, Currency, CustomerId, DecimalText, LedgerId, Reference, Side, TransactionId, TransferId,
};

use crate::{
    domain::{
        account::AccountId,
        metadata::Metadata,
        posting::Refused,
        transfer::{
            Movement, Order, Outcome, Outside, Payer, RequestKey, Sides, Transfer, TransferType,
        },
    },
    error::Error,
    facts::Ledgers,
    queue::{Posted, Queue},
    records::initiator,
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
    pub(crate) fn of(self, currency: Currency) -> Result<Amount, Error> {
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
#[derive(Debug)]
pub(crate) struct NewTransfer {
    pub(crate) key: Option<Key>,
    pub(crate) sides: Sides,
    pub(crate) amount: Asked,
    pub(crate) reference: Reference,
    /// The transfer that it undoes.
    pub(crate) reverses: Option<TransferId>,
    pub(crate) metadata: Metadata,
}

/// The undoing of a transfer, asked for.
#[derive(Debug)]
pub(crate) struct NewReversal {
    pub(crate) key: Option<Key>,
    /// The transfer's own id, or that of one of its sides.
    pub(crate) transfer: TransferId,
    /// None: the transfer's own.
    pub(crate) reference: Option<Reference>,
    pub(crate) metadata: Metadata,
}

/// The use cases.
#[derive(Clone)]
pub(crate) struct Transfers {
    database: Database,
    standings: Standings,
    queue: Queue,
    ledgers: Ledgers,
}

impl Transfers {
    pub(crate) fn new(database: Database, standings: Standings, queue: Queue) -> Self {
        let ledgers = Ledgers::new(database.clone(), queue.clone());
        Self { database, standings, queue, ledgers }
    }

    /// Moves money between two ledgers, or records that there was not enough.
    pub(crate) async fn create(
        &self,
        caller: &Caller,
        new: NewTransfer,
    ) -> Result<Answer<Transfer>, Error> {
        let outcome = self.create_all(caller, vec![Ok(new)]).await?.pop();
        outcome.unwrap_or_else(|| Err(Error::corrupt("a transfer without an outcome")))
    }

    /// Moves money many times, each for itself. Those that could not even be asked for stay errors.
    pub(crate) async fn create_all(
        &self,
        caller: &Caller,
        news: Vec<Result<NewTransfer, Error>>,
    ) -> Result<Vec<Result<Answer<Transfer>, Error>>, Error> {
        self.queue.admit()?;
        let may_send = self.learn(caller, &news).await?;
        let (mut orders, mut failed) = (Vec::with_capacity(news.len()), Vec::new());
        let mut is_ordered = Vec::with_capacity(news.len());
        for new in news {
            let key = new.as_ref().ok().and_then(|new| new.key.as_ref()).map(request_key);
            match new.and_then(|new| self.order(caller, new, &may_send)) {
                Ok(order) => {
                    orders.push(order);
                    is_ordered.push(true);
                }
                Err(error) => {
                    failed.push((key, error));
                    is_ordered.push(false);
                }
            }
        }
        let mut failed = self.earlier(caller, failed).await?.into_iter();
        let mut posted = self.queue.post(orders, deadline(caller)).await?.into_iter();
        let lost = || Err(Error::corrupt("an order without an outcome"));
        let outcomes = is_ordered.into_iter().map(|is_ordered| {
            let outcome = if is_ordered {
                posted.next().map(|posted| posted.map(answer))
            } else {
                failed.next()
            };
            outcome.unwrap_or_else(lost)
        });
        Ok(outcomes.collect())
    }

    /// Undoes a transfer between two ledgers.
    pub(crate) async fn reverse(
        &self,
        caller: &Caller,
        new: NewReversal,
    ) -> Result<Answer<Transfer>, Error> {
        let original = self.get(caller, new.transfer).await?;
        let Movement { id, kind, sides, outside, amount, reference, reverses, .. } =
            original.movement;
        let is_internal = kind == TransferType::InternalTransfer && outside == Outside::Neither;
        let is_posted = matches!(original.outcome, Outcome::Posted { .. });
        if !is_internal || !is_posted || reverses.is_some() {
            return Err(Error::NotReversible);
        }
        let back = Sides::new(sides.credit(), sides.debit());
        let again = NewTransfer {
            key: new.key,
            sides: back.map_err(|_| Error::corrupt("two sides"))?,
            amount: Asked::Money(amount),
            reference: new.reference.unwrap_or(reference),
            reverses: Some(id),
            metadata: new.metadata,
        };
        self.create(caller, again).await
    }

    /// Reads one transfer.
    pub(crate) async fn get(&self, caller: &Caller, id: TransferId) -> Result<Transfer, Error> {
        let mut conn = self.database.of(caller.tenant()).await?;
        let found = store::transfers::find(&mut conn, caller.tenant(), id).await?;
        found.ok_or(Error::TransferNotFound)
    }

    /// The currency of a ledger, which never changes, for telling whether an amount fits it.
    pub(crate) async fn currency(
        &self,
        caller: &Caller,
        id: LedgerId,
    ) -> Result<Option<Currency>, Error> {
        Ok(self.ledgers.find(caller.tenant(), id).await?.map(|facts| facts.currency))
    }

    /// What is asked for, with what has been learnt. Everything else that may change is left to the
    /// posting. That the amount does not fit is told before that the other ledger is missing. Both sides
    /// must be ledgers: a tenant's own account is nobody's to name.
    fn order(&self, caller: &Caller, new: NewTransfer, may_send: &MaySend) -> Result<Order, Error> {
        let tenant = caller.tenant();
        let NewTransfer { key, sides, amount, reference, reverses, metadata } = new;
        let [from, to] = [sides.debit(), sides.credit()].map(ledger);
        let sender = self.ledgers.known(tenant, from).ok_or(Error::LedgerNotFound)?;
        let amount = amount.of(sender.currency)?;
        self.ledgers.known(tenant, to).ok_or(Error::LedgerNotFound)?;
        let may_send = may_send.as_ref().map_err(|status| errors::Error::from(status.clone()))?;
        // A customer that the customer service does not know any more may send nothing.
        let payer = if may_send.contains(&sender.customer) {
            Payer::Customer
        } else {
            Payer::DisabledCustomer
        };
        Ok(Order {
            tenant,
            payer,
            request: key.as_ref().map(request_key),
            movement: Movement {
                id: TransferId::new(),
                kind: TransferType::InternalTransfer,
                sides,
                outside: Outside::Neither,
                amount,
                reference,
                reverses,
                payment: None,
                initiator: initiator(caller),
                metadata,
            },
        })
    }

    /// What earlier requests with these keys were answered, where there were any: that stands, whatever
    /// is wrong by now.
    async fn earlier(
        &self,
        caller: &Caller,
        failed: Vec<(Option<RequestKey>, Error)>,
    ) -> Result<Vec<Result<Answer<Transfer>, Error>>, Error> {
        let keys = failed.iter().filter_map(|(key, _)| key.as_ref());
        let asked: Vec<_> = keys.map(|key| (caller.tenant(), key.id.as_str())).collect();
        let mut recorded = HashMap::new();
        if !asked.is_empty() {
            let mut conn = self.database.of(caller.tenant()).await?;
            for found in store::transfers::find_by_requests(&mut conn, &asked).await? {
                let Some(request) = found.request else { continue };
                recorded.insert(request.id, (request.hash, found.transfer));
            }
        }
        let outcomes = failed.into_iter().map(|(key, error)| {
            let Some(key) = key else { return Err(error) };
            match recorded.get(&key.id) {
                Some((hash, transfer)) if *hash == key.hash => {
                    Ok(Answer { message: transfer.clone(), replayed: true })
                }
                Some(_) => Err(Refused::KeyReused.into()),
                None => Err(error),
            }
        });
        Ok(outcomes.collect())
    }

    /// Asks what is not known yet of the ledgers of transfers, and who of those who pay may send money
    /// now: once for all of them.
    async fn learn(
        &self,
        caller: &Caller,
        news: &[Result<NewTransfer, Error>],
    ) -> Result<MaySend, Error> {
        let tenant = caller.tenant();
        let sides = news.iter().flatten().flat_map(|new| [new.sides.debit(), new.sides.credit()]);
        let mut ids: Vec<LedgerId> = sides.map(ledger).collect();
        ids.sort_unstable();
        ids.dedup();
        self.ledgers.learn(tenant, &ids).await?;
        let payers = news.iter().flatten().map(|new| ledger(new.sides.debit()));
        let payers = payers.filter_map(|id| self.ledgers.known(tenant, id));
        let mut customers: Vec<CustomerId> = payers.map(|facts| facts.customer).collect();
        customers.sort_unstable();
        customers.dedup();
        Ok(self.standings.may_send_all(caller, &customers).await)
    }
}

/// Those who may send money now, or that it cannot be found out.
type MaySend = Result<HashSet<CustomerId>, Status>;

fn ledger(account: AccountId) -> LedgerId {
    LedgerId::from_uuid(account.uuid())
}

/// The transfer that an id names, which may be that of one of its sides.
pub(crate) fn of_any_side(id: TransactionId) -> TransferId {
    id.split()
        .map_or(TransferId::from_uuid(id.uuid()), |(transfer, _): (TransferId, Side)| transfer)
}

fn request_key(key: &Key) -> RequestKey {
    RequestKey { id: key.name(), hash: key.hash().to_vec() }
}

fn answer(posted: Posted) -> Answer<Transfer> {
    Answer { message: posted.transfer, replayed: posted.replayed }
}

/// When the caller stops waiting.
fn deadline(caller: &Caller) -> Instant {
    let now = Instant::now();
    now.checked_add(caller.call().time_left()).unwrap_or(now)
}

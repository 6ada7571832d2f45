//! What the ends of payments do to the books: each in one transaction, each once. Which end it is was
//! decided elsewhere; the payment's state, read under its lock, says whether it is still to be made.

use std::collections::HashMap;

use kit::{
    audit::Digest,
    postgres::{Database, citus::Layout},
};
use sqlx::PgConnection;
use types::{PaymentId, TenantId, TransferId};

use crate::{
    domain::{
        account::{Account, AccountId, of_ledger},
        metadata::Metadata,
        payment::{Change, Payment, Source, WrongState},
        posting::{Posting, Refused, post},
        transfer::{Movement, Order, Outcome, Outside, OutsideParty, Payer, Sides},
    },
    error::Error,
    records,
    store::{
        self,
        accounts::{Key, System},
        addresses::Addressed,
        inbound_payments::RailReference,
    },
};

/// The rail's name of what goes from one tenant's ledger to another's.
const ON_US: &str = "on_us";

/// The money has gone over the rail: from its account to settlement.
pub(super) async fn settle(database: &Database, payment: &Payment) -> Result<(), Error> {
    let settlement = settlement(database, payment.tenant, payment).await?;
    let account = payment.source.account();
    let mut tx = database.begin(payment.tenant).await?;
    let mut accounts = lock(&mut tx, payment.tenant, &[account, settlement]).await?;
    let mut payment = relock(&mut tx, payment).await?;
    let order = outgoing(&payment, settlement)?;
    let before = records::payment(&payment);
    if payment.state.settle(order.movement.id)? == Change::AlreadyMade {
        return Ok(());
    }
    release(&payment, &mut accounts)?;
    let posting = post_on(&order, &mut accounts)?;
    write(&mut tx, database.layout(), &[(&order, &posting)], &accounts).await?;
    save(&mut tx, "payment.settle", before, &payment).await?;
    Ok(kit::postgres::commit(tx).await?)
}

/// The payment will not be made: its account holds nothing for it any more.
pub(super) async fn reject(
    database: &Database,
    payment: &Payment,
    reason: &str,
) -> Result<(), Error> {
    let account = payment.source.account();
    let mut tx = database.begin(payment.tenant).await?;
    let mut accounts = lock(&mut tx, payment.tenant, &[account]).await?;
    let mut payment = relock(&mut tx, payment).await?;
    let before = records::payment(&payment);
    if payment.state.reject(reason)? == Change::AlreadyMade {
        return Ok(());
    }
    release(&payment, &mut accounts)?;
    for ((tenant, _), account) in &accounts {
        store::accounts::save_held(&mut tx, *tenant, account).await?;
    }
    save(&mut tx, "payment.reject", before, &payment).await?;
    kit::postgres::commit(tx).await?;
    tell_of_suspense(&payment);
    Ok(())
}

/// The money that had gone has come back: from settlement to its account, also when that is disabled,
/// because it is the customer's own.
pub(super) async fn give_back(database: &Database, id: PaymentId) -> Result<(), Error> {
    let payment = find_anywhere(database, id).await?;
    let settlement = settlement(database, payment.tenant, &payment).await?;
    let account = payment.source.account();
    let mut tx = database.begin(payment.tenant).await?;
    let mut accounts = lock(&mut tx, payment.tenant, &[account, settlement]).await?;
    let mut payment = relock(&mut tx, &payment).await?;
    let outside = match payment.source {
        Source::Ledger(_) => Outside::Debit(payment.creditor.clone()),
        Source::Suspense { .. } => Outside::Both(payment.creditor.clone()),
    };
    let order = order(&payment, (settlement, account), outside)?;
    let before = records::payment(&payment);
    if payment.state.give_back(order.movement.id)? == Change::AlreadyMade {
        return Ok(());
    }
    let posting = post_on(&order, &mut accounts)?;
    write(&mut tx, database.layout(), &[(&order, &posting)], &accounts).await?;
    save(&mut tx, "payment.give_back", before, &payment).await?;
    kit::postgres::commit(tx).await?;
    tell_of_suspense(&payment);
    Ok(())
}

/// What could neither be credited nor be given back waits for a person.
fn tell_of_suspense(payment: &Payment) {
    if let Source::Suspense { returns, .. } = payment.source {
        let (tenant, id) = (payment.tenant, payment.id);
        tracing::error!(%tenant, "payment {id} was to give back {returns}, which stays in suspense");
    }
}

/// Makes a payment to another tenant's ledger, on both sides at once, or tells why that does not take
/// it, in the code that a rail would use.
pub(super) async fn settle_on_us(
    database: &Database,
    payment: &Payment,
    to: Addressed,
    sender: OutsideParty,
) -> Result<Option<&'static str>, Error> {
    let (out, into) = (
        settlement(database, payment.tenant, payment).await?,
        settlement(database, to.tenant, payment).await?,
    );
    let mut tx = database.begin_of_each([payment.tenant, to.tenant]).await?;
    let incoming = incoming(payment, to, into, sender)?;
    let name = RailReference { rail: ON_US, reference: payment.id.to_string() };
    let claim =
        store::inbound_payments::claim(&mut tx, &name, to.tenant, incoming.movement.id).await?;
    if !claim {
        return Ok(None);
    }
    let mut sides = [
        (payment.tenant, [payment.source.account(), out]),
        (to.tenant, [into, of_ledger(to.ledger)]),
    ];
    // In the order of the keys, as everybody locks.
    sides.sort_unstable();
    let mut accounts = Accounts::new();
    for (tenant, pair) in sides {
        accounts.extend(store::accounts::lock_of(&mut tx, tenant, &pair).await?);
    }
    let mut payment = relock(&mut tx, payment).await?;
    let outgoing = outgoing(&payment, out)?;
    let before = records::payment(&payment);
    if payment.state.settle(outgoing.movement.id)? == Change::AlreadyMade {
        return Ok(None);
    }
    release(&payment, &mut accounts)?;
    let left = post_on(&outgoing, &mut accounts)?;
    let came = match try_post(&incoming, &mut accounts) {
        Ok(posting) => posting,
        Err(Refused::AccountDisabled(_)) => return Ok(Some("AC06")),
        Err(Refused::CurrencyMismatch) => return Ok(Some("AM03")),
        Err(Refused::BalanceLimit) => return Ok(Some("AM02")),
        Err(other) => return Err(other.into()),
    };
    let both = [(&outgoing, &left), (&incoming, &came)];
    write(&mut tx, database.layout(), &both, &accounts).await?;
    save(&mut tx, "payment.settle", before, &payment).await?;
    kit::postgres::commit(tx).await?;
    Ok(None)
}

type Accounts = HashMap<Key, Account>;

/// One of a tenant's settlement accounts, made before the transaction that uses it: that waits for
/// nobody then who makes one too.
async fn settlement(
    database: &Database,
    tenant: TenantId,
    payment: &Payment,
) -> Result<AccountId, Error> {
    let account = System::any_settlement();
    let mut conn = database.of(tenant).await?;
    store::accounts::system(&mut conn, tenant, payment.amount.currency(), account).await
}

async fn lock(
    conn: &mut PgConnection,
    tenant: TenantId,
    ids: &[AccountId],
) -> Result<Accounts, Error> {
    Ok(store::accounts::lock_of(conn, tenant, ids).await?.into_iter().collect())
}

/// The payment as it stands, locked after its account.
async fn relock(conn: &mut PgConnection, payment: &Payment) -> Result<Payment, Error> {
    let locked = store::payments::lock(conn, payment.tenant, payment.id).await?;
    locked.ok_or(Error::PaymentNotFound)
}

async fn find_anywhere(database: &Database, id: PaymentId) -> Result<Payment, Error> {
    // Rails name no tenants.
    let mut conn = database.platform().await?;
    let tenant = store::payments::find_anywhere(&mut conn, database.layout(), id).await?;
    drop(conn);
    let tenant = tenant.ok_or(Error::PaymentNotFound)?;
    let mut conn = database.of(tenant).await?;
    store::payments::find(&mut conn, tenant, id).await?.ok_or(Error::PaymentNotFound)
}

/// Writes what became of the payment, with its record.
async fn save(
    conn: &mut PgConnection,
    action: &'static str,
    before: Digest,
    payment: &Payment,
) -> Result<(), Error> {
    store::payments::save(conn, payment).await?;
    let by = records::ourselves(payment.tenant);
    Ok(records::of_payment(conn, &by, action, Some(before), payment).await?)
}

fn release(payment: &Payment, accounts: &mut Accounts) -> Result<(), Error> {
    let key = (payment.tenant, payment.source.account());
    let account = accounts.get_mut(&key).ok_or_else(|| Error::corrupt("a payment's account"))?;
    Ok(payment.source.release(account, payment.amount)?)
}

/// What was held, or has moved already, is there.
fn post_on(order: &Order, accounts: &mut Accounts) -> Result<Posting, Error> {
    let posting = try_post(order, accounts)?;
    match posting.outcome {
        Outcome::Posted { .. } => Ok(posting),
        Outcome::Declined { .. } => Err(Error::corrupt("a held amount that is not there")),
    }
}

fn try_post(order: &Order, accounts: &mut Accounts) -> Result<Posting, Refused> {
    let sides = order.movement.sides;
    let (debit, credit) = ((order.tenant, sides.debit()), (order.tenant, sides.credit()));
    let [Some(debit), Some(credit)] = accounts.get_disjoint_mut([&debit, &credit]) else {
        return Err(Refused::NoSuchAccount);
    };
    post(order, debit, credit)
}

async fn write(
    conn: &mut PgConnection,
    layout: Layout,
    postings: &[(&Order, &Posting)],
    accounts: &Accounts,
) -> Result<(), Error> {
    let accounts: Vec<_> =
        accounts.iter().map(|((tenant, _), account)| (*tenant, *account)).collect();
    store::postings::record(conn, layout, postings, &accounts).await?;
    Ok(())
}

fn outgoing(payment: &Payment, settlement: AccountId) -> Result<Order, Error> {
    let outside = match payment.source {
        Source::Ledger(_) => Outside::Credit(payment.creditor.clone()),
        Source::Suspense { .. } => Outside::Both(payment.creditor.clone()),
    };
    order(payment, (payment.source.account(), settlement), outside)
}

/// The receiving tenant's side of a payment, which knows nothing of the payment itself.
fn incoming(
    payment: &Payment,
    to: Addressed,
    settlement: AccountId,
    sender: OutsideParty,
) -> Result<Order, Error> {
    let sides = (settlement, of_ledger(to.ledger));
    let mut order = order(payment, sides, Outside::Debit(sender))?;
    order.tenant = to.tenant;
    order.payer = Payer::Outside;
    order.movement.payment = None;
    Ok(order)
}

fn order(
    payment: &Payment,
    (debit, credit): (AccountId, AccountId),
    outside: Outside,
) -> Result<Order, Error> {
    let sides = Sides::new(debit, credit);
    Ok(Order {
        tenant: payment.tenant,
        payer: Payer::Rail,
        request: None,
        movement: Movement {
            id: TransferId::new(),
            kind: payment.kind,
            sides: sides.map_err(|_| Error::corrupt("settlement account"))?,
            outside,
            amount: payment.amount,
            reference: payment.reference.clone(),
            reverses: None,
            payment: Some(payment.id),
            initiator: None,
            metadata: Metadata::default(),
        },
    })
}

impl From<WrongState> for Error {
    fn from(_: WrongState) -> Self {
        Self::PaymentStateUnfit
    }
}

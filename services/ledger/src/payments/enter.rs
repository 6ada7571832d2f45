//! How a payment comes into being: held, made at once, or declined. In the caller's transaction.

use kit::postgres::citus::Layout;
use sqlx::PgConnection;
use types::{Amount, PaymentId, Reference, TenantId, TransferId};

use crate::{
    domain::{
        account::AccountId,
        metadata::Metadata,
        payment::{Acceptance, Payment, Rejection, Source, State, accept},
        transfer::{
            Initiator, Movement, Order, Outcome, Outside, OutsideParty, Payer, Sides, Transfer,
            TransferType,
        },
    },
    error::Error,
    inbound,
    store::{self, accounts::System},
};

/// A payment that may be entered.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) tenant: TenantId,
    pub(super) kind: TransferType,
    pub(super) from: AccountId,
    /// The creditor's ledger, where that is the tenant's.
    pub(super) to: Option<AccountId>,
    pub(super) payer: Payer,
    pub(super) creditor: OutsideParty,
    pub(super) amount: Amount,
    pub(super) reference: Reference,
    pub(super) initiator: Option<Initiator>,
}

impl Entry {
    pub(super) async fn enter(
        self,
        conn: &mut PgConnection,
        layout: Layout,
    ) -> Result<Payment, Error> {
        let id = PaymentId::new();
        let state = match self.to {
            Some(to) => {
                let order = self.order(id, to, Outside::Neither)?;
                let transfer = inbound::settle(conn, layout, order).await?;
                made_at_once(&transfer)
            }
            None => self.hold(conn, layout, id).await?,
        };
        let now = kit::time::now();
        let payment = Payment {
            tenant: self.tenant,
            id,
            kind: self.kind,
            state,
            source: Source::Ledger(self.from),
            creditor: self.creditor,
            amount: self.amount,
            reference: self.reference,
            create_time: now,
            update_time: now,
        };
        store::payments::insert(conn, payment).await
    }

    /// Holds the amount, or records the decline: a transfer that would have gone to settlement, which
    /// it leaves alone, so that account is not locked.
    async fn hold(
        &self,
        conn: &mut PgConnection,
        layout: Layout,
        id: PaymentId,
    ) -> Result<State, Error> {
        let (tenant, currency) = (self.tenant, self.amount.currency());
        let account = System::any_settlement();
        let settlement = store::accounts::system(conn, tenant, currency, account).await?;
        let order = self.order(id, settlement, Outside::Credit(self.creditor.clone()))?;
        let credit = store::accounts::load(conn, &[(tenant, settlement)]).await?.pop();
        let (_, credit) = credit.ok_or_else(|| Error::corrupt("settlement account"))?;
        let debit = store::accounts::lock_of(conn, tenant, &[self.from]).await?.pop();
        let (_, mut debit) = debit.ok_or(Error::LedgerNotFound)?;
        match accept(&order, &mut debit, credit)? {
            Acceptance::Held => {
                store::accounts::save_held(conn, tenant, &debit).await?;
                Ok(State::Accepted)
            }
            Acceptance::Declined(posting) => {
                let changed = [(tenant, debit)];
                store::postings::record(conn, layout, &[(&order, &posting)], &changed).await?;
                let (code, transfer) = (posting.outcome.code(), order.movement.id);
                Ok(State::Rejected(Rejection::Declined { code, transfer }))
            }
        }
    }

    fn order(&self, id: PaymentId, to: AccountId, outside: Outside) -> Result<Order, Error> {
        let sides = Sides::new(self.from, to);
        Ok(Order {
            tenant: self.tenant,
            payer: self.payer,
            request: None,
            movement: Movement {
                id: TransferId::new(),
                kind: self.kind,
                sides: sides.map_err(|_| Error::corrupt("a payment to itself"))?,
                outside,
                amount: self.amount,
                reference: self.reference.clone(),
                reverses: None,
                payment: Some(id),
                initiator: self.initiator,
                metadata: Metadata::default(),
            },
        })
    }
}

/// The state of a payment to a ledger of the same tenant.
fn made_at_once(transfer: &Transfer) -> State {
    let id = transfer.movement.id;
    match transfer.outcome {
        Outcome::Posted { .. } => State::Settled { transfer: id, returned: None },
        Outcome::Declined { code, .. } => {
            State::Rejected(Rejection::Declined { code, transfer: id })
        }
    }
}

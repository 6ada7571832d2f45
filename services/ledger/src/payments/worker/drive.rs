//! One payment as far as it will go now.

use std::{sync::Arc, time::Instant};

use kit::postgres::Database;
use types::{LedgerId, Text};

use super::{
    figures::{self, Step},
    pauses,
};
use crate::{
    config::PaymentSettings,
    domain::{
        ledger::BankDetails,
        payment::{Change, Payment, Route, Source, State},
        transfer::{NAME_LENGTH, OutsideParty, TransferType},
    },
    error::Error,
    payments::books,
    peers::Customers,
    rails::{Instruction, Progress, Rail, RailError},
    records,
    store::{
        self,
        addresses::Addressed,
        payment_work::{self, Claimed},
    },
};

/// What it takes to drive a payment.
pub(super) struct Driver {
    settings: PaymentSettings,
    database: Database,
    customers: Customers,
    rail: Option<Arc<dyn Rail>>,
}

impl Driver {
    pub(super) fn new(
        settings: PaymentSettings,
        database: Database,
        customers: Customers,
        rail: Option<Arc<dyn Rail>>,
    ) -> Self {
        Self { settings, database, customers, rail }
    }

    /// Drives a payment; what fails is tried again after a pause, for as long as it takes: its money may
    /// have gone.
    pub(super) async fn drive(&self, claimed: &Claimed) {
        let step = match self.advance(claimed).await {
            Ok(step) => step,
            Err(error) => {
                let attempts = claimed.attempts;
                if pauses::is_for_a_person(&error, attempts) {
                    tracing::error!(%error, attempts, "payment {} cannot go on", claimed.id);
                } else {
                    tracing::warn!(%error, attempts, "payment {} has to wait", claimed.id);
                }
                // A database that does not take this either gives the work back at the end of the
                // lease.
                if let Err(error) = self.put_off(claimed).await {
                    tracing::warn!(%error, "payment {} waits for its lease to end", claimed.id);
                }
                Step::PutOff
            }
        };
        figures::ended(step);
    }

    async fn advance(&self, claimed: &Claimed) -> Result<Step, Error> {
        let payment = self.submit(claimed).await?;
        match payment.state {
            State::Submitted(Route::OnUs) => self.pay_on_us(&payment).await,
            State::Submitted(Route::Rail) => self.pay_over_rail(claimed, &payment).await,
            // It has ended meanwhile.
            State::Accepted | State::Settled { .. } | State::Rejected(_) | State::Cancelled => {
                Ok(Step::Idle)
            }
        }
    }

    /// The payment, which from now on cannot be cancelled; as it is where it has ended. This is durable
    /// before anybody else hears of it. Which way it goes is decided once.
    async fn submit(&self, claimed: &Claimed) -> Result<Payment, Error> {
        let mut conn = self.database.of(claimed.tenant).await?;
        let found = store::payments::find(&mut conn, claimed.tenant, claimed.id).await?;
        drop(conn);
        let payment = found.ok_or(Error::PaymentNotFound)?;
        if payment.state != State::Accepted {
            return Ok(payment);
        }
        let route = match payment.source {
            Source::Ledger(_) => match self.addressed(&payment).await? {
                Some(_) => Route::OnUs,
                None => Route::Rail,
            },
            // It goes back the way it came.
            Source::Suspense { .. } => Route::Rail,
        };
        let mut tx = self.database.begin(claimed.tenant).await?;
        let locked = store::payments::lock(&mut tx, claimed.tenant, claimed.id).await?;
        let mut payment = locked.ok_or(Error::PaymentNotFound)?;
        if payment.state != State::Accepted {
            return Ok(payment);
        }
        let before = records::payment(&payment);
        if payment.state.submit(route)? == Change::Made {
            store::payments::save(&mut tx, &payment).await?;
            let (by, action) = (records::ourselves(payment.tenant), "payment.submit");
            records::of_payment(&mut tx, &by, action, Some(before), &payment).await?;
            kit::postgres::commit(tx).await?;
        }
        Ok(payment)
    }

    async fn pay_over_rail(&self, claimed: &Claimed, payment: &Payment) -> Result<Step, Error> {
        match self.ask(claimed, payment).await {
            Ok(Progress::Settled) => {
                books::settle(&self.database, payment).await?;
                Ok(Step::Settled)
            }
            Ok(Progress::Rejected(reason)) => self.reject(payment, &reason).await,
            Ok(Progress::Pending(poll_after)) => {
                let pause = poll_after.max(self.settings.shortest_poll);
                let mut conn = self.database.of(claimed.tenant).await?;
                payment_work::wait_for_rail(&mut conn, claimed, pause).await?;
                Ok(Step::Waits)
            }
            Err(error @ RailError::Permanent(_)) if !claimed.taken => {
                tracing::error!(%error, "the rail refused payment {}", payment.id);
                self.reject(payment, "RAIL_REFUSED").await
            }
            // What the rail has had may have moved money: only its own word ends it.
            Err(error @ (RailError::Permanent(_) | RailError::Transient(_))) => {
                let attempts = claimed.attempts;
                if matches!(error, RailError::Permanent(_)) || attempts >= figures::MANY_TRIES {
                    tracing::error!(%error, attempts, "the rail fails payment {}", payment.id);
                } else {
                    tracing::warn!(%error, attempts, "the rail failed payment {}", payment.id);
                }
                self.put_off(claimed).await?;
                Ok(Step::PutOff)
            }
        }
    }

    async fn reject(&self, payment: &Payment, reason: &str) -> Result<Step, Error> {
        books::reject(&self.database, payment, reason).await?;
        Ok(Step::Rejected)
    }

    async fn ask(&self, claimed: &Claimed, payment: &Payment) -> Result<Progress, RailError> {
        let Some(rail) = &self.rail else {
            return Err(RailError::Transient("none is configured".to_owned()));
        };
        let instruction = Instruction {
            payment: payment.id,
            kind: payment.kind,
            amount: payment.amount,
            creditor: payment.creditor.clone(),
            reference: payment.reference.clone(),
        };
        let (call, answer) = if claimed.taken {
            ("fetch", rail.fetch(payment.id))
        } else {
            ("submit", rail.submit(&instruction))
        };
        let asked = Instant::now();
        let answer = tokio::time::timeout(self.settings.rail_timeout, answer).await;
        figures::rail_answered(call, asked.elapsed());
        answer.unwrap_or_else(|_| Err(RailError::Transient("out of time".to_owned())))
    }

    async fn pay_on_us(&self, payment: &Payment) -> Result<Step, Error> {
        let to = self.addressed(payment).await?;
        let to = to.ok_or_else(|| Error::corrupt("an account number that is gone"))?;
        let sender = self.sender(payment).await?;
        match books::settle_on_us(&self.database, payment, to, sender).await? {
            Some(reason) => self.reject(payment, reason).await,
            None => Ok(Step::Settled),
        }
    }

    /// Which ledger of the platform the creditor's account is: another tenant's, maybe.
    async fn addressed(&self, payment: &Payment) -> Result<Option<Addressed>, Error> {
        let mut conn = self.database.platform().await?;
        store::addresses::find(&mut conn, self.database.layout(), &payment.creditor.account).await
    }

    /// Who pays, as the receiver is to see it.
    async fn sender(&self, payment: &Payment) -> Result<OutsideParty, Error> {
        let ledger = LedgerId::from_uuid(payment.source.account().uuid());
        let mut conn = self.database.of(payment.tenant).await?;
        let ledger = store::ledgers::find(&mut conn, payment.tenant, &[ledger]).await?.pop();
        drop(conn);
        let ledger = ledger.ok_or(Error::LedgerNotFound)?;
        let caller = records::ourselves(payment.tenant);
        let names = self.customers.names(&caller, [ledger.customer_id]).await?;
        let BankDetails { uk, international } = ledger.bank_details;
        let account = match payment.kind {
            TransferType::FasterPayment => BankDetails { uk, international: None },
            TransferType::InternalTransfer
            | TransferType::SepaCredit
            | TransferType::SwiftCredit => BankDetails { uk: None, international },
        };
        Ok(OutsideParty { name: shown(names.of(ledger.customer_id))?, account })
    }

    /// The work is due again after a pause, which grows with every failure.
    async fn put_off(&self, claimed: &Claimed) -> Result<(), Error> {
        let pause = pauses::after(&self.settings, claimed.attempts);
        let attempts = claimed.attempts.saturating_add(1);
        let mut conn = self.database.of(claimed.tenant).await?;
        payment_work::postpone(&mut conn, claimed, attempts, pause).await
    }
}

/// As much of a name as a payment has room for.
fn shown(name: &str) -> Result<Text, Error> {
    let name = if name.is_empty() { "Unknown" } else { name };
    let cut: String = name.chars().take(*NAME_LENGTH.end()).collect();
    Text::parse(&cut, NAME_LENGTH).map_err(|_| Error::corrupt("a customer's name"))
}

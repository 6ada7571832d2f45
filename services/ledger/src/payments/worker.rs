//! Works through the payments that are due: gives them to the rail, asks what became of them, books
//! their ends; and takes in what the rail has for us.
//!
//! Work is claimed for the length of a lease, in a transaction of its own; none stays open while
//! others answer. Whatever is cut off, at any line, is taken up again when the lease ends, and
//! everything here can be done twice: a payment is noted as submitted before the rail hears of it, the
//! rail knows it by its id, and each transition is made once, with the money, under the payment's lock.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use kit::postgres::Database;
use tokio::{
    sync::Notify,
    task::{JoinError, JoinSet},
};
use tokio_util::sync::CancellationToken;
use tracing::Instrument;

use crate::{
    config::PaymentSettings,
    error::Error,
    inbound::Inbound,
    peers::Customers,
    rails::Rail,
    store::payment_work::{self, Claimed},
};

mod drive;
mod figures;
mod pauses;
mod receive;

use drive::Driver;
use receive::Receiver;

/// One process's share of the work.
pub(crate) struct Worker {
    database: Database,
    settings: PaymentSettings,
    driver: Arc<Driver>,
    receiver: Option<Receiver>,
    wake: Arc<Notify>,
    under_way: JoinSet<()>,
}

impl Worker {
    pub(crate) fn new(
        settings: PaymentSettings,
        database: Database,
        customers: Customers,
        rail: Option<Arc<dyn Rail>>,
        wake: Arc<Notify>,
    ) -> Self {
        let inbound = Inbound::new(database.clone(), Arc::clone(&wake));
        let receiver = rail
            .clone()
            .map(|rail| Receiver::new(settings.clone(), database.clone(), rail, inbound));
        let driver = Arc::new(Driver::new(settings.clone(), database.clone(), customers, rail));
        Self { database, settings, driver, receiver, wake, under_way: JoinSet::new() }
    }

    /// Works until `stop`, then ends what is under way within `drain_timeout`. What is cut off then
    /// is taken up again later, here or elsewhere.
    pub(crate) async fn run(mut self, drain_timeout: Duration, stop: CancellationToken) {
        figures::describe();
        let receiver = self.receiver.take();
        let receiving = async {
            if let Some(receiver) = receiver {
                Box::pin(receiver.run(&stop)).await;
            }
        };
        let database = self.database.clone();
        let watching = figures::watch(&database, &stop);
        let working = async { tokio::join!(self.drive(&stop), receiving, watching) };
        let over = async {
            stop.cancelled().await;
            tokio::time::sleep(drain_timeout).await;
        };
        tokio::select! {
            _ = working => {}
            () = over => tracing::warn!("payments were cut off: the time to drain was over"),
        }
    }

    async fn drive(&mut self, stop: &CancellationToken) {
        while !stop.is_cancelled() {
            if let Err(error) = self.take_up(stop).await {
                tracing::warn!(%error, "no payments can be claimed");
            }
            tokio::select! {
                () = stop.cancelled() => {}
                Some(ended) = self.under_way.join_next() => look_at(ended),
                () = self.wake.notified(), if self.free() > 0 => {}
                () = tokio::time::sleep(self.settings.poll_interval) => {}
            }
        }
        while let Some(ended) = self.under_way.join_next().await {
            look_at(ended);
        }
    }

    fn free(&self) -> usize {
        self.settings.concurrency.saturating_sub(self.under_way.len())
    }

    /// Begins as much of the work that is due, whichever tenant's, as there is room for; nothing after
    /// `stop`.
    async fn take_up(&mut self, stop: &CancellationToken) -> Result<(), Error> {
        let free = i64::try_from(self.free()).unwrap_or(i64::MAX);
        if free == 0 {
            return Ok(());
        }
        let start = Instant::now();
        // Only the waiting is given up: a claim that is cut off would have to wait for its lease to end.
        let Some(conn) = stop.run_until_cancelled(self.database.platform()).await else {
            return Ok(());
        };
        let mut conn = conn?;
        let claimed =
            payment_work::claim(&mut conn, self.database.layout(), free, self.settings.lease)
                .await?;
        figures::claimed(claimed.len());
        for claimed in claimed {
            let lease_left = self.settings.lease.saturating_sub(start.elapsed());
            let span = tracing::info_span!("pay", payment.id = %claimed.id);
            let driver = Arc::clone(&self.driver);
            self.under_way.spawn(within(lease_left, driver, claimed).instrument(span));
        }
        kit::measure::under_way("payments", self.under_way.len());
        Ok(())
    }
}

/// Nobody works on after the end of a lease, when others may have begun.
async fn within(lease_left: Duration, driver: Arc<Driver>, claimed: Claimed) {
    if tokio::time::timeout(lease_left, driver.drive(&claimed)).await.is_err() {
        tracing::warn!("payment {} took longer than its lease", claimed.id);
    }
}

fn look_at(ended: Result<(), JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "the work on a payment broke off");
    }
}

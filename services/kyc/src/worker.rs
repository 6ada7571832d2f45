//! Works through the verifications that are due: asks the provider, records what it decides, reports
//! it to the customer service.
//!
//! Work is claimed for the length of a lease, in a transaction of its own; none stays open while
//! others answer. The provider is asked under one lease, and what it decides is stored; what we look at
//! ourselves, and the transition, follow under another, so that nothing of ours that fails lets the provider
//! be asked again. Whatever is cut off, at any line, is taken up again when the lease ends, and
//! everything here can be done twice: a submission names its verification, a transition is made once,
//! a report carries its version.

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
    Settings,
    customers::Customers,
    error::Error,
    providers::Directory,
    screening::Reviews,
    store::work::{self, Claimed},
};

mod checks;
mod consult;
mod drive;
mod gates;
mod papers;
mod pauses;

use drive::Driver;

/// One process's share of the work.
#[derive(Debug)]
pub(crate) struct Worker {
    database: Database,
    settings: Settings,
    driver: Arc<Driver>,
    wake: Arc<Notify>,
    under_way: JoinSet<()>,
}

impl Worker {
    pub(crate) fn new(
        settings: Settings,
        database: Database,
        customers: Customers,
        directory: Directory,
        reviews: Reviews,
        wake: Arc<Notify>,
    ) -> Self {
        let driver = Driver::new(settings.clone(), database.clone(), customers, directory, reviews);
        let driver = Arc::new(driver);
        Self { database, settings, driver, wake, under_way: JoinSet::new() }
    }

    /// Works until `stop`, then ends what is under way within `drain_timeout`. What is cut off then
    /// is taken up again later, here or elsewhere.
    pub(crate) async fn run(mut self, drain_timeout: Duration, stop: CancellationToken) {
        while !stop.is_cancelled() {
            if let Err(error) = self.take_up(&stop).await {
                tracing::warn!(error = error.cause(), "no work can be claimed");
            }
            kit::measure::under_way("verifications", self.under_way.len());
            tokio::select! {
                () = stop.cancelled() => {}
                Some(ended) = self.under_way.join_next() => look_at(ended),
                () = self.wake.notified(), if self.free() > 0 => {}
                () = tokio::time::sleep(self.settings.poll_interval) => {}
            }
        }
        let drained = async {
            while let Some(ended) = self.under_way.join_next().await {
                look_at(ended);
            }
        };
        if tokio::time::timeout(drain_timeout, drained).await.is_err() {
            tracing::warn!("verifications were cut off: the time to drain was over");
        }
    }

    fn free(&self) -> usize {
        self.settings.concurrency.saturating_sub(self.under_way.len())
    }

    /// Begins as much of the work that is due, whichever tenant's, as there is room for; nothing after `stop`.
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
        let closed = self.driver.closed();
        let (layout, lease) = (self.database.layout(), self.settings.lease);
        for claimed in work::claim(&mut conn, layout, free, lease, &closed).await? {
            let lease_left = self.settings.lease.saturating_sub(start.elapsed());
            let span = tracing::info_span!("verify", verification.id = %claimed.id);
            let driver = Arc::clone(&self.driver);
            self.under_way.spawn(within(lease_left, driver, claimed).instrument(span));
        }
        Ok(())
    }
}

/// Nobody works on after the end of a lease, when others may have begun.
async fn within(lease_left: Duration, driver: Arc<Driver>, claimed: Claimed) {
    if tokio::time::timeout(lease_left, driver.drive(&claimed)).await.is_err() {
        tracing::warn!("verification {} took longer than its lease", claimed.id);
    }
}

fn look_at(ended: Result<(), JoinError>) {
    if let Err(error) = ended {
        tracing::error!(%error, "the work on a verification broke off");
    }
}

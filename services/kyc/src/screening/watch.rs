//! Screens customers as they are created and changed, and everybody when a list changes.
//!
//! One process does it at a time, for the length of a lease that it renews. Whatever is cut off is done
//! again: a change is acknowledged after its customer was screened, a page is passed after all on it were,
//! and to screen somebody twice asks for one review.

use std::{sync::Arc, time::Duration};

use kit::postgres::Database;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    Reviews,
    changes::{self, Somebody},
};
use crate::{customers::Customers, error::Error, store::screening};

/// How long one process has the work to itself without renewing it.
const LEASE: Duration = Duration::from_secs(30);
/// How long it may take to let go of it.
const LETTING_GO: Duration = Duration::from_millis(500);
/// No failure of the customer service is waited out for longer.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// One process's screening.
#[derive(Debug)]
pub(crate) struct Watch {
    database: Database,
    customers: Customers,
    reviews: Reviews,
    /// Tells the worker in this process of reviews to report.
    wake: Arc<Notify>,
    poll_interval: Duration,
    holder: Uuid,
}

/// Whether there is more to do at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Left {
    Something,
    Nothing,
}

impl Watch {
    pub(crate) fn new(
        database: Database,
        customers: Customers,
        reviews: Reviews,
        wake: Arc<Notify>,
        poll_interval: Duration,
    ) -> Self {
        Self { database, customers, reviews, wake, poll_interval, holder: Uuid::now_v7() }
    }

    /// Screens until `stop`; then others may go on at once.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let mut pause = self.poll_interval;
        loop {
            let step = stop.run_until_cancelled(self.step()).await;
            pause = match step {
                None => break,
                Some(Ok(Left::Something)) => Duration::ZERO,
                Some(Ok(Left::Nothing)) => self.poll_interval,
                Some(Err(error)) => {
                    tracing::warn!(error = error.cause(), "screening has to wait");
                    pause.max(self.poll_interval).saturating_mul(2).min(LONGEST_PAUSE)
                }
            };
            if stop.run_until_cancelled(tokio::time::sleep(pause)).await.is_none() {
                break;
            }
        }
        self.let_go().await;
    }

    /// Lets others have the work at once, if that needs next to no waiting: else they have it when the lease ends.
    async fn let_go(&self) {
        let let_go = async {
            let mut conn = self.database.of_each([]).await?;
            screening::let_go(&mut conn, self.holder).await
        };
        if let Ok(Err(error)) = tokio::time::timeout(LETTING_GO, let_go).await {
            tracing::warn!(error = error.cause(), "others wait for the end of the lease to screen");
        }
    }

    /// Those who were changed first, then a page of everybody.
    async fn step(&self) -> Result<Left, Error> {
        // Whose turn it is concerns no tenant; each customer is screened as their tenant's.
        let mut conn = self.database.of_each([]).await?;
        if !screening::hold(&mut conn, self.holder, LEASE).await? {
            return Ok(Left::Nothing);
        }
        drop(conn);
        let changed = changes::list(&self.customers).await?;
        let (screened, failure) = self.screen(&changed).await;
        if !screened.is_empty() {
            changes::acknowledge(&self.customers, &screened).await?;
        }
        let swept = self.sweep().await?;
        match failure {
            Some(error) => Err(error),
            None if changed.is_empty() => Ok(swept),
            None => Ok(Left::Something),
        }
    }

    async fn sweep(&self) -> Result<Left, Error> {
        let mut conn = self.database.of_each([]).await?;
        let Some(sweep) = screening::sweep(&mut conn).await? else { return Ok(Left::Nothing) };
        drop(conn);
        let (page, next) = changes::everybody(&self.customers, &sweep.token).await?;
        if let (_, Some(error)) = self.screen(&page).await {
            return Err(error);
        }
        let mut conn = self.database.of_each([]).await?;
        screening::swept(&mut conn, &sweep, &next).await?;
        if next.is_empty() {
            tracing::info!(sweep = sweep.number, "everybody has been screened");
        }
        Ok(Left::Something)
    }

    /// Who of them was screened, and why others were not: one does not hold up the others.
    async fn screen(&self, some: &[Somebody]) -> (Vec<Somebody>, Option<Error>) {
        let (mut screened, mut failure) = (Vec::with_capacity(some.len()), None);
        for one in some {
            let Somebody { tenant, customer, details_version, ref record } = *one;
            match self.reviews.screen(tenant, customer, details_version, record).await {
                Ok(asked) => {
                    screened.push(one.clone());
                    if asked {
                        self.wake.notify_one();
                    }
                }
                Err(error) => failure = Some(error),
            }
            tokio::task::yield_now().await;
        }
        (screened, failure)
    }
}

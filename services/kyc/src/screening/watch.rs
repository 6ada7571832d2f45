//! Screens customers as they are created and changed, everybody when a list changes, and a tenant's when its
//! threshold is lowered.
//!
//! One process does it at a time, for the length of a lease that it renews. Whatever is cut off is done
//! again: a change is acknowledged after its customer was screened, a page is passed after all on it were,
//! and to screen somebody twice asks for one review. Who cannot be screened is put on a list, and tried again
//! and again; the others go on.

use std::{sync::Arc, time::Duration};

use kit::postgres::Database;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use types::{CustomerId, TenantId};
use uuid::Uuid;

use super::{
    MATCHING, Reviews,
    changes::{self, Somebody},
};
use crate::{
    customers::{Customers, on_our_own_account},
    error::Error,
    store::screening::{self, Sweep},
};

/// How long one process has the work to itself without renewing it.
const LEASE: Duration = Duration::from_secs(30);
/// How long it may take to let go of it.
const LETTING_GO: Duration = Duration::from_millis(500);
/// No failure of the customer service is waited out for longer.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Before who could not be screened is tried again.
const LEFT_PAUSE: Duration = Duration::from_mins(1);
/// How many of them at a time.
const LEFT_BATCH: i64 = 50;
const FAILURES: &str = "lombard_screening_failures_total";

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
    /// Everybody was screened as names are compared now, or will be.
    is_current: bool,
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
        metrics::describe_counter!(FAILURES, "Customers who could not be screened in their turn.");
        let (holder, is_current) = (Uuid::now_v7(), false);
        Self { database, customers, reviews, wake, poll_interval, holder, is_current }
    }

    /// Screens until `stop`; then others may go on at once.
    pub(crate) async fn run(mut self, stop: CancellationToken) {
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

    /// Those who were changed first, then a page of everybody and one of a tenant's, then who was left. What
    /// fails of it keeps nothing else from being done.
    async fn step(&mut self) -> Result<Left, Error> {
        // Whose turn it is concerns no tenant; each customer is screened as their tenant's.
        let mut conn = self.database.of_each([]).await?;
        if !screening::hold(&mut conn, self.holder, LEASE).await? {
            return Ok(Left::Nothing);
        }
        if !self.is_current {
            if screening::want_sweep_by(&mut conn, MATCHING).await? {
                tracing::info!("names are compared in another way: everybody is screened again");
            }
            self.is_current = true;
        }
        drop(conn);
        let done = [
            self.follow_changes().await,
            self.sweep_everybody().await,
            self.sweep_tenant().await,
            self.take_up_left().await,
        ];
        let mut left = Left::Nothing;
        for done in done {
            if done? == Left::Something {
                left = Left::Something;
            }
        }
        Ok(left)
    }

    async fn follow_changes(&self) -> Result<Left, Error> {
        let changed = changes::list(&self.customers).await?;
        if changed.is_empty() {
            return Ok(Left::Nothing);
        }
        self.screen(&changed).await?;
        changes::acknowledge(&self.customers, &changed).await?;
        Ok(Left::Something)
    }

    async fn sweep_everybody(&self) -> Result<Left, Error> {
        let mut conn = self.database.of_each([]).await?;
        let sweep = screening::sweep(&mut conn).await?;
        drop(conn);
        self.sweep(sweep).await
    }

    async fn sweep_tenant(&self) -> Result<Left, Error> {
        // Whose turn it is, is known for all tenants alone.
        let mut conn = self.database.platform().await?;
        let sweep = screening::tenant_sweep(&mut conn, self.database.layout()).await?;
        drop(conn);
        self.sweep(sweep).await
    }

    async fn sweep(&self, sweep: Option<Sweep>) -> Result<Left, Error> {
        let Some(sweep) = sweep else { return Ok(Left::Nothing) };
        let (page, next) = changes::everybody(&self.customers, sweep.tenant, &sweep.token).await?;
        self.screen(&page).await?;
        let mut conn = self.database.of_each(sweep.tenant).await?;
        screening::swept(&mut conn, &sweep, &next).await?;
        if next.is_empty() {
            let tenant = sweep.tenant.map(|tenant| tenant.to_string());
            tracing::info!(sweep = sweep.number, tenant, "everybody has been screened");
        }
        Ok(Left::Something)
    }

    /// Screens some of those who could not be screened in their turn.
    async fn take_up_left(&self) -> Result<Left, Error> {
        let mut conn = self.database.platform().await?;
        let left = screening::left(&mut conn, LEFT_BATCH).await?;
        drop(conn);
        for (tenant, customer) in left {
            let read = self.customers.get(&on_our_own_account(tenant), customer).await;
            let screened = match read {
                Ok(read) => {
                    let (version, record) = (read.details_version, read.record);
                    self.screen_one(&Somebody {
                        tenant,
                        customer,
                        details_version: version,
                        record,
                    })
                    .await
                }
                Err(Error::CustomerNotFound(_)) => Ok(()),
                Err(error) => Err(error),
            };
            match screened {
                Ok(()) => {
                    let mut conn = self.database.of(tenant).await?;
                    screening::not_left(&mut conn, tenant, customer).await?;
                }
                Err(error) => self.leave(tenant, customer, &error).await?,
            }
        }
        Ok(Left::Nothing)
    }

    /// Screens all of them, or puts them on the list of those who are left. One does not hold up the others.
    async fn screen(&self, some: &[Somebody]) -> Result<(), Error> {
        for one in some {
            if let Err(error) = self.screen_one(one).await {
                self.leave(one.tenant, one.customer, &error).await?;
            }
            tokio::task::yield_now().await;
        }
        Ok(())
    }

    async fn screen_one(&self, one: &Somebody) -> Result<(), Error> {
        let Somebody { tenant, customer, details_version, ref record } = *one;
        if self.reviews.screen(tenant, customer, details_version, record).await? {
            self.wake.notify_one();
        }
        Ok(())
    }

    async fn leave(
        &self,
        tenant: TenantId,
        customer: CustomerId,
        error: &Error,
    ) -> Result<(), Error> {
        metrics::counter!(FAILURES).increment(1);
        let error = error.cause();
        tracing::error!(error, %tenant, "customer {customer} is not screened yet");
        let mut conn = self.database.of(tenant).await?;
        screening::leave(&mut conn, tenant, customer, LEFT_PAUSE).await
    }
}

//! What has to be done from time to time for documents at rest: those of an earlier release are moved out of
//! the database, those of erased customers are destroyed, and objects that nobody knows of are swept.
//!
//! Everything here can be cut off at any line, and done twice, by several processes at a time.

use std::time::{Duration, SystemTime};

use kit::{
    audit::{self, Act},
    postgres::Database,
    time::now,
};
use time::OffsetDateTime;
use tokio_stream::StreamExt;
use tokio_util::sync::CancellationToken;
use types::{CustomerId, TenantId};

use crate::{
    customers::{Customers, Erased, on_our_own_account},
    domain::{Document, Outcome},
    error::Error,
    objects::ObjectName,
    safe::Safe,
    store::{documents, erased, findings, matches, notes, upkeep_work, verifications},
};

/// Why a review ends whose customer was erased.
const ERASED: &str = "CUSTOMER_ERASED";
const FAILURES: &str = "lombard_kyc_erasure_failures_total";
/// Objects that are looked up at a time.
const BATCH: usize = 500;

/// When things are done. The defaults are those of production.
#[derive(Debug, Clone, Copy)]
pub struct UpkeepSettings {
    /// How often to ask who was erased.
    pub interval: Duration,
    /// How often one of all processes looks for objects that nobody knows of.
    pub sweep_interval: Duration,
    /// How old such an object must be: older than any request that may yet record it, by far.
    pub orphan_age: Duration,
}

impl Default for UpkeepSettings {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(30),
            sweep_interval: Duration::from_hours(1),
            orphan_age: Duration::from_hours(1),
        }
    }
}

/// One process's share of it.
#[derive(Debug)]
pub(crate) struct Upkeep {
    settings: UpkeepSettings,
    database: Database,
    safe: Safe,
    customers: Customers,
}

impl Upkeep {
    pub(crate) fn new(
        settings: UpkeepSettings,
        database: Database,
        safe: Safe,
        customers: Customers,
    ) -> Self {
        metrics::describe_counter!(FAILURES, "Tries to erase an erased customer here that failed.");
        Self { settings, database, safe, customers }
    }

    /// Goes on until `stop`, which cuts off what is under way. Erasures wait for nothing else.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let both = async { tokio::join!(self.erase_for_ever(), self.sweep_for_ever()) };
        stop.run_until_cancelled(both).await;
    }

    async fn erase_for_ever(&self) {
        loop {
            told(self.follow_erasures().await, "documents of erased customers are still there");
            tokio::time::sleep(self.settings.interval).await;
        }
    }

    async fn sweep_for_ever(&self) {
        loop {
            told(move_out(&self.database, &self.safe).await, "documents are still in the database");
            let swept = self.sweep_in_turn().await;
            told(swept, "objects that nobody knows of are still there");
            tokio::time::sleep(self.settings.interval).await;
        }
    }

    /// Sweeps when it is time, for all processes: one that fails, or dies, leaves it to the next turn.
    async fn sweep_in_turn(&self) -> Result<(), Error> {
        let mut conn = self.database.platform().await?;
        let is_ours = upkeep_work::take_sweep(&mut conn, self.settings.sweep_interval).await?;
        drop(conn);
        if !is_ours {
            return Ok(());
        }
        sweep(&self.database, &self.safe, self.settings.orphan_age).await
    }

    /// Destroys the documents of customers who were erased, and lets the customer service know. One for whom
    /// that fails stays on its list, and holds up no other.
    async fn follow_erasures(&self) -> Result<(), Error> {
        let mut page_token = String::new();
        loop {
            let (erased, next) = self.customers.erased(&page_token).await?;
            let mut done = Vec::with_capacity(erased.len());
            for one in erased {
                let Erased { tenant, customer } = one;
                match self.erase(tenant, customer).await {
                    Ok(objects) => {
                        delete(&self.safe, &objects).await;
                        tracing::info!("the documents of customer {customer} are destroyed");
                        done.push(one);
                    }
                    Err(error) => {
                        metrics::counter!(FAILURES).increment(1);
                        let error = error.cause();
                        tracing::error!(error, %tenant, "customer {customer} is not erased here");
                    }
                }
            }
            if !done.is_empty() {
                self.customers.acknowledge_erased(&done).await?;
            }
            if next.is_empty() {
                return Ok(());
            }
            page_token = next;
        }
    }

    /// Erases what is here of a customer. A review that is under way ends: there is nothing left to decide
    /// it by, and nothing is written beside it any more. Answers the objects, which nobody can open.
    async fn erase(
        &self,
        tenant: TenantId,
        customer: CustomerId,
    ) -> Result<Vec<ObjectName>, Error> {
        let mut tx = self.database.begin(tenant).await?;
        erased::note(&mut tx, tenant, customer).await?;
        if let Some(id) = matches::lock_under_way(&mut tx, tenant, customer).await? {
            let verification = verifications::lock(&mut tx, tenant, id).await?;
            let mut ended = verification.ok_or(Error::VerificationNotFound(id))?;
            ended.lifecycle.play(Outcome::Expired(vec![ERASED.to_owned()]), now())?;
            verifications::save_transition(&mut tx, &ended, None).await?;
        }
        let objects = documents::erase(&mut tx, tenant, &[customer]).await?;
        matches::erase(&mut tx, tenant, customer).await?;
        findings::erase(&mut tx, tenant, customer).await?;
        notes::erase(&mut tx, tenant, customer).await?;
        let act = Act::new("documents.erase", format_args!("customers/{customer}"));
        audit::record(&mut tx, &on_our_own_account(tenant), &act).await?;
        kit::postgres::commit(tx).await?;
        Ok(objects)
    }
}

/// A sweep finds what cannot be deleted now.
async fn delete(safe: &Safe, objects: &[ObjectName]) {
    for object in objects {
        if let Err(error) = safe.objects().delete(*object).await {
            tracing::warn!(error = error.cause(), "object {} is left to be swept", object.id);
        }
    }
}

/// Moves the documents that an earlier release has stored in the database into the safe.
pub(crate) async fn move_out(database: &Database, safe: &Safe) -> Result<(), Error> {
    loop {
        let plain = documents::any_plain(&mut *database.platform().await?).await?;
        let Some(documents::Plain { label, content }) = plain else { return Ok(()) };
        let document = Document::restore(label.mime_type, content);
        let kept = safe.keep(label, &document).await?;
        documents::save_moved(&mut *database.of(kept.label.tenant).await?, &kept).await?;
    }
}

/// Deletes objects that are older than a bound and no document's.
pub(crate) async fn sweep(database: &Database, safe: &Safe, age: Duration) -> Result<(), Error> {
    let bound = SystemTime::now().checked_sub(age).unwrap_or(SystemTime::UNIX_EPOCH);
    let mut old = Box::pin(safe.objects().older_than(OffsetDateTime::from(bound)));
    loop {
        let batch: Result<Vec<ObjectName>, Error> = (&mut old).take(BATCH).collect().await;
        let batch = batch?;
        if batch.is_empty() {
            return Ok(());
        }
        let mut conn = database.of_each(batch.iter().map(|name| name.tenant)).await?;
        let known = documents::recorded(&mut conn, database.layout(), &batch).await?;
        drop(conn);
        let orphans: Vec<_> = batch.into_iter().filter(|name| !known.contains(name)).collect();
        delete(safe, &orphans).await;
        if !orphans.is_empty() {
            tracing::info!(objects = orphans.len(), "objects that no document has were swept");
        }
    }
}

fn told(done: Result<(), Error>, what: &str) {
    if let Err(error) = done {
        tracing::warn!(error = error.cause(), "{what}");
    }
}

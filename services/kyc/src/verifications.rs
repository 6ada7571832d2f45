//! Use cases of those who ask. The work that follows a creation is the worker's.

use std::{fmt, sync::Arc, time::Duration};

use kit::{
    caller::Caller,
    idempotency::{self, Answer, Begun, Key},
    postgres::Database,
    time::now,
};
use prost::Message;
use time::OffsetDateTime;
use tokio::sync::Notify;
use types::{CustomerId, TenantId, VerificationId};

use crate::{
    customers::{Customer, Customers},
    domain::{self, Documents, IdType, Lifecycle, Side, Verification},
    error::Error,
    mrz::Findings,
    providers::Directory,
    record::Record,
    reports::Reports,
    safe::{Kept, Safe},
    store::{
        documents, erased, findings, transitions,
        verifications::{self, Filter, Page},
    },
};

/// How often a creation begins anew, because somebody else's attempt came in between.
const MOST_TRIES: usize = 5;

/// How long a creation waits for the customer service to hear of it.
const REPORT_PATIENCE: Duration = Duration::from_secs(1);

/// An attempt that is asked for.
#[derive(Debug)]
pub(crate) struct NewVerification {
    pub(crate) customer: CustomerId,
    pub(crate) provider: String,
    pub(crate) id_type: IdType,
    pub(crate) documents: Documents,
    /// The machine-readable zones of them that the caller has read.
    pub(crate) zones: Vec<Zone>,
}

/// The machine-readable zone of a document.
pub(crate) struct Zone {
    pub(crate) side: Side,
    pub(crate) text: String,
}

/// Personal data: none of it is shown.
impl fmt::Debug for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Zone").field("side", &self.side).finish_non_exhaustive()
    }
}

impl Zone {
    fn findings(&self, record: &Record, at: OffsetDateTime) -> Findings {
        Findings::of_text(self.side, &self.text, record, at.date())
    }
}

/// The verifications of all tenants.
#[derive(Debug, Clone)]
pub(crate) struct Verifications {
    database: Database,
    safe: Safe,
    customers: Customers,
    reports: Reports,
    directory: Directory,
    /// Tells the worker in this process of new work.
    wake: Arc<Notify>,
}

impl Verifications {
    pub(crate) fn new(
        database: Database,
        safe: Safe,
        customers: Customers,
        directory: Directory,
        wake: Arc<Notify>,
    ) -> Self {
        let reports = Reports::new(database.clone(), customers.clone());
        Self { database, safe, customers, reports, directory, wake }
    }

    /// Records an attempt with its documents, which are in the safe before it.
    pub(crate) async fn create<M: Message + Default>(
        &self,
        caller: &Caller,
        key: Option<Key>,
        new: NewVerification,
        render: fn(&Verification) -> M,
    ) -> Result<Answer<M>, Error> {
        if let Some(answer) = idempotency::replay(&self.database, key.as_ref()).await? {
            return Ok(answer);
        }
        let customer = match self.customers.get(caller, new.customer).await {
            Ok(customer) if customer.active => customer,
            Ok(_) => {
                let disabled = Error::CustomerDisabled(new.customer);
                return self.refuse(caller.tenant(), key, disabled).await;
            }
            Err(error) => return self.refuse(caller.tenant(), key, error).await,
        };
        // Before the transaction: who holds a connection never waits for another one.
        let adapter = match self.directory.choose(caller.tenant(), &new.provider).await {
            Ok(adapter) => adapter,
            Err(error) => return self.refuse(caller.tenant(), key, error).await,
        };
        for _ in 0..MOST_TRIES {
            let place = self.make_room(caller.tenant(), &new).await?;
            let mut work =
                match idempotency::begin(&self.database, caller.tenant(), key.clone()).await? {
                    Begun::Replayed(answer) => return Ok(answer),
                    Begun::New(work) => work,
                };
            // The customer was read before: nothing of theirs is stored any more.
            if erased::has(work.conn(), caller.tenant(), new.customer).await? {
                return Err(Error::CustomerDisabled(new.customer));
            }
            let id = place.as_ref().map_or_else(VerificationId::new, |(id, _)| *id);
            let verification = begin(caller.tenant(), id, &new, &customer);
            verifications::insert(work.conn(), &verification, &adapter).await?;
            let Some((_, documents)) = place else { continue };
            // No other attempt of the customer is under way now, so nobody makes a greater id meanwhile.
            if verifications::greater_id(work.conn(), &verification).await?.is_some() {
                continue;
            }
            transitions::insert(work.conn(), &verification, Some(caller)).await?;
            documents::insert(work.conn(), verification.create_time, &documents).await?;
            let at = verification.create_time;
            let read: Vec<_> =
                new.zones.iter().map(|zone| zone.findings(&customer.record, at)).collect();
            findings::insert(work.conn(), &verification, &read).await?;
            let answer = work.commit(render(&verification)).await?;
            self.announce(caller, &verification).await;
            return Ok(answer);
        }
        Err(Error::VerificationInProgress(new.customer))
    }

    /// Nothing is refused before it is known that no request with the same key was under way.
    async fn refuse<M: Message + Default>(
        &self,
        tenant: TenantId,
        key: Option<Key>,
        error: Error,
    ) -> Result<Answer<M>, Error> {
        match idempotency::begin(&self.database, tenant, key).await? {
            Begun::Replayed(answer) => Ok(answer),
            Begun::New(_) => Err(error),
        }
    }

    /// The id of the next attempt, with its documents in the safe; no transaction is open meanwhile.
    /// None, and nothing is stored, when another attempt is under way.
    async fn make_room(
        &self,
        tenant: TenantId,
        new: &NewVerification,
    ) -> Result<Option<(VerificationId, Vec<Kept>)>, Error> {
        let mut conn = self.database.of(tenant).await?;
        let latest = verifications::latest(&mut conn, tenant, &[new.customer]).await?.pop();
        drop(conn);
        let mut id = VerificationId::new();
        if let Some(latest) = latest {
            if latest.lifecycle.status().is_in_progress() {
                return Ok(None);
            }
            // A process whose clock is ahead may have made it.
            if latest.id > id {
                id = domain::id_after(latest.id);
            }
        }
        Ok(Some((id, self.safe.keep_all(tenant, id, &new.documents).await?)))
    }

    /// Lets the customer show at once how far an attempt is, and the worker begin. Whatever fails here
    /// the worker does again.
    pub(crate) async fn announce(&self, caller: &Caller, verification: &Verification) {
        let report = self.reports.send(caller, verification);
        let failure = match tokio::time::timeout(REPORT_PATIENCE, report).await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.cause()),
            Err(_) => Some("out of time".to_owned()),
        };
        if let Some(error) = failure {
            tracing::warn!(error, "verification {} is not reported yet", verification.id);
        }
        self.wake.notify_one();
    }

    pub(crate) async fn get(
        &self,
        tenant: TenantId,
        id: VerificationId,
    ) -> Result<Verification, Error> {
        let mut conn = self.database.of(tenant).await?;
        verifications::find(&mut conn, tenant, id).await?.ok_or(Error::VerificationNotFound(id))
    }

    /// A page of the verifications that a filter lets through, newest first, and how many there are.
    pub(crate) async fn list(
        &self,
        caller: &Caller,
        filter: Filter,
        page: Page,
    ) -> Result<(Vec<Verification>, i64), Error> {
        if let Some(customer) = filter.customer {
            self.customers.get(caller, customer).await?;
        }
        let mut conn = self.database.of(caller.tenant()).await?;
        let found = verifications::list(&mut conn, caller.tenant(), filter, page).await?;
        let total = verifications::count(&mut conn, caller.tenant(), filter).await?;
        Ok((found, total))
    }

    /// The newest of each customer that has any, in the order of `customers`.
    pub(crate) async fn latest(
        &self,
        tenant: TenantId,
        customers: &[CustomerId],
    ) -> Result<Vec<Verification>, Error> {
        let mut conn = self.database.of(tenant).await?;
        verifications::latest(&mut conn, tenant, customers).await
    }
}

fn begin(
    tenant: TenantId,
    id: VerificationId,
    new: &NewVerification,
    customer: &Customer,
) -> Verification {
    let at = now();
    Verification {
        tenant,
        id,
        customer: new.customer,
        provider: new.provider.clone(),
        id_type: new.id_type,
        details_version: customer.details_version,
        create_time: at,
        lifecycle: Lifecycle::begin(at),
    }
}

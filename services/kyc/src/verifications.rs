//! Use cases of those who ask. The work that follows a creation is the worker's.

use std::{fmt, sync::Arc, time::Duration};

use kit::{
    caller::Caller,
    idempotency::{self, Answer, Begun, Key},
    time::now,
};
use prost::Message;
use sqlx::PgPool;
use time::OffsetDateTime;
use tokio::sync::Notify;
use types::{CustomerId, TenantId, VerificationId};

use crate::{
    customers::Customers,
    domain::{self, Documents, IdType, Lifecycle, Side, Verification},
    error::Error,
    mrz::Findings,
    record::Record,
    reports::Reports,
    store::{
        documents, findings,
        verifications::{self, Filter, Page},
    },
};

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
    pool: PgPool,
    customers: Customers,
    reports: Reports,
    /// Tells the worker in this process of new work.
    wake: Arc<Notify>,
}

impl Verifications {
    pub(crate) fn new(pool: PgPool, customers: Customers, wake: Arc<Notify>) -> Self {
        let reports = Reports::new(pool.clone(), customers.clone());
        Self { pool, customers, reports, wake }
    }

    /// Records an attempt with its documents.
    pub(crate) async fn create<M: Message + Default>(
        &self,
        caller: &Caller,
        key: Option<Key>,
        new: NewVerification,
        render: fn(&Verification) -> M,
    ) -> Result<Answer<M>, Error> {
        if let Some(answer) = idempotency::replay(&self.pool, key.as_ref()).await? {
            return Ok(answer);
        }
        let customer = self.customers.get(caller, new.customer).await;
        let mut work = match idempotency::begin(&self.pool, key).await? {
            Begun::Replayed(answer) => return Ok(answer),
            Begun::New(work) => work,
        };
        // Nothing is refused before: a request with the same key may have been under way.
        let customer = customer?;
        if !customer.active {
            return Err(Error::CustomerDisabled(new.customer));
        }
        let at = now();
        let mut verification = Verification {
            tenant: caller.tenant(),
            id: VerificationId::new(),
            customer: new.customer,
            provider: new.provider,
            id_type: new.id_type,
            details_version: customer.details_version,
            create_time: at,
            lifecycle: Lifecycle::begin(at),
        };
        verifications::insert(work.conn(), &verification).await?;
        // No other attempt of the customer is under way now, so nobody makes a greater id meanwhile.
        if let Some(greatest) = verifications::greater_id(work.conn(), &verification).await? {
            let id = domain::id_after(greatest);
            verifications::change_id(work.conn(), &verification, id).await?;
            verification.id = id;
        }
        documents::insert(work.conn(), &verification, &new.documents).await?;
        let read: Vec<_> =
            new.zones.iter().map(|zone| zone.findings(&customer.record, at)).collect();
        findings::insert(work.conn(), &verification, &read).await?;
        let answer = work.commit(render(&verification)).await?;
        self.announce(caller, &verification).await;
        Ok(answer)
    }

    /// Lets the customer show at once that an attempt is pending, and the worker begin. Whatever
    /// fails here the worker does again.
    async fn announce(&self, caller: &Caller, verification: &Verification) {
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
        let mut conn = self.pool.acquire().await?;
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
        let mut conn = self.pool.acquire().await?;
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
        let mut conn = self.pool.acquire().await?;
        verifications::latest(&mut conn, tenant, customers).await
    }
}

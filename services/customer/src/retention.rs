//! How long personal data is kept: told, changed, and ended by erasing it.

use std::time::Duration;

use kit::{
    audit::{self, Act},
    caller::{Call, Caller, DEFAULT_DEADLINE},
    errors::Violations,
    idempotency::{self, Answer, Begun, Key},
    postgres::Database,
    time::now,
};
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;
use types::{CustomerId, TenantId};

use crate::{
    customers::object,
    domain::{Customer, Made},
    error::Error,
    personal::Personal,
    store::{
        self,
        retention::{self, Owned},
    },
    unreadable::PassedOver,
};

/// How often to look whose data is to be erased.
const INTERVAL: Duration = Duration::from_hours(1);
/// Customers that are looked up at a time.
const BATCH: i64 = 100;
/// A little less than the law's five years, which the domain goes by.
const ABOUT_FIVE_YEARS: time::Duration = time::Duration::days(5 * 365);

/// What a caller wants to be so; none: to stay as it is.
#[derive(Debug, Default)]
pub(crate) struct RetentionChange {
    /// The inner none: the relationship goes on.
    #[expect(
        clippy::option_option,
        reason = "to stay, to go on and to have ended are three things"
    )]
    pub(crate) relationship_ended_at: Option<Option<OffsetDateTime>>,
    pub(crate) legal_hold: Option<bool>,
}

/// The customers of all tenants, as far as their data is kept.
#[derive(Debug, Clone)]
pub(crate) struct Retentions {
    database: Database,
    personal: Personal,
    passed_over: PassedOver,
}

impl Retentions {
    pub(crate) fn new(database: Database, personal: Personal) -> Self {
        Self { database, personal, passed_over: PassedOver::new() }
    }

    pub(crate) async fn get(&self, tenant: TenantId, id: CustomerId) -> Result<Customer, Error> {
        let mut conn = self.database.of(tenant).await?;
        store::find(&mut conn, &self.personal.of(tenant), id)
            .await?
            .ok_or(Error::CustomerNotFound(id))
    }

    /// Changes how long the data is kept. Only the id is kept under the key.
    pub(crate) async fn update<M>(
        &self,
        caller: &Caller,
        key: Option<Key>,
        id: CustomerId,
        change: &RetentionChange,
        render: fn(&Customer) -> M,
    ) -> Result<Answer<M>, Error> {
        let tenant = caller.tenant();
        let (safe, index_key) = (self.personal.of(tenant), self.personal.index_key(tenant).await?);
        let mut work = match idempotency::begin::<String>(&self.database, tenant, key).await? {
            Begun::Replayed(_) => {
                let message = render(&self.get(tenant, id).await?);
                return Ok(Answer { message, replayed: true });
            }
            Begun::New(work) => work,
        };
        let locked = store::lock(work.conn(), &safe, id).await?;
        let mut customer = locked.ok_or(Error::CustomerNotFound(id))?;
        let before = store::state(&customer);
        if make(&mut customer, change)? == Made::Change {
            store::update(work.conn(), &safe, &index_key, &customer).await?;
            let act = Act::new("retention.update", object(id));
            let act = act.before(before).after(store::state(&customer));
            audit::record(work.conn(), caller, &act).await?;
        }
        Ok(work.commit_keeping(&id.to_string(), render(&customer)).await?)
    }

    /// Erases a customer's personal data, where nothing wants it kept. What is erased already stays so. No key
    /// is needed: what cannot be read is erased too, but the audit log then has no digest of what it was.
    pub(crate) async fn erase(&self, caller: &Caller, id: CustomerId) -> Result<Customer, Error> {
        let tenant = caller.tenant();
        let safe = self.personal.of(tenant);
        let mut tx = self.database.begin(tenant).await?;
        let locked = store::lock_to_erase(&mut tx, &safe, id).await?;
        let (mut customer, before) = locked.ok_or(Error::CustomerNotFound(id))?;
        if customer.erase(now())? == Made::Change {
            store::erase(&mut tx, tenant, &customer).await?;
            let act = Act::new("customer.erase", object(id)).after(store::state(&customer));
            let act = match before {
                Ok(before) => act.before(before),
                Err(error) => {
                    tracing::error!(%error, "customer {id} is erased without being read");
                    act
                }
            };
            audit::record(&mut tx, caller, &act).await?;
            retention::note_erasure(&mut tx, tenant, id).await?;
            kit::postgres::commit(tx).await?;
            tracing::info!("the personal data of customer {id} is erased");
        }
        Ok(customer)
    }

    /// Some of those who were erased, whosever they are, and whose documents may still be there.
    pub(crate) async fn erasures(
        &self,
        after: Option<Owned>,
        limit: i64,
    ) -> Result<Vec<Owned>, Error> {
        let mut conn = self.database.platform().await?;
        retention::erasures(&mut conn, after, limit).await
    }

    pub(crate) async fn acknowledge(&self, erased: &[Owned]) -> Result<(), Error> {
        let mut conn = self.database.of_each(erased.iter().map(|(tenant, _)| *tenant)).await?;
        retention::acknowledge(&mut conn, self.database.layout(), erased).await
    }

    /// Erases whoever is due, from time to time, until `stop`. Several processes may; what is cut off is
    /// done in the next round.
    pub(crate) async fn purge(self, stop: CancellationToken) {
        let forever = async {
            loop {
                if let Err(error) = self.purge_once().await {
                    tracing::error!(%error, "personal data that is due is not erased");
                }
                tokio::time::sleep(INTERVAL).await;
            }
        };
        stop.run_until_cancelled(forever).await;
    }

    /// One who cannot be erased keeps no other from being.
    async fn purge_once(&self) -> Result<(), Error> {
        let before = now().saturating_sub(ABOUT_FIVE_YEARS);
        let mut after = None;
        loop {
            // Whose data is due is looked up for all tenants; each is then erased as its own tenant's.
            let mut conn = self.database.platform().await?;
            let batch = retention::ended_before(&mut conn, before, after, BATCH).await?;
            drop(conn);
            let Some(((_, last), at)) = batch.last() else { return Ok(()) };
            after = Some((*at, *last));
            for ((tenant, id), _) in batch {
                let call = Call::begin(None, DEFAULT_DEADLINE);
                match self.erase(&Caller::service(call, tenant, "customer"), id).await {
                    // Not due yet, or not any more.
                    Ok(_) | Err(Error::MustKeep(_)) => {}
                    Err(error) => self.passed_over.tell("erasure", (tenant, id), &error),
                }
            }
        }
    }
}

fn make(customer: &mut Customer, change: &RetentionChange) -> Result<Made, Error> {
    if customer.retention.erased_at.is_some() {
        return Err(Error::CustomerErased(customer.id));
    }
    let mut to_be = customer.retention;
    if let Some(ended_at) = change.relationship_ended_at {
        check_end(customer, ended_at)?;
        to_be.relationship_ended_at = ended_at;
    }
    to_be.legal_hold = change.legal_hold.unwrap_or(to_be.legal_hold);
    if to_be == customer.retention {
        return Ok(Made::Nothing);
    }
    customer.retention = to_be;
    customer.update_time = now();
    Ok(Made::Change)
}

fn check_end(customer: &Customer, ended_at: Option<OffsetDateTime>) -> Result<(), Error> {
    let Some(ended_at) = ended_at else { return Ok(()) };
    let mut bad = Violations::new();
    if ended_at > now() || ended_at.date() < customer.create_time.date() {
        let clause = "must not be in the future, nor before the day of the customer's creation";
        bad.add("retention.relationship_ended_at", clause);
    }
    bad.into_result()?;
    if customer.active { Err(Error::CustomerActive(customer.id)) } else { Ok(()) }
}

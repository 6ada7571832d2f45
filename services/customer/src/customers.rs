//! Use cases: one method, one transaction.

use kit::{
    audit::{self, Act},
    caller::Caller,
    errors::{self, Violations},
    idempotency::{self, Answer, Begun, Key},
    postgres::Database,
    time::now,
};
use types::{CustomerId, TenantId};

use crate::{
    domain::{
        COMMIT_WAIT, Change, Customer, CustomerType, Details, Draft, Made, Report, Standings,
    },
    error::Error,
    personal::Personal,
    store::{self, Filter, Page, changes, counts, standings},
};

/// The customers of all tenants.
#[derive(Debug, Clone)]
pub(crate) struct Customers {
    database: Database,
    personal: Personal,
}

impl Customers {
    pub(crate) fn new(database: Database, personal: Personal) -> Self {
        Self { database, personal }
    }

    /// Creates a customer, active and unverified.
    pub(crate) async fn create<M>(
        &self,
        caller: &Caller,
        key: Option<Key>,
        details: Details,
        render: fn(&Customer) -> M,
    ) -> Result<Answer<M>, Error> {
        let tenant = caller.tenant();
        let (safe, index_key) = (self.personal.of(tenant), self.personal.index_key(tenant).await?);
        let mut work = match idempotency::begin(&self.database, tenant, key).await? {
            Begun::Replayed(kept) => return self.replay(tenant, &kept, render).await,
            Begun::New(work) => work,
        };
        let customer = Customer::new(details, now());
        store::insert(work.conn(), &safe, &index_key, &customer).await?;
        changes::note(work.conn(), tenant, &customer).await?;
        let act = Act::new("customer.create", object(customer.id)).after(store::state(&customer));
        audit::record(work.conn(), caller, &act).await?;
        counts::add(work.conn(), tenant, customer.id).await?;
        Ok(work.commit_keeping(&customer.id.to_string(), render(&customer)).await?)
    }

    /// Answers a retry with the customer as it is now. Only the id is kept under the key: keys are
    /// kept for ever, and personal data must not be.
    async fn replay<M>(
        &self,
        tenant: TenantId,
        kept: &Answer<String>,
        render: fn(&Customer) -> M,
    ) -> Result<Answer<M>, Error> {
        let id = CustomerId::parse(&kept.message)
            .map_err(|_| errors::Error::Internal("kept answer: no customer's id".to_owned()))?;
        let customer = self.get(tenant, id).await?;
        Ok(Answer { message: render(&customer), replayed: true })
    }

    pub(crate) async fn get(&self, tenant: TenantId, id: CustomerId) -> Result<Customer, Error> {
        let mut conn = self.database.of(tenant).await?;
        store::find(&mut conn, &self.personal.of(tenant), id)
            .await?
            .ok_or(Error::CustomerNotFound(id))
    }

    /// The customers that exist, in the order of `ids`.
    pub(crate) async fn batch_get(
        &self,
        tenant: TenantId,
        ids: &[CustomerId],
    ) -> Result<Vec<Customer>, Error> {
        let mut conn = self.database.of(tenant).await?;
        store::find_many(&mut conn, &self.personal.of(tenant), ids).await
    }

    /// Which of these customers may act.
    pub(crate) async fn standings(
        &self,
        tenant: TenantId,
        ids: &[CustomerId],
    ) -> Result<Standings, Error> {
        let mut conn = self.database.of(tenant).await?;
        standings::find(&mut conn, tenant, ids).await
    }

    /// What is wrong with a change of this customer is added to `bad`, as far as it can be told; a
    /// customer that does not exist has nothing to add.
    pub(crate) async fn check_update(
        &self,
        tenant: TenantId,
        id: CustomerId,
        change: &Change,
        bad: &mut Violations,
    ) -> Result<(), Error> {
        let mut conn = self.database.of(tenant).await?;
        match store::find(&mut conn, &self.personal.of(tenant), id).await? {
            Some(mut customer) if !customer.is_erased() => {
                customer.update(change, now(), bad);
            }
            Some(_) | None => Draft::default().apply(change, now().date(), bad),
        }
        Ok(())
    }

    /// Changes a customer. Where that is about `active`, answers when every lease given before is
    /// over; also when it was so already, because an earlier request that nobody was answered yet may
    /// have made it so a moment ago.
    pub(crate) async fn update<M>(
        &self,
        caller: &Caller,
        key: Option<Key>,
        id: CustomerId,
        change: &Change,
        render: fn(&Customer) -> M,
    ) -> Result<Answer<M>, Error> {
        let answer = self.commit_update(caller, key, id, change, render).await?;
        if change.active.is_some() {
            tokio::time::sleep(COMMIT_WAIT).await;
        }
        Ok(answer)
    }

    async fn commit_update<M>(
        &self,
        caller: &Caller,
        key: Option<Key>,
        id: CustomerId,
        change: &Change,
        render: fn(&Customer) -> M,
    ) -> Result<Answer<M>, Error> {
        let tenant = caller.tenant();
        let (safe, index_key) = (self.personal.of(tenant), self.personal.index_key(tenant).await?);
        let mut work = match idempotency::begin(&self.database, tenant, key).await? {
            Begun::Replayed(kept) => return self.replay(tenant, &kept, render).await,
            Begun::New(work) => work,
        };
        let mut bad = Violations::new();
        let Some(mut customer) = store::lock(work.conn(), &safe, id).await? else {
            Draft::default().apply(change, now().date(), &mut bad);
            bad.into_result()?;
            return Err(Error::CustomerNotFound(id));
        };
        if customer.is_erased() {
            return Err(Error::CustomerErased(id));
        }
        let (was_active, version) = (customer.active, customer.details_version);
        let before = store::state(&customer);
        let made = customer.update(change, now(), &mut bad);
        bad.into_result()?;
        if made == Made::Change {
            store::update(work.conn(), &safe, &index_key, &customer).await?;
            let action = match (was_active, customer.active) {
                (true, false) => "customer.disable",
                (false, true) => "customer.enable",
                (true, true) | (false, false) => "customer.update",
            };
            let act = Act::new(action, object(id)).before(before).after(store::state(&customer));
            audit::record(work.conn(), caller, &act).await?;
        }
        if customer.details_version != version {
            changes::note(work.conn(), tenant, &customer).await?;
        }
        if customer.active != was_active {
            standings::count_change(work.conn(), tenant).await?;
        }
        Ok(work.commit_keeping(&customer.id.to_string(), render(&customer)).await?)
    }

    pub(crate) async fn record_verification(
        &self,
        caller: &Caller,
        id: CustomerId,
        report: &Report,
    ) -> Result<Customer, Error> {
        let tenant = caller.tenant();
        let (safe, index_key) = (self.personal.of(tenant), self.personal.index_key(tenant).await?);
        let mut tx = self.database.begin(tenant).await?;
        let mut customer =
            store::lock(&mut tx, &safe, id).await?.ok_or(Error::CustomerNotFound(id))?;
        let before = store::state(&customer);
        if customer.record(report, now()) == Made::Change {
            store::update(&mut tx, &safe, &index_key, &customer).await?;
            let act = Act::new("customer.record_verification", object(id));
            let act = act.before(before).after(store::state(&customer));
            audit::record(&mut tx, caller, &act).await?;
        }
        tx.commit().await?;
        Ok(customer)
    }

    /// A page of the customers that a filter lets through, newest first, and how many there are.
    pub(crate) async fn list(
        &self,
        tenant: TenantId,
        filter: &Filter,
        page: &Page,
    ) -> Result<(Vec<Customer>, i64), Error> {
        let email_index = match &filter.email_key {
            Some(email) => Some(self.personal.index_key(tenant).await?.index(email.as_bytes())),
            None => None,
        };
        let (safe, email_index) = (self.personal.of(tenant), email_index.as_deref());
        let mut conn = self.database.of(tenant).await?;
        let customers = store::list(&mut conn, &safe, filter, email_index, page).await?;
        let total = if *filter == Filter::default() {
            counts::total(&mut conn, tenant).await?
        } else {
            store::count(&mut conn, tenant, filter, email_index).await?
        };
        Ok((customers, total))
    }
}

/// As the audit log names it.
pub(crate) fn object(id: CustomerId) -> String {
    format!("customers/{id}")
}

/// The details of a customer to be; what is wrong with them is added to `bad`.
pub(crate) fn parse_details(
    customer_type: Option<CustomerType>,
    given: &Change,
    bad: &mut Violations,
) -> Option<Details> {
    let mut draft = Draft::default();
    draft.apply(given, now().date(), bad);
    draft.complete(customer_type, bad)
}

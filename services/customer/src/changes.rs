//! What the platform is told of the customers of all tenants: who was changed, and who there is. So all
//! of it is read across tenants. Who cannot be read is passed over, and stays on the list of changes or is
//! put on it: nobody is lost.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use kit::{page::cut, postgres::Database};
use sqlx::PgConnection;
use types::{CustomerId, TenantId};
use uuid::Uuid;

use crate::{
    domain::{Customer, Seen},
    error::Error,
    personal::Personal,
    store::{
        self,
        changes::{self, Place},
    },
    unreadable::PassedOver,
};

/// Before everybody.
const START: Place = (TenantId::from_uuid(Uuid::nil()), CustomerId::from_uuid(Uuid::nil()));

/// The customers of all tenants, for the platform.
#[derive(Debug, Clone)]
pub(crate) struct Changes {
    database: Database,
    personal: Personal,
    passed_over: PassedOver,
    /// How far the list was read beyond those who cannot be read.
    beyond: Arc<Mutex<Place>>,
}

/// Those of some customers who can be read, and those who cannot.
#[derive(Default)]
struct Found {
    customers: Vec<(TenantId, Customer)>,
    unreadable: Vec<Place>,
}

impl Changes {
    pub(crate) fn new(database: Database, personal: Personal) -> Self {
        let (passed_over, beyond) = (PassedOver::new(), Arc::new(Mutex::new(START)));
        Self { database, personal, passed_over, beyond }
    }

    /// Some whose latest change is not acknowledged, as they are now. Those who cannot be read take others'
    /// places on the list: then as many more are read from further down, each time from where it was before.
    pub(crate) async fn list(&self, limit: i64) -> Result<Vec<(TenantId, Customer)>, Error> {
        let mut conn = self.database.platform().await?;
        let places = changes::list(&mut conn, START, limit).await?;
        let mut found = self.read(&mut conn, &places).await?;
        let is_full = i64::try_from(places.len()).is_ok_and(|listed| listed >= limit);
        if let Some(last) = places.last().filter(|_| is_full && !found.unreadable.is_empty()) {
            let beyond = (*self.beyond()).max(*last);
            let more = changes::list(&mut conn, beyond, limit).await?;
            *self.beyond() = more.last().copied().unwrap_or(START);
            found.customers.extend(self.read(&mut conn, &more).await?.customers);
        }
        Ok(found.customers)
    }

    pub(crate) async fn acknowledge(&self, seen: &[Seen]) -> Result<(), Error> {
        let mut conn = self.database.of_each(seen.iter().map(|seen| seen.tenant)).await?;
        changes::acknowledge(&mut conn, self.database.layout(), seen).await
    }

    /// A page of everybody, or of all of a tenant's, by tenant and id, and after whom the next one begins. Who
    /// cannot be read is put among the changes.
    pub(crate) async fn everyone(
        &self,
        tenant: Option<TenantId>,
        after: Option<Place>,
        limit: i64,
    ) -> Result<(Vec<(TenantId, Customer)>, Option<Place>), Error> {
        let (first, last) =
            tenant.map_or((START.0, TenantId::from_uuid(Uuid::max())), |one| (one, one));
        let after = after.unwrap_or(START).max((first, START.1));
        let mut conn = self.database.platform().await?;
        let places = changes::everyone(&mut conn, after, last, limit.saturating_add(1)).await?;
        let (places, more) = cut(places, limit);
        let found = self.read(&mut conn, &places).await?;
        if !found.unreadable.is_empty() {
            let layout = self.database.layout();
            changes::note_again(&mut conn, layout, &found.unreadable).await?;
        }
        Ok((found.customers, places.last().copied().filter(|_| more)))
    }

    /// The customers at these places, in order.
    async fn read(&self, conn: &mut PgConnection, places: &[Place]) -> Result<Found, Error> {
        let mut tenants = BTreeMap::<TenantId, Vec<CustomerId>>::new();
        for (tenant, customer) in places {
            tenants.entry(*tenant).or_default().push(*customer);
        }
        let mut found = Found::default();
        for (tenant, ids) in tenants {
            let of_tenant = store::find_each(conn, &self.personal.of(tenant), &ids).await?;
            for (id, read) in of_tenant {
                match read {
                    Ok(customer) => found.customers.push((tenant, customer)),
                    Err(error) => {
                        self.passed_over.tell("screening", (tenant, id), &error);
                        found.unreadable.push((tenant, id));
                    }
                }
            }
        }
        Ok(found)
    }

    fn beyond(&self) -> std::sync::MutexGuard<'_, Place> {
        self.beyond.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

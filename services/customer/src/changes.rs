//! What the platform is told of the customers of all tenants: who was changed, and who there is. So all
//! of it is read across tenants.

use std::collections::BTreeMap;

use kit::postgres::Database;
use sqlx::PgConnection;
use types::{CustomerId, TenantId};

use crate::{
    domain::{Customer, Seen},
    error::Error,
    personal::Personal,
    store::{
        self,
        changes::{self, Place},
    },
};

/// The customers of all tenants, for the platform.
#[derive(Debug, Clone)]
pub(crate) struct Changes {
    database: Database,
    personal: Personal,
}

impl Changes {
    pub(crate) fn new(database: Database, personal: Personal) -> Self {
        Self { database, personal }
    }

    /// Some whose latest change is not acknowledged, as they are now.
    pub(crate) async fn list(&self, limit: i64) -> Result<Vec<(TenantId, Customer)>, Error> {
        let mut conn = self.database.platform().await?;
        let places = changes::list(&mut conn, limit).await?;
        self.read(&mut conn, &places).await
    }

    pub(crate) async fn acknowledge(&self, seen: &[Seen]) -> Result<(), Error> {
        let mut conn = self.database.of_each(seen.iter().map(|seen| seen.tenant)).await?;
        changes::acknowledge(&mut conn, seen).await
    }

    /// A page of everybody, by tenant and id.
    pub(crate) async fn everyone(
        &self,
        after: Place,
        limit: i64,
    ) -> Result<Vec<(TenantId, Customer)>, Error> {
        let mut conn = self.database.platform().await?;
        let places = changes::everyone(&mut conn, after, limit).await?;
        self.read(&mut conn, &places).await
    }

    /// The customers at these places, in order.
    async fn read(
        &self,
        conn: &mut PgConnection,
        places: &[Place],
    ) -> Result<Vec<(TenantId, Customer)>, Error> {
        let mut tenants = BTreeMap::<TenantId, Vec<CustomerId>>::new();
        for (tenant, customer) in places {
            tenants.entry(*tenant).or_default().push(*customer);
        }
        let mut customers = Vec::with_capacity(places.len());
        for (tenant, ids) in tenants {
            let found = store::find_many(conn, &self.personal.of(tenant), &ids).await?;
            customers.extend(found.into_iter().map(|customer| (tenant, customer)));
        }
        Ok(customers)
    }
}

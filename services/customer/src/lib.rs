//! The customer service: the persons and companies whom tenants serve, and how far the establishing
//! of their identities has come. The establishing itself is the KYC service's.

use std::time::Duration;

use kit::{
    postgres::Database,
    server::{self, Service},
    tls::Listener,
};
use proto::customer::v1::customer_service_server::SERVICE_NAME;
use sqlx::{PgPool, migrate::Migrator};
use tokio_util::sync::CancellationToken;

mod callers;
mod changes;
mod customers;
mod domain;
mod error;
mod retention;
mod rpc;
mod store;

use crate::{customers::Customers, retention::Retentions};

/// The package of the contract, as errors name it.
pub const DOMAIN: &str = "lombard.customer.v1";

/// The schema of the service's database.
pub static MIGRATIONS: Migrator = sqlx::migrate!();

/// The role that the service does everything in, whoever connects.
pub const ROLE: &str = "customer_service";

/// What the service serves, on the database that a pool leads to.
#[must_use]
pub fn service(pool: PgPool) -> Service {
    on(Database::new(&pool, ROLE))
}

fn on(database: Database) -> Service {
    Service {
        name: SERVICE_NAME,
        routes: rpc::routes(
            Customers::new(database.clone()),
            changes::Changes::new(database.clone()),
            Retentions::new(database.clone()),
        )
        .add_service(kit::audit::server(database.clone())),
        public: &[],
        groups: &callers::GROUPS,
        descriptors: proto::DESCRIPTORS,
        database,
    }
}

/// Serves, and erases personal data that is due, until `stop`, then lets requests under way finish within `drain_timeout`.
///
/// # Errors
///
/// When the schema is not known or the server fails.
pub async fn serve(
    listener: impl Into<Listener>,
    pool: PgPool,
    drain_timeout: Duration,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let database = Database::new(&pool, ROLE);
    kit::postgres::wait_for_schema(&database, &MIGRATIONS, &stop).await?;
    // A server that fails takes the purge and the chaining with it.
    let purge_stop = stop.child_token();
    let purge = Retentions::new(database.clone()).purge(purge_stop.clone());
    let chaining = kit::audit::run(database.clone(), purge_stop.clone());
    let server = async {
        let served = server::serve(listener, on(database), drain_timeout, stop).await;
        purge_stop.cancel();
        served
    };
    let (served, (), ()) = tokio::join!(Box::pin(server), Box::pin(purge), Box::pin(chaining));
    served
}

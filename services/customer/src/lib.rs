//! The customer service: the persons and companies whom tenants serve, and how far the establishing
//! of their identities has come. The establishing itself is the KYC service's.

use std::time::Duration;

use kit::server::{self, Service};
use proto::customer::v1::customer_service_server::SERVICE_NAME;
use sqlx::{PgPool, migrate::Migrator};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

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

/// What the service serves, on this database.
#[must_use]
pub fn service(pool: PgPool) -> Service {
    Service {
        name: SERVICE_NAME,
        routes: rpc::routes(
            Customers::new(pool.clone()),
            changes::Changes::new(pool.clone()),
            Retentions::new(pool.clone()),
        )
        .add_service(kit::audit::server(pool.clone())),
        public: &[],
        descriptors: proto::DESCRIPTORS,
        database: pool,
    }
}

/// Serves, and erases personal data that is due, until `stop`, then lets requests under way finish within `drain_timeout`.
///
/// # Errors
///
/// When the schema is not known or the server fails.
pub async fn serve(
    listener: TcpListener,
    pool: PgPool,
    drain_timeout: Duration,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    kit::postgres::wait_for_schema(&pool, &MIGRATIONS, &stop).await?;
    // A server that fails takes the purge and the chaining with it.
    let purge_stop = stop.child_token();
    let purge = Retentions::new(pool.clone()).purge(purge_stop.clone());
    let chaining = kit::audit::run(pool.clone(), purge_stop.clone());
    let server = async {
        let served = server::serve(listener, service(pool), drain_timeout, stop).await;
        purge_stop.cancel();
        served
    };
    let (served, (), ()) = tokio::join!(Box::pin(server), Box::pin(purge), Box::pin(chaining));
    served
}

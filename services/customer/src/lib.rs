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
mod rpc;
mod store;

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
            customers::Customers::new(pool.clone()),
            changes::Changes::new(pool.clone()),
        ),
        public: &[],
        descriptors: proto::DESCRIPTORS,
        database: pool,
    }
}

/// Serves until `stop`, then lets requests under way finish within `drain_timeout`.
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
    server::serve(listener, service(pool), drain_timeout, stop).await
}

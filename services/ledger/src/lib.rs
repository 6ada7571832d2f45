//! The ledger service: customers' ledgers with account numbers of their own, and the money that moves
//! between them. Who the customers are is the customer service's.

use std::time::Duration;

use kit::server::{self, Service};
use proto::ledger::v1::ledger_service_server::SERVICE_NAME;
use sqlx::{PgPool, migrate::Migrator};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;

mod config;
mod domain;
mod error;
mod ledgers;
mod peers;
mod rpc;
mod standings;
mod store;
mod transactions;
mod transfers;

pub use config::Settings;

/// The package of the contract, as errors name it.
pub const DOMAIN: &str = "lombard.ledger.v1";

/// The schema of the service's database.
pub static MIGRATIONS: Migrator = sqlx::migrate!();

/// What the service serves, on this database. `customer` leads to the customer service.
#[must_use]
pub fn service(settings: Settings, pool: PgPool, customer: Channel) -> Service {
    Service {
        name: SERVICE_NAME,
        routes: rpc::routes(settings, pool.clone(), customer),
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
    settings: Settings,
    pool: PgPool,
    customer: Channel,
    drain_timeout: Duration,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    kit::postgres::wait_for_schema(&pool, &MIGRATIONS, &stop).await?;
    server::serve(listener, service(settings, pool, customer), drain_timeout, stop).await
}

//! The KYC service: attempts to establish customers' identities, the documents that prove them, and
//! the providers that decide. Who the customers are is the customer service's.

use std::{sync::Arc, time::Duration};

use kit::server::{self, Service};
use proto::kyc::v1::kyc_service_server::SERVICE_NAME;
use sqlx::{PgPool, migrate::Migrator};
use tokio::{net::TcpListener, sync::Notify};
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;

mod customers;
mod domain;
mod error;
mod gauges;
mod mrz;
pub mod providers;
mod record;
mod reports;
mod rpc;
pub mod screening;
mod settings;
mod store;
mod verifications;
mod wire;
mod worker;

use crate::{
    customers::Customers,
    error::Error,
    rpc::screening::Screening,
    screening::{Lists, Reviews, Watch},
    verifications::Verifications,
    worker::Worker,
};

pub use crate::{domain::Outcome, settings::Settings};

/// The package of the contract, as errors name it.
pub const DOMAIN: &str = "lombard.kyc.v1";

/// The schema of the service's database.
pub static MIGRATIONS: Migrator = sqlx::migrate!();

/// What the service serves, on this database. The work that it leaves is done by [`work`].
#[must_use]
pub fn service(settings: &Settings, pool: PgPool, customer: Channel) -> Service {
    let reviews = Reviews::new(pool.clone(), Lists::new(pool.clone()));
    answering(settings, &Customers::new(customer), reviews, pool, Arc::default())
}

/// Works on verifications until `stop`, then ends what is under way within `drain_timeout`.
pub async fn work(
    settings: Settings,
    pool: PgPool,
    customer: Channel,
    drain_timeout: Duration,
    stop: CancellationToken,
) {
    let customers = Customers::new(customer);
    let reviews = Reviews::new(pool.clone(), Lists::new(pool.clone()));
    let wake = Arc::default();
    Box::pin(background(settings, pool, customers, reviews, wake, drain_timeout, stop)).await;
}

/// Serves and works until `stop`, then lets what is under way finish within `drain_timeout`.
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
    let customers = Customers::new(customer);
    let wake = Arc::<Notify>::default();
    let reviews = Reviews::new(pool.clone(), Lists::new(pool.clone()));
    let service =
        answering(&settings, &customers, reviews.clone(), pool.clone(), Arc::clone(&wake));
    // A server that fails takes the worker with it.
    let worker_stop = stop.child_token();
    let server = async {
        let served = server::serve(listener, service, drain_timeout, stop).await;
        worker_stop.cancel();
        served
    };
    let gauges = gauges::run(pool.clone(), worker_stop.clone());
    let stop = worker_stop.clone();
    let worker = background(settings, pool, customers, reviews, wake, drain_timeout, stop);
    let worker = Box::pin(worker);
    let (served, (), ()) = tokio::join!(server, worker, gauges);
    served
}

/// What is done without being asked for.
async fn background(
    settings: Settings,
    pool: PgPool,
    customers: Customers,
    reviews: Reviews,
    wake: Arc<Notify>,
    drain_timeout: Duration,
    stop: CancellationToken,
) {
    let watch = Watch::new(
        pool.clone(),
        customers.clone(),
        reviews.clone(),
        Arc::clone(&wake),
        settings.poll_interval,
    );
    let worker = Worker::new(settings, pool, customers, reviews, wake);
    tokio::join!(worker.run(drain_timeout, stop.clone()), watch.run(stop));
}

fn answering(
    settings: &Settings,
    customers: &Customers,
    reviews: Reviews,
    pool: PgPool,
    wake: Arc<Notify>,
) -> Service {
    let verifications = Verifications::new(pool.clone(), customers.clone(), wake);
    let screening = Screening::new(pool.clone(), reviews);
    Service {
        name: SERVICE_NAME,
        routes: rpc::routes(verifications, screening, settings.providers.clone()),
        public: &[],
        descriptors: proto::DESCRIPTORS,
        database: pool,
    }
}

//! The KYC service: attempts to establish customers' identities, the documents that prove them, and
//! the providers that decide. Who the customers are is the customer service's.

use std::{sync::Arc, time::Duration};

use kit::{
    postgres::{
        Database,
        citus::{self, Citus},
    },
    server::{self, Service},
    tls::Listener,
};
use proto::kyc::v1::kyc_service_server::SERVICE_NAME;
use sqlx::{PgPool, migrate::Migrator};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;

mod accounts;
mod callbacks;
mod callers;
mod customers;
mod documents;
mod domain;
mod error;
#[cfg(any(test, feature = "fuzz"))]
pub mod fuzz;
mod gauges;
mod mrz;
mod notes;
mod objects;
mod prove;
pub mod providers;
mod record;
mod reports;
mod reviews;
mod rotate;
mod rpc;
mod safe;
pub mod screening;
mod settings;
mod store;
mod upkeep;
mod verifications;
mod wire;
mod worker;

use crate::{
    accounts::Accounts,
    callbacks::Callbacks,
    customers::Customers,
    documents::Reading,
    error::Error,
    providers::Directory,
    reviews::Reviews,
    rpc::{UseCases, screening::Screening},
    screening::{Lists, Watch},
    upkeep::Upkeep,
    verifications::Verifications,
    worker::Worker,
};

pub use crate::{
    domain::Outcome,
    objects::{Objects, ObjectsConfig},
    rotate::{Rotated, rotate_keys},
    settings::Settings,
    upkeep::UpkeepSettings,
};

/// The package of the contract, as errors name it.
pub const DOMAIN: &str = "lombard.kyc.v1";

/// The schema of the service's database.
pub static MIGRATIONS: Migrator = sqlx::migrate!();

/// Where the tables go on several servers.
pub const CITUS: Citus = Citus::Distributed(include_str!("../citus.sql"));

/// A table that is distributed with all others.
const TABLE: &str = "verifications";

/// The role that the service does everything in, whoever connects.
pub const ROLE: &str = "kyc_service";

/// Rpcs that need no caller.
const PUBLIC: [&str; 1] = ["/lombard.kyc.v1.ProviderService/ReceiveCallback"];

/// What the service serves, on the database that a pool leads to. The work that it leaves is done by [`work`].
#[must_use]
#[expect(clippy::needless_pass_by_value, reason = "the pool is the service's from then on")]
pub fn service(settings: &Settings, pool: PgPool, customer: Channel) -> Service {
    let database = Database::new(&pool, ROLE).with_keys(settings.keys.clone());
    let database = database.laid_out(settings.layout);
    let (directory, customers) = (directory(settings, &database), Customers::new(customer));
    let screener = screening::Reviews::new(database.clone(), Lists::new(database.clone()));
    answering(settings, &customers, directory, screener, database, Arc::default())
}

/// Works on verifications, and on the upkeep of documents, until `stop`, then ends what is under way within `drain_timeout`.
pub async fn work(
    settings: Settings,
    pool: PgPool,
    customer: Channel,
    drain_timeout: Duration,
    stop: CancellationToken,
) {
    let database = Database::new(&pool, ROLE).laid_out(settings.layout);
    let (directory, customers) = (directory(&settings, &database), Customers::new(customer));
    let screener = screening::Reviews::new(database.clone(), Lists::new(database.clone()));
    let worker =
        Background { settings, database, customers, directory, screener, wake: Arc::default() };
    Box::pin(worker.run(drain_timeout, stop)).await;
}

/// Serves and works until `stop`, then lets what is under way finish within `drain_timeout`.
///
/// # Errors
///
/// When the schema is not known or the server fails.
pub async fn serve(
    listener: impl Into<Listener>,
    settings: Settings,
    pool: PgPool,
    customer: Channel,
    drain_timeout: Duration,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let database = Database::new(&pool, ROLE).with_keys(settings.keys.clone());
    kit::postgres::wait_for_schema(&database, &MIGRATIONS, &stop).await?;
    let found = stop.run_until_cancelled(citus::layout(&database, TABLE)).await;
    let database = database.laid_out(found.transpose()?.unwrap_or_default());
    let customers = Customers::new(customer);
    let wake = Arc::<Notify>::default();
    let directory = directory(&settings, &database);
    let screener = screening::Reviews::new(database.clone(), Lists::new(database.clone()));
    let service = answering(
        &settings,
        &customers,
        directory.clone(),
        screener.clone(),
        database.clone(),
        Arc::clone(&wake),
    );
    let gauged = database.clone();
    let background = Background { settings, database, customers, directory, screener, wake };
    // A server that fails takes the worker with it.
    let worker_stop = stop.child_token();
    let server = async {
        let served = server::serve(listener, service, drain_timeout, stop).await;
        worker_stop.cancel();
        served
    };
    let chaining = kit::audit::run(gauged.clone(), worker_stop.clone());
    let forgetting = kit::idempotency::forget(gauged.clone(), worker_stop.clone());
    let gauges = gauges::run(gauged, worker_stop.clone());
    let stop = worker_stop.clone();
    let working = Box::pin(background.run(drain_timeout, stop));
    let chores = Box::pin(async { tokio::join!(gauges, chaining, forgetting) });
    let (served, (), _) = tokio::join!(server, working, chores);
    served
}

/// What is done without being asked for.
struct Background {
    settings: Settings,
    database: Database,
    customers: Customers,
    directory: Directory,
    screener: screening::Reviews,
    wake: Arc<Notify>,
}

impl Background {
    async fn run(self, drain_timeout: Duration, stop: CancellationToken) {
        let Self { settings, database, customers, directory, screener, wake } = self;
        let watch = Watch::new(
            database.clone(),
            customers.clone(),
            screener.clone(),
            Arc::clone(&wake),
            settings.poll_interval,
        );
        let upkeep =
            Upkeep::new(settings.upkeep, database.clone(), settings.safe(), customers.clone());
        let worker = Worker::new(settings, database, customers, directory, screener, wake);
        let worker = Box::pin(worker.run(drain_timeout, stop.clone()));
        let upkeep = Box::pin(upkeep.run(stop.clone()));
        tokio::join!(worker, upkeep, watch.run(stop));
    }
}

fn answering(
    settings: &Settings,
    customers: &Customers,
    directory: Directory,
    screener: screening::Reviews,
    database: Database,
    wake: Arc<Notify>,
) -> Service {
    let safe = settings.safe();
    let verifications = Verifications::new(
        database.clone(),
        safe.clone(),
        customers.clone(),
        directory.clone(),
        Arc::clone(&wake),
    );
    let use_cases = UseCases {
        accounts: Accounts::new(database.clone(), directory.clone()),
        callbacks: Callbacks::new(
            database.clone(),
            directory.clone(),
            settings.shortest_poll,
            wake,
        ),
        reviews: Reviews::new(database.clone(), settings.keys.clone(), verifications.clone()),
        screening: Screening::new(database.clone(), screener),
        reading: Reading::new(database.clone(), safe),
        verifications,
        directory,
    };
    Service {
        name: SERVICE_NAME,
        routes: rpc::routes(use_cases, settings.sandbox)
            .add_service(kit::audit::server(database.clone())),
        public: &PUBLIC,
        groups: &callers::GROUPS,
        descriptors: proto::DESCRIPTORS,
        database,
    }
}

fn directory(settings: &Settings, database: &Database) -> Directory {
    let (fixed, hosts) = (settings.providers.clone(), settings.hosts.clone());
    let keys = settings.keys.clone();
    Directory::new(database.clone(), providers::Settings { fixed, hosts, keys })
}

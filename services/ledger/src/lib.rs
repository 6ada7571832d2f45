//! The ledger service: customers' ledgers with account numbers of their own, and the money that moves
//! between them. Who the customers are is the customer service's.

use std::{sync::Arc, time::Duration};

use anyhow::Context;
use kit::{
    postgres::{
        Database,
        citus::{self, Citus, Layout},
    },
    server::{self, Service},
    tls::Listener,
};
use proto::ledger::v1::ledger_service_server::SERVICE_NAME;
use sqlx::{PgPool, migrate::Migrator};
use tokio::{
    sync::Notify,
    task::{JoinHandle, JoinSet},
};
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;

mod callers;
mod config;
mod domain;
mod error;
mod facts;
#[cfg(any(test, feature = "fuzz"))]
pub mod fuzz;
mod gauges;
mod generations;
mod inbound;
mod ledgers;
mod payees;
mod payments;
mod peers;
mod queue;
mod rails;
mod records;
mod rpc;
mod seals;
mod standings;
mod store;
mod transactions;
mod transfers;
pub mod verify;

pub use config::{PaymentSettings, Settings};
pub use seals::seal;
pub use verify::{Report, verify};

use crate::{
    payments::worker::Worker,
    peers::Customers,
    queue::Queue,
    rails::{Rail, Sandbox},
};

/// The package of the contract, as errors name it.
pub const DOMAIN: &str = "lombard.ledger.v1";

/// The schema of the service's database.
pub static MIGRATIONS: Migrator = sqlx::migrate!();

/// Where the tables go on several servers.
pub const CITUS: Citus = Citus::Distributed(include_str!("../citus.sql"));

/// The role that the service does everything in, whoever connects.
pub const ROLE: &str = "ledger_service";

/// How long the batch under way has to end when the time to drain is over.
const LAST_BATCH: Duration = Duration::from_secs(2);

/// What the service serves, on the database that a pool leads to. `customer` leads to the customer
/// service. The handle is that of the task that posts transfers: it ends when nothing is served any more
/// and all that was accepted has been answered. The work that payments leave is done by [`work`].
#[must_use]
#[expect(clippy::needless_pass_by_value, reason = "the pool is the service's from then on")]
pub fn service(settings: Settings, pool: PgPool, customer: Channel) -> (Service, JoinHandle<()>) {
    let database = Database::new(&pool, ROLE).laid_out(settings.layout);
    answering(settings, database, customer, Arc::default())
}

/// Works on payments until `stop`, then ends what is under way within `drain_timeout`.
pub async fn work(
    settings: Settings,
    pool: PgPool,
    customer: Channel,
    drain_timeout: Duration,
    stop: CancellationToken,
) {
    let database = Database::new(&pool, ROLE).laid_out(settings.layout);
    Box::pin(worker(&settings, database, customer, Arc::default()).run(drain_timeout, stop)).await;
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
    let database = Database::new(&pool, ROLE);
    kit::postgres::wait_for_schema(&database, &MIGRATIONS, &stop).await?;
    let found = stop.run_until_cancelled(citus::layout(&database, "accounts")).await;
    let layout = found.transpose()?.unwrap_or_default();
    let database = database.laid_out(layout);
    let mut background = JoinSet::new();
    background.spawn(gauges::run(database.clone(), stop.clone()));
    background.spawn(kit::audit::run(database.clone(), stop.clone()));
    if layout == Layout::ByTenant {
        // It passes all tenants' accounts in one statement.
        tracing::warn!("entries are not sealed: the tables are on several servers");
    } else if settings.seal_interval_s > 0 {
        let interval = Duration::from_secs(settings.seal_interval_s);
        background.spawn(seals::run(database.clone(), interval, stop.clone()));
    }
    let wake = Arc::<Notify>::default();
    let worker = worker(&settings, database.clone(), customer.clone(), Arc::clone(&wake));
    let (service, mut posting) = answering(settings, database, customer, wake);
    // A server that fails takes the worker with it.
    let worker_stop = stop.child_token();
    let server = async {
        let served = tokio::select! {
            served = server::serve(listener, service, drain_timeout, stop) => served,
            // It outlives the server unless it fails.
            failed = &mut posting => failed.context("the posting task has failed"),
        };
        worker_stop.cancel();
        served
    };
    let worker = Box::pin(worker.run(drain_timeout, worker_stop.clone()));
    let (served, ()) = tokio::join!(server, worker);
    if !posting.is_finished() {
        // Requests that were cut off have nobody to answer, but a batch of them may have been begun.
        let _ = tokio::time::timeout(LAST_BATCH, posting).await;
    }
    background.shutdown().await;
    served
}

fn answering(
    settings: Settings,
    database: Database,
    customer: Channel,
    wake: Arc<Notify>,
) -> (Service, JoinHandle<()>) {
    let (queue, posting) = Queue::start(&database);
    let service = Service {
        name: SERVICE_NAME,
        routes: rpc::routes(settings, database.clone(), customer, queue, wake)
            .add_service(kit::audit::server(database.clone())),
        public: &[],
        groups: &callers::GROUPS,
        descriptors: proto::DESCRIPTORS,
        database,
    };
    (service, posting)
}

fn worker(settings: &Settings, database: Database, customer: Channel, wake: Arc<Notify>) -> Worker {
    let payments = settings.payments.clone();
    let rail = settings
        .sandbox
        .then(|| Arc::new(Sandbox::new(database.clone(), payments.sandbox_delay)) as Arc<dyn Rail>);
    Worker::new(payments, database, Customers::new(customer), rail, wake)
}

//! The customer service: the persons and companies whom tenants serve, and how far the establishing
//! of their identities has come. The establishing itself is the KYC service's.

use std::time::Duration;

use kit::{
    keys::Keyring,
    postgres::{
        Database,
        citus::{self, Citus, Layout},
    },
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
mod personal;
mod retention;
mod rpc;
mod sealing;
mod store;
mod unreadable;

pub use crate::sealing::{Rotated, rotate_keys};
use crate::{customers::Customers, personal::Personal, retention::Retentions};

/// The package of the contract, as errors name it.
pub const DOMAIN: &str = "lombard.customer.v1";

/// The schema of the service's database.
pub static MIGRATIONS: Migrator = sqlx::migrate!();

/// Where the tables go on several servers.
pub const CITUS: Citus = Citus::Distributed(include_str!("../citus.sql"));

/// A table that is distributed with all others.
const TABLE: &str = "customers";

/// The role that the service does everything in, whoever connects.
pub const ROLE: &str = "customer_service";

/// What the service serves, on the database that a pool leads to; personal data is sealed with these keys.
#[must_use]
pub fn service(pool: PgPool, keys: Keyring) -> Service {
    service_laid_out(Layout::OneServer, pool, keys)
}

/// The same, with its tables where they are.
#[must_use]
#[expect(clippy::needless_pass_by_value, reason = "the pool is the service's from then on")]
pub fn service_laid_out(layout: Layout, pool: PgPool, keys: Keyring) -> Service {
    let database = Database::new(&pool, ROLE).with_keys(keys.clone()).laid_out(layout);
    let personal = Personal::new(database.clone(), keys);
    answering(database, &personal)
}

fn answering(database: Database, personal: &Personal) -> Service {
    Service {
        name: SERVICE_NAME,
        routes: rpc::routes(
            Customers::new(database.clone(), personal.clone()),
            changes::Changes::new(database.clone(), personal.clone()),
            Retentions::new(database.clone(), personal.clone()),
        )
        .add_service(kit::audit::server(database.clone())),
        public: &[],
        groups: &callers::GROUPS,
        descriptors: proto::DESCRIPTORS,
        database,
    }
}

/// Serves, seals personal data that is in clear, erases what is due and forgets old requests, until `stop`,
/// then lets requests under way finish within `drain_timeout`.
///
/// # Errors
///
/// When the schema is not known or the server fails.
pub async fn serve(
    listener: impl Into<Listener>,
    pool: PgPool,
    keys: Keyring,
    drain_timeout: Duration,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let database = Database::new(&pool, ROLE).with_keys(keys.clone());
    kit::postgres::wait_for_schema(&database, &MIGRATIONS, &stop).await?;
    let found = stop.run_until_cancelled(citus::layout(&database, TABLE)).await;
    let database = database.laid_out(found.transpose()?.unwrap_or_default());
    let personal = Personal::new(database.clone(), keys);
    // A server that fails takes the jobs with it.
    let jobs_stop = stop.child_token();
    let purge = Retentions::new(database.clone(), personal.clone()).purge(jobs_stop.clone());
    let sealing = sealing::run(database.clone(), personal.clone(), jobs_stop.clone());
    let chaining = kit::audit::run(database.clone(), jobs_stop.clone());
    let forgetting = kit::idempotency::forget(database.clone(), jobs_stop.clone());
    let jobs = async { tokio::join!(purge, sealing, chaining, forgetting) };
    let server = async {
        let service = answering(database, &personal);
        let served = server::serve(listener, service, drain_timeout, stop).await;
        jobs_stop.cancel();
        served
    };
    let (served, ((), (), (), ())) = tokio::join!(Box::pin(server), Box::pin(jobs));
    served
}

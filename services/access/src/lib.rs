//! The access service: who of which tenant may call, and the tokens that prove it. What a scope allows
//! is the gateway's to say.

use std::time::Duration;

use kit::{
    postgres::{Database, citus::Citus},
    server::{self, Service},
    tls::Listener,
};
use proto::access::v1::access_service_server::SERVICE_NAME;
use sqlx::{PgPool, migrate::Migrator};
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;

use crate::{passwords::Passwords, uses::Uses};

mod admin;
mod allowances;
mod callers;
mod domain;
mod error;
mod keys;
mod logins;
mod passwords;
mod provision;
mod rpc;
mod store;
mod tokens;
mod uses;

pub use crate::{
    domain::{PasswordError, SCOPES, UnknownScope},
    passwords::HashingError,
    provision::ProvisionError,
};

/// The package of the contract, as errors name it.
pub const DOMAIN: &str = "lombard.access.v1";

/// The schema of the service's database.
pub static MIGRATIONS: Migrator = sqlx::migrate!();

/// What becomes of the tables on several servers.
pub const CITUS: Citus = Citus::OnOneServer(
    "whom an address, a token or a key stands for has to be found before a tenant is \
     known, and what it keeps is small",
);

/// The role that the service does everything in, whoever connects.
pub const ROLE: &str = "access_service";

/// What an operator decides.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// How long a new token is good for.
    pub token_lifetime: Duration,
    /// Requests each second of a tenant for which nothing else is set; 0: without limit.
    pub tenant_requests_per_s: i32,
    /// Requests each second of a user or a key for which nothing else is set; 0: without limit.
    pub holder_requests_per_s: i32,
}

impl Default for Settings {
    /// Tokens for an hour, and no limits: what of a tenant is too much, an operator decides.
    fn default() -> Self {
        Self {
            token_lifetime: Duration::from_hours(1),
            tenant_requests_per_s: 0,
            holder_requests_per_s: 0,
        }
    }
}

/// The tenants, their users and tokens. The use cases are in `logins`, `tokens` and `provision`.
#[derive(Debug, Clone)]
pub struct Access {
    database: Database,
    settings: Settings,
    passwords: Passwords,
    uses: Uses,
}

impl Access {
    /// Those in the database that a pool leads to.
    #[must_use]
    #[expect(clippy::needless_pass_by_value, reason = "the pool is the service's from then on")]
    pub fn new(pool: PgPool, token_lifetime: Duration) -> Self {
        Self::set(Database::new(&pool, ROLE), Settings { token_lifetime, ..Settings::default() })
    }

    fn set(database: Database, settings: Settings) -> Self {
        Self { uses: Uses::new(database.clone()), database, settings, passwords: Passwords::new() }
    }
}

/// All of the service, administration too, which asks nobody who they are: for whoever has this database
/// anyway, in their own process.
#[must_use]
#[expect(clippy::needless_pass_by_value, reason = "the pool is the service's from then on")]
pub fn service(pool: PgPool, settings: Settings) -> Service {
    let database = Database::new(&pool, ROLE);
    let access = Access::set(database.clone(), settings);
    with(database, rpc::routes_with_administration(access))
}

fn with(database: Database, routes: Routes) -> Service {
    Service {
        name: SERVICE_NAME,
        routes,
        public: &rpc::PUBLIC,
        groups: &callers::GROUPS,
        descriptors: proto::DESCRIPTORS,
        database,
    }
}

/// Serves everything but administration until `stop`, then lets requests under way finish within `drain_timeout`.
///
/// # Errors
///
/// When the schema is not known or the server fails.
pub async fn serve(
    listener: impl Into<Listener>,
    settings: Settings,
    pool: PgPool,
    drain_timeout: Duration,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    let database = Database::new(&pool, ROLE);
    kit::postgres::wait_for_schema(&database, &MIGRATIONS, &stop).await?;
    // A server that fails takes the chaining with it.
    let chain_stop = stop.child_token();
    let chaining = kit::audit::run(database.clone(), chain_stop.clone());
    let service = with(database.clone(), rpc::routes(Access::set(database, settings)));
    let server = async {
        let served = server::serve(listener, service, drain_timeout, stop).await;
        chain_stop.cancel();
        served
    };
    let (served, ()) = tokio::join!(Box::pin(server), Box::pin(chaining));
    served
}

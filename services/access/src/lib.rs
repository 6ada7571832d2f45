//! The access service: who of which tenant may call, and the tokens that prove it. What a scope allows
//! is the gateway's to say.

use std::time::Duration;

use kit::server::{self, Service};
use proto::access::v1::access_service_server::SERVICE_NAME;
use sqlx::{PgPool, migrate::Migrator};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::service::Routes;

use crate::{passwords::Passwords, uses::Uses};

mod admin;
mod allowances;
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
    pool: PgPool,
    settings: Settings,
    passwords: Passwords,
    uses: Uses,
}

impl Access {
    /// Those in this database.
    #[must_use]
    pub fn new(pool: PgPool, token_lifetime: Duration) -> Self {
        Self::set(pool, Settings { token_lifetime, ..Settings::default() })
    }

    fn set(pool: PgPool, settings: Settings) -> Self {
        Self { uses: Uses::new(pool.clone()), pool, settings, passwords: Passwords::new() }
    }
}

/// All of the service, administration too, which asks nobody who they are: for whoever has this database
/// anyway, in their own process.
#[must_use]
pub fn service(pool: PgPool, settings: Settings) -> Service {
    let access = Access::set(pool.clone(), settings);
    with(pool, rpc::routes_with_administration(access))
}

fn with(pool: PgPool, routes: Routes) -> Service {
    Service {
        name: SERVICE_NAME,
        routes,
        public: &rpc::PUBLIC,
        descriptors: proto::DESCRIPTORS,
        database: pool,
    }
}

/// Serves everything but administration until `stop`, then lets requests under way finish within `drain_timeout`.
///
/// # Errors
///
/// When the schema is not known or the server fails.
pub async fn serve(
    listener: TcpListener,
    settings: Settings,
    pool: PgPool,
    drain_timeout: Duration,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    kit::postgres::wait_for_schema(&pool, &MIGRATIONS, &stop).await?;
    // A server that fails takes the chaining with it.
    let chain_stop = stop.child_token();
    let chaining = kit::audit::run(pool.clone(), chain_stop.clone());
    let service = with(pool.clone(), rpc::routes(Access::set(pool, settings)));
    let server = async {
        let served = server::serve(listener, service, drain_timeout, stop).await;
        chain_stop.cancel();
        served
    };
    let (served, ()) = tokio::join!(Box::pin(server), Box::pin(chaining));
    served
}

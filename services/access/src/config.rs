//! Flags and environment of the program.

use std::time::Duration;

use access::{SCOPES, Settings};
use clap::{Args, Parser, Subcommand};
use kit::config::{MigrateConfig, PostgresConfig, ServerConfig, TelemetryConfig};
use types::TenantId;

/// Access: tenants, API users and tokens.
#[derive(Debug, Parser)]
#[command(version)]
pub(crate) struct Config {
    #[command(subcommand)]
    pub(crate) command: Command,
    #[command(flatten)]
    pub(crate) postgres: PostgresConfig,
    #[command(flatten)]
    pub(crate) telemetry: TelemetryConfig,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Brings the database's schema up to this version.
    Migrate(MigrateConfig),
    /// Serves gRPC until SIGTERM.
    Serve(Serve),
    /// Prints the id of the tenant of that name, which is created if there is none.
    CreateTenant {
        /// 1-100 characters.
        name: String,
    },
    /// Prints the id of the API user of that address, who is created if there is none, with the
    /// password on standard input.
    CreateUser(CreateUser),
}

#[derive(Debug, Args)]
#[command(mut_arg("listen", |listen| listen.required(false).default_value("127.0.0.1:7001")))]
pub(crate) struct Serve {
    #[command(flatten)]
    pub(crate) server: ServerConfig,
    /// Seconds that a new token is good for.
    #[arg(long, env = "TOKEN_LIFETIME_S", default_value_t = 3600,
        value_parser = clap::value_parser!(u64).range(1..=31_536_000))]
    pub(crate) token_lifetime_s: u64,
    /// Requests each second of a tenant, over all gateways, unless `lombard admin` says otherwise for
    /// it; 0: without limit.
    #[arg(long, env = "TENANT_REQUESTS_PER_S", default_value_t = 1000,
        value_parser = clap::value_parser!(i32).range(0..=1_000_000))]
    pub(crate) tenant_requests_per_s: i32,
    /// Requests each second of an API user or key, over all gateways, unless something else is set for
    /// the key; 0: without limit.
    #[arg(long, env = "KEY_REQUESTS_PER_S", default_value_t = 500,
        value_parser = clap::value_parser!(i32).range(0..=1_000_000))]
    pub(crate) key_requests_per_s: i32,
}

impl Serve {
    pub(crate) fn settings(&self) -> Settings {
        Settings {
            token_lifetime: Duration::from_secs(self.token_lifetime_s),
            tenant_requests_per_s: self.tenant_requests_per_s,
            holder_requests_per_s: self.key_requests_per_s,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct CreateUser {
    /// The tenant's id.
    #[arg(long, value_parser = TenantId::parse)]
    pub(crate) tenant: TenantId,
    /// The address that the user logs in with.
    #[arg(long)]
    pub(crate) email: String,
    /// What the user may do, separated by spaces.
    #[arg(long, default_value_t = SCOPES.join(" "))]
    pub(crate) scopes: String,
}

//! Settings that every service has: flags, or the environment.

use std::{net::SocketAddr, time::Duration};

use clap::Args;
use sqlx::{PgPool, postgres::PgConnectOptions};

use crate::postgres;

/// The service's database.
#[derive(Debug, Clone, Args)]
pub struct PostgresConfig {
    /// The service's own database, for example `postgres://ledger@db/ledger`.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    pub database_url: PgConnectOptions,
    /// Connections to it at most.
    #[arg(long, env = "DATABASE_MAX_CONNECTIONS", default_value_t = 20)]
    pub database_max_connections: u32,
}

impl PostgresConfig {
    /// A pool on the database; connects when first used.
    #[must_use]
    pub fn pool(&self) -> PgPool {
        postgres::pool(self.database_url.clone(), self.database_max_connections)
    }
}

/// The gRPC or HTTP server.
#[derive(Debug, Clone, Args)]
pub struct ServerConfig {
    /// The address to listen on.
    #[arg(long, env = "LISTEN")]
    pub listen: SocketAddr,
    /// Seconds that requests under way have to finish after SIGTERM.
    #[arg(long, env = "DRAIN_TIMEOUT_S", default_value_t = 20)]
    pub drain_timeout_s: u64,
}

impl ServerConfig {
    /// How long requests under way have to finish after SIGTERM.
    #[must_use]
    pub fn drain_timeout(&self) -> Duration {
        Duration::from_secs(self.drain_timeout_s)
    }
}

/// Logs and traces.
#[derive(Debug, Clone, Args)]
pub struct TelemetryConfig {
    /// Which log lines to write, in `tracing-subscriber`'s syntax.
    #[arg(long, env = "LOMBARD_LOG", default_value = "info")]
    pub log: String,
    /// An OTLP/gRPC collector to send traces to, for example `http://otel-collector:4317`.
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT")]
    pub otlp_endpoint: Option<String>,
}

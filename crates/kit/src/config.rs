//! Settings that every service has: flags, or the environment.

use std::{convert::Infallible, fmt, net::SocketAddr, str::FromStr, time::Duration};

use clap::Args;
use sqlx::{PgPool, postgres::PgConnectOptions};

use crate::{postgres, tls::TlsConfig};

/// The service's database.
#[derive(Debug, Clone, Args)]
pub struct PostgresConfig {
    /// The service's own database, for example `postgres://ledger@db/ledger`.
    #[arg(long, env = "DATABASE_URL", hide_env_values = true)]
    database_url: DatabaseUrl,
    /// Connections to it at most.
    #[arg(long, env = "DATABASE_MAX_CONNECTIONS", default_value_t = 20)]
    database_max_connections: u32,
}

impl PostgresConfig {
    /// A pool on the database; connects when first used.
    ///
    /// # Errors
    ///
    /// When the database's URL is malformed.
    pub fn pool(&self) -> anyhow::Result<PgPool> {
        Ok(postgres::pool(self.database_url.options()?, self.database_max_connections))
    }
}

/// The URL of a database, which may hold a password: it is never printed, and parsed only when it is
/// used, because a flag that cannot be parsed is.
#[derive(Clone)]
pub struct DatabaseUrl(String);

impl FromStr for DatabaseUrl {
    type Err = Infallible;

    fn from_str(url: &str) -> Result<Self, Infallible> {
        Ok(Self(url.to_owned()))
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DatabaseUrl(..)")
    }
}

impl DatabaseUrl {
    /// How to connect.
    ///
    /// # Errors
    ///
    /// When it is malformed; what it says is not repeated.
    pub fn options(&self) -> anyhow::Result<PgConnectOptions> {
        let options = self.0.parse::<PgConnectOptions>();
        options.map_err(|_| anyhow::anyhow!("--database-url is no URL of a PostgreSQL database"))
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
    /// Certificates.
    #[command(flatten)]
    pub tls: TlsConfig,
}

impl ServerConfig {
    /// How long requests under way have to finish after SIGTERM.
    #[must_use]
    pub fn drain_timeout(&self) -> Duration {
        Duration::from_secs(self.drain_timeout_s)
    }
}

/// Logs, traces and metrics.
#[derive(Debug, Clone, Args)]
pub struct TelemetryConfig {
    /// Which log lines to write, in `tracing-subscriber`'s syntax.
    #[arg(long, env = "LOMBARD_LOG", default_value = "info")]
    pub log: String,
    /// An OTLP/gRPC collector to send traces to, for example `http://otel-collector:4317`.
    #[arg(long, env = "OTEL_EXPORTER_OTLP_ENDPOINT")]
    pub otlp_endpoint: Option<String>,
    /// Where Prometheus may read metrics, for example `127.0.0.1:9464`. For operators alone.
    #[arg(long, env = "METRICS_LISTEN")]
    pub metrics_listen: Option<SocketAddr>,
}

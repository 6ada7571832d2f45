//! Settings that every service has: flags, or the environment.

use std::{
    convert::Infallible, fmt, io, net::SocketAddr, path::PathBuf, str::FromStr, time::Duration,
};

use anyhow::Context;
use clap::Args;
use sqlx::{PgPool, postgres::PgConnectOptions};

use crate::{postgres, shutdown::Signals, tls::TlsConfig};

/// The service's database.
#[derive(Debug, Clone, Args)]
pub struct PostgresConfig {
    /// The service's own database, for example `postgres://ledger@db/ledger`.
    #[arg(
        id = "database_url",
        long = "database-url",
        env = "DATABASE_URL",
        hide_env_values = true,
        required_unless_present = "database_url_file"
    )]
    url: Option<DatabaseUrl>,
    /// A file that holds that URL, which is how a secret is best given.
    #[arg(
        id = "database_url_file",
        long = "database-url-file",
        env = "DATABASE_URL_FILE",
        conflicts_with = "database_url"
    )]
    url_file: Option<PathBuf>,
    /// Connections to it at most.
    #[arg(
        id = "database_max_connections",
        long = "database-max-connections",
        env = "DATABASE_MAX_CONNECTIONS",
        default_value_t = 20
    )]
    max_connections: u32,
}

impl PostgresConfig {
    /// A pool on the database; connects when first used.
    ///
    /// # Errors
    ///
    /// When the database's URL is malformed, or its file cannot be read.
    pub fn pool(&self) -> anyhow::Result<PgPool> {
        let options = match (&self.url, &self.url_file) {
            (Some(url), _) => url.options()?,
            (None, Some(file)) => {
                let url = std::fs::read_to_string(file);
                let url = url.with_context(|| format!("cannot read {}", file.display()))?;
                DatabaseUrl(url.trim().to_owned()).options()?
            }
            (None, None) => anyhow::bail!("no database is named"),
        };
        Ok(postgres::pool(options, self.max_connections))
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
    /// Seconds between SIGTERM, from which on health says `NOT_SERVING`, and the moment from which on
    /// nothing new is taken: time for load balancers to notice.
    #[arg(long, env = "SHUTDOWN_PAUSE_S", default_value_t = 5)]
    pub shutdown_pause_s: u64,
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

    /// Takes the signals over, with the pause that follows the one to stop.
    ///
    /// # Errors
    ///
    /// When the operating system refuses.
    pub fn signals(&self) -> io::Result<Signals> {
        Ok(Signals::listen()?.with_pause(Duration::from_secs(self.shutdown_pause_s)))
    }
}

/// Whether a service may play the outside world where that is no trial on one machine.
#[derive(Debug, Clone, Copy, Args)]
pub struct SandboxConfig {
    /// The sandbox is meant although a certificate is set, or other machines reach the service.
    #[arg(long, env = "SANDBOX_ANYWHERE")]
    pub sandbox_anywhere: bool,
}

impl SandboxConfig {
    /// Refuses a sandbox that looks as if it were production: it makes money, and verifies people.
    ///
    /// # Errors
    ///
    /// When there is one, and nothing says that it is meant.
    pub fn check(
        self,
        is_sandbox: bool,
        server: &ServerConfig,
        has_public_certificate: bool,
    ) -> anyhow::Result<()> {
        let has_certificate = has_public_certificate || server.tls.tls_cert_file.is_some();
        let is_trial = server.listen.ip().is_loopback() && !has_certificate;
        anyhow::ensure!(
            !is_sandbox || is_trial || self.sandbox_anywhere,
            "SANDBOX=true beside a certificate, or on {}, which other machines reach, looks like \
             production, where nothing may be played: if it is meant, set SANDBOX_ANYWHERE=true",
            server.listen
        );
        Ok(())
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
    /// Where the admin port listens, for example `0.0.0.0:9464`: `/livez`, `/readyz`, `/metrics` and
    /// `/log-filter`. For operators alone.
    #[arg(long, env = "ADMIN_LISTEN")]
    pub admin_listen: Option<SocketAddr>,
}

impl TelemetryConfig {
    /// The same without an admin port: for commands, which may run beside the service with its
    /// environment.
    #[must_use]
    pub fn of_command(&self) -> Self {
        Self { admin_listen: None, ..self.clone() }
    }
}

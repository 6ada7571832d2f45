//! What may be said on the command line. What the commands do is in their own modules.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand};
use kit::config::DatabaseUrl;
use kit::config::TelemetryConfig;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{admin::cli::Admin, dev::DATABASE_PREFIX, identity::Identity, stack::SANDBOX};

/// Accounts for your product, on your own machine.
#[derive(Debug, Parser)]
#[command(name = "lombard", version)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Which log lines to write to standard error, in `tracing-subscriber`'s syntax.
    #[arg(long, global = true, env = "LOMBARD_LOG", default_value = "warn")]
    log: String,
    /// An OTLP/gRPC collector to send traces to, for example `http://127.0.0.1:4317`.
    #[arg(long, global = true, env = "OTEL_EXPORTER_OTLP_ENDPOINT")]
    otlp_endpoint: Option<String>,
    /// Where the admin port of `lombard dev` listens, for example `127.0.0.1:9464`: `/livez`, `/readyz`,
    /// `/metrics` and `/log-filter`.
    #[arg(long, global = true, env = "ADMIN_LISTEN")]
    admin_listen: Option<SocketAddr>,
}

impl Cli {
    /// How to log and trace.
    #[must_use]
    pub fn telemetry(&self) -> TelemetryConfig {
        TelemetryConfig {
            log: self.log.clone(),
            otlp_endpoint: self.otlp_endpoint.clone(),
            admin_listen: self.admin_listen,
        }
    }
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Runs the whole platform on this machine, until Ctrl-C.
    Dev(Box<Dev>),
    /// Tenants, their users and keys, and what these may do.
    Admin(Box<Admin>),
    /// Walks the documents' own flow and checks every answer against them.
    Demo(Demo),
    /// Measures the platform beside what it can be compared with, on this machine.
    Bench(Bench),
    /// Proves that the ledger's books are sound, while they are in use. Exits with 1 when they are not.
    Verify(Verify),
    /// The audit log: who did what to what, and when.
    Audit(Audit),
    /// Makes an authority for development and a certificate for each service. Run again, it renews
    /// the certificates.
    DevCerts(DevCerts),
}

/// Settings of `lombard audit`.
#[derive(Debug, Args)]
pub struct Audit {
    /// What to do with it.
    #[command(subcommand)]
    pub command: AuditCommand,
}

/// What to do with the audit log.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Proves that no record was changed, taken away or put in, while the logs are in use, and tells where
    /// each tenant's chain ends. Exits with 1 when one is not sound.
    Verify(AuditVerify),
}

/// Settings of `lombard audit verify`.
#[derive(Debug, Args)]
pub struct AuditVerify {
    /// A service's database; once for each to be looked at. Without it, those of `lombard dev` in the data
    /// directory, whether it runs or not.
    #[arg(long, value_name = "URL")]
    pub database_url: Vec<DatabaseUrl>,
    /// A file that holds such a URL.
    #[arg(long, value_name = "FILE")]
    pub database_url_file: Vec<PathBuf>,
    /// Where `lombard dev` keeps its data.
    #[arg(long, value_name = "DIR", default_value = "./.lombard")]
    pub data_dir: PathBuf,
    /// Also writes where the chains end to a file, to be kept elsewhere.
    #[arg(long, value_name = "FILE")]
    pub heads: Option<PathBuf>,
    /// Such a file of an earlier run: the chains must still pass through what it says.
    #[arg(long, value_name = "FILE")]
    pub expect: Option<PathBuf>,
    /// A directory of such files: the newest is expected, and when all is sound another is added. For a job
    /// that looks every day.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["heads", "expect"])]
    pub journal: Option<PathBuf>,
}

/// Settings of `lombard dev`.
#[derive(Debug, Args)]
pub struct Dev {
    /// Where the gateway listens. Port 0 picks a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    pub listen: SocketAddr,
    /// Where PostgreSQL keeps its data, with the documents and their keys, between one run and the next.
    #[arg(long, value_name = "DIR", default_value = "./.lombard")]
    pub data_dir: PathBuf,
    /// A PostgreSQL server to use instead of an own one. Databases are created on it:
    /// `lombard_access`, `lombard_customer`, `lombard_kyc`, `lombard_ledger`.
    #[arg(long, value_name = "URL", env = "LOMBARD_DATABASE_URL", hide_env_values = true)]
    pub database_url: Option<DatabaseUrl>,
    /// What the names of the databases begin with.
    #[arg(long, value_name = "NAME", default_value = DATABASE_PREFIX)]
    pub database_prefix: String,
    /// Certificates for the services, as `lombard dev-certs` makes them: they talk over mutual TLS.
    #[arg(long, value_name = "DIR")]
    pub certificates: Option<PathBuf>,
    /// How identities are established.
    #[command(flatten, next_help_heading = "Identities")]
    pub identity: Identity,
}

/// Settings of `lombard demo`.
#[derive(Debug, Args)]
pub struct Demo {
    /// The gateway to talk to, for example `http://127.0.0.1:8080`. Without it, a platform is
    /// started for the demo and thrown away after it.
    #[arg(long, value_name = "URL")]
    pub url: Option<String>,
    /// Who logs in.
    #[arg(long, default_value = SANDBOX.email)]
    pub email: String,
    /// The password to log in with.
    #[arg(long, default_value = SANDBOX.password, env = "LOMBARD_PASSWORD", hide_env_values = true)]
    pub password: String,
}

/// Settings of `lombard bench`.
#[derive(Debug, Args)]
pub struct Bench {
    /// How often everything is measured; what counts is the median.
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..))]
    pub rounds: u32,
    /// Seconds of each measurement, after one second that is not counted.
    #[arg(long, value_name = "S", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..))]
    pub seconds: u64,
    /// Only these rows, by the names that a run shows.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    pub only: Vec<String>,
    /// Ledgers of the large platform; the table is about a million.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 1_000_000,
        value_parser = clap::value_parser!(u32).range(1000..=1_000_000)
    )]
    pub large: u32,
    /// A PostgreSQL server to use instead of an own one. Databases whose names begin with
    /// `lombard_bench_` are made on it, and those that are there are dropped. `pgbench` takes a
    /// password from `PGPASSWORD` or `~/.pgpass`.
    #[arg(long, value_name = "URL", hide_env_values = true)]
    pub database_url: Option<DatabaseUrl>,
    /// Where PostgreSQL's data and the logs are while it runs; a disk, because writing is measured.
    /// Without it, where temporary files are.
    #[arg(long, value_name = "DIR")]
    pub directory: Option<PathBuf>,
    /// Does without the comparison with cala-ledger, which cargo builds from the source tree.
    #[arg(long)]
    pub no_cala: bool,
    /// Leaves the data and the logs there.
    #[arg(long)]
    pub keep: bool,
    /// Also writes the results to a file, as JSON.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
    /// Fails when a row is missed.
    #[arg(long)]
    pub strict: bool,
}

/// Settings of `lombard dev-certs`.
#[derive(Debug, Args)]
pub struct DevCerts {
    /// Where they are written: `ca.crt`, `ledger.crt`, `ledger.key` and so on.
    #[arg(long, value_name = "DIR")]
    pub directory: PathBuf,
    /// What the names in them end with, as `TLS_DOMAIN` of the services.
    #[arg(long, value_name = "NAME", default_value = "lombard")]
    pub domain: String,
    /// Days that the certificates last; the authority lasts a year.
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=365))]
    pub days: u32,
}

/// Settings of `lombard verify`.
#[derive(Debug, Args)]
pub struct Verify {
    /// The ledger service's database. Without it, that of `lombard dev` in the data directory,
    /// whether it runs or not.
    #[arg(long, value_name = "URL")]
    pub database_url: Option<DatabaseUrl>,
    /// A file that holds that URL.
    #[arg(long, value_name = "FILE", conflicts_with = "database_url")]
    pub database_url_file: Option<PathBuf>,
    /// Where `lombard dev` keeps its data.
    #[arg(long, value_name = "DIR", default_value = "./.lombard")]
    pub data_dir: PathBuf,
    /// Makes the root over the seals as they were at this time, in RFC 3339, to be compared with what was
    /// told then: `2026-01-31T12:00:00Z`.
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub sealed_until: Option<OffsetDateTime>,
    /// The root that was told of that time. Another one is not sound.
    #[arg(long, value_name = "HEX", requires = "sealed_until")]
    pub root: Option<String>,
    /// Also writes the results to a file, as JSON.
    #[arg(long, value_name = "FILE")]
    pub json: Option<PathBuf>,
}

pub(crate) fn time(text: &str) -> Result<OffsetDateTime, &'static str> {
    OffsetDateTime::parse(text, &Rfc3339).map_err(|_| "must be a time as 2026-01-31T12:00:00Z")
}

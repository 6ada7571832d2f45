//! The ledger service's program.

use clap::{Args, Parser, Subcommand};
use kit::{
    config::{PostgresConfig, SandboxConfig, ServerConfig, TelemetryConfig},
    peers::CUSTOMER,
    telemetry::{self, LogTo},
};
use ledger::Settings;
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Ledgers: customers' accounts and the money that moves between them.
#[derive(Parser)]
#[command(version)]
struct Config {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    postgres: PostgresConfig,
    #[command(flatten)]
    telemetry: TelemetryConfig,
}

#[derive(Subcommand)]
enum Command {
    /// Brings the database's schema up to this version.
    Migrate,
    /// Serves gRPC until SIGTERM.
    #[command(mut_arg("listen", |listen| listen.required(false).default_value("127.0.0.1:7004")))]
    Serve(Box<Serve>),
}

#[derive(Args)]
struct Serve {
    #[command(flatten)]
    server: ServerConfig,
    #[command(flatten)]
    settings: Settings,
    #[command(flatten)]
    sandbox: SandboxConfig,
    /// The customer service, for example `https://customer:7002`.
    #[arg(long, env = "CUSTOMER_URL")]
    customer_url: String,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let config = Config::parse();
    let _flush_on_exit = telemetry::init("ledger", &config.telemetry, LogTo::Stdout)?;
    let pool = config.postgres.pool()?;
    match config.command {
        Command::Migrate => kit::postgres::migrate(&pool, &ledger::MIGRATIONS).await?,
        Command::Serve(serve) => self::serve(*serve, pool).await?,
    }
    Ok(())
}

async fn serve(config: Serve, pool: PgPool) -> anyhow::Result<()> {
    let Serve { server, settings, sandbox, customer_url } = config;
    sandbox.check(settings.sandbox, &server, false)?;
    let mut signals = server.signals()?;
    let links = server.tls.links("ledger")?;
    let customer = links.channel(CUSTOMER, &customer_url)?;
    let listener = links.listen(server.listen).await?;
    let (stop, drain_timeout) = (CancellationToken::new(), server.drain_timeout());
    let serving = ledger::serve(listener, settings, pool, customer, drain_timeout, stop.clone());
    signals.run(&stop, serving).await
}

//! The KYC service's program.

use std::sync::Arc;

use anyhow::Context;
use clap::{Args, Parser, Subcommand};
use kit::{
    config::{PostgresConfig, ServerConfig, TelemetryConfig},
    telemetry::{self, LogTo},
};
use kyc::{
    Settings,
    providers::{Providers, Sandbox},
};
use sqlx::PgPool;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// KYC: verifications of customers' identities.
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
    /// Serves gRPC and works on verifications until SIGTERM.
    Serve(Serve),
}

#[derive(Args)]
#[command(mut_arg("listen", |listen| listen.required(false).default_value("127.0.0.1:7003")))]
struct Serve {
    #[command(flatten)]
    server: ServerConfig,
    /// The customer service, for example `http://customer:7002`.
    #[arg(long, env = "CUSTOMER_URL")]
    customer_url: String,
    /// More names, besides `gb_group`, that the sandbox provider goes by.
    #[arg(long, env = "SANDBOX_PROVIDERS", value_delimiter = ',')]
    sandbox_providers: Vec<String>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let config = Config::parse();
    let _flush_on_exit = telemetry::init("kyc", &config.telemetry, LogTo::Stdout)?;
    let pool = config.postgres.pool()?;
    match config.command {
        Command::Migrate => kit::postgres::migrate(&pool, &kyc::MIGRATIONS).await?,
        Command::Serve(config) => serve(config, pool).await?,
    }
    Ok(())
}

async fn serve(config: Serve, pool: PgPool) -> anyhow::Result<()> {
    let Serve { server, customer_url, sandbox_providers } = config;
    let mut signals = server.signals()?;
    let sandbox = Arc::new(Sandbox::default());
    let mut providers = Providers::new(sandbox.clone());
    for name in &sandbox_providers {
        providers = providers.with(name, sandbox.clone());
    }
    let settings = Settings { providers, ..Settings::default() };
    let customer = kit::client::channel(customer_url).context("the customer service has no URL")?;
    let listener = TcpListener::bind(server.listen).await.context("cannot listen")?;
    let (drain, stop) = (server.drain_timeout(), CancellationToken::new());
    let serving = kyc::serve(listener, settings, pool, customer, drain, stop.clone());
    signals.run(&stop, serving).await
}

//! The KYC service's program.

use std::sync::Arc;

use anyhow::{Context, ensure};
use clap::{Args, Parser, Subcommand};
use kit::{
    config::{PostgresConfig, ServerConfig, TelemetryConfig},
    keys::KeysConfig,
    shutdown::Signals,
    telemetry::{self, LogTo},
};
use kyc::{
    ObjectsConfig, Settings,
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
    /// Wraps every data key with the newest key-encryption key, while the service runs. May be cut off, and
    /// run again.
    RotateKeys(AtRest),
}

#[derive(Args)]
struct AtRest {
    #[command(flatten)]
    keys: KeysConfig,
    #[command(flatten)]
    objects: ObjectsConfig,
}

#[derive(Args)]
#[command(mut_arg("listen", |listen| listen.required(false).default_value("127.0.0.1:7003")))]
struct Serve {
    #[command(flatten)]
    server: ServerConfig,
    #[command(flatten)]
    at_rest: AtRest,
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
        Command::RotateKeys(AtRest { keys, objects }) => {
            kit::postgres::check_schema(&pool, &kyc::MIGRATIONS).await?;
            let rotated = kyc::rotate_keys(&pool, keys.keyring()?, objects.objects()?).await?;
            tracing::info!(?rotated, "{} data keys were wrapped anew", rotated.rewrapped);
            ensure!(rotated.failed == 0, "{} data keys do not open", rotated.failed);
        }
    }
    Ok(())
}

async fn serve(config: Serve, pool: PgPool) -> anyhow::Result<()> {
    let Serve { server, at_rest: AtRest { keys, objects }, customer_url, sandbox_providers } =
        config;
    let mut signals = Signals::listen()?;
    let sandbox = Arc::new(Sandbox::default());
    let mut providers = Providers::new(sandbox.clone());
    for name in &sandbox_providers {
        providers = providers.with(name, sandbox.clone());
    }
    let settings = Settings { providers, ..Settings::new(keys.keyring()?, objects.objects()?) };
    let customer = kit::client::channel(customer_url).context("the customer service has no URL")?;
    let listener = TcpListener::bind(server.listen).await.context("cannot listen")?;
    let (drain, stop) = (server.drain_timeout(), CancellationToken::new());
    let serving = kyc::serve(listener, settings, pool, customer, drain, stop.clone());
    signals.run(&stop, serving).await
}

//! The customer service's program.

use anyhow::ensure;
use clap::{Args, Parser, Subcommand};
use kit::{
    config::{MigrateConfig, PostgresConfig, ServerConfig, TelemetryConfig},
    keys::KeysConfig,
    telemetry::{self, LogTo},
};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Customers: the persons and companies whom tenants serve.
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
    Migrate(MigrateConfig),
    /// Serves gRPC until SIGTERM.
    Serve(Box<Serve>),
    /// Wraps every data key with the newest key-encryption key, while the service runs. May be cut off, and
    /// run again.
    RotateKeys(KeysConfig),
}

#[derive(Args)]
#[command(mut_arg("listen", |listen| listen.required(false).default_value("127.0.0.1:7002")))]
struct Serve {
    #[command(flatten)]
    server: ServerConfig,
    #[command(flatten)]
    keys: KeysConfig,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let config = Config::parse();
    let telemetry = match config.command {
        Command::Serve(_) => config.telemetry.clone(),
        Command::Migrate(_) | Command::RotateKeys(_) => config.telemetry.of_command(),
    };
    let _flush_on_exit = telemetry::init("customer", &telemetry, LogTo::Stdout)?;
    let pool = config.postgres.pool()?;
    match config.command {
        Command::Migrate(how) => how.run(&pool, &customer::MIGRATIONS, customer::CITUS).await?,
        Command::Serve(config) => {
            let Serve { server, keys } = *config;
            let mut signals = server.signals()?;
            let listener = server.tls.links("customer")?.listen(server.listen).await?;
            let (stop, drain) = (CancellationToken::new(), server.drain_timeout());
            let serving = customer::serve(listener, pool, keys.keyring()?, drain, stop.clone());
            Box::pin(signals.run(&stop, serving)).await?;
        }
        Command::RotateKeys(keys) => rotate_keys(&pool, &keys).await?,
    }
    Ok(())
}

async fn rotate_keys(pool: &PgPool, keys: &KeysConfig) -> anyhow::Result<()> {
    let rotated = customer::rotate_keys(pool, &keys.keyring()?).await?;
    tracing::info!(?rotated, "{} keys were wrapped anew", rotated.rewrapped);
    ensure!(rotated.failed == 0, "{} keys do not open", rotated.failed);
    Ok(())
}

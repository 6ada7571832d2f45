//! The customer service's program.

use clap::{Parser, Subcommand};
use kit::{
    config::{PostgresConfig, ServerConfig, TelemetryConfig},
    telemetry::{self, LogTo},
};
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
    Migrate,
    /// Serves gRPC until SIGTERM.
    #[command(mut_arg("listen", |listen| listen.required(false).default_value("127.0.0.1:7002")))]
    Serve(ServerConfig),
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let config = Config::parse();
    let _flush_on_exit = telemetry::init("customer", &config.telemetry, LogTo::Stdout)?;
    let pool = config.postgres.pool()?;
    match config.command {
        Command::Migrate => kit::postgres::migrate(&pool, &customer::MIGRATIONS).await?,
        Command::Serve(server) => {
            let mut signals = server.signals()?;
            let listener = server.tls.links("customer")?.listen(server.listen).await?;
            let stop = CancellationToken::new();
            let serving = customer::serve(listener, pool, server.drain_timeout(), stop.clone());
            signals.run(&stop, serving).await?;
        }
    }
    Ok(())
}

//! The gateway's program.

use anyhow::Context;
use clap::{Args, Parser, Subcommand};
use gateway::{Limits, Settings};
use kit::{
    client,
    config::{ServerConfig, TelemetryConfig},
    telemetry::{self, LogTo},
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// The JSON surface in front of the services.
#[derive(Parser)]
#[command(version)]
struct Config {
    #[command(subcommand)]
    command: Command,
    #[command(flatten)]
    telemetry: TelemetryConfig,
}

#[derive(Subcommand)]
enum Command {
    /// Serves HTTP until SIGTERM.
    #[command(mut_arg("listen", |listen| listen.required(false).default_value("127.0.0.1:8080")))]
    Serve(Serve),
}

#[derive(Args)]
struct Serve {
    #[command(flatten)]
    server: ServerConfig,
    /// The access service, for example `http://access:7001`.
    #[arg(long, env = "ACCESS_URL")]
    access_url: String,
    /// The customer service.
    #[arg(long, env = "CUSTOMER_URL")]
    customer_url: String,
    /// The KYC service.
    #[arg(long, env = "KYC_URL")]
    kyc_url: String,
    /// The ledger service.
    #[arg(long, env = "LEDGER_URL")]
    ledger_url: String,
    /// Adds the paths that play the outside world. Never in production.
    #[arg(long, env = "SANDBOX")]
    sandbox: bool,
    #[command(flatten)]
    limits: Limits,
}

impl Serve {
    fn settings(&self) -> anyhow::Result<Settings> {
        let channel =
            |url: &String| client::channel(url.clone()).with_context(|| format!("{url} is no URL"));
        Ok(Settings {
            access: channel(&self.access_url)?,
            customer: channel(&self.customer_url)?,
            kyc: channel(&self.kyc_url)?,
            ledger: channel(&self.ledger_url)?,
            sandbox: self.sandbox,
            drain_timeout: self.server.drain_timeout(),
            limits: self.limits.clone(),
        })
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let config = Config::parse();
    let _flush_on_exit = telemetry::init("gateway", &config.telemetry, LogTo::Stdout)?;
    match config.command {
        Command::Serve(serve) => {
            let mut signals = serve.server.signals()?;
            let settings = serve.settings()?;
            let listener = TcpListener::bind(serve.server.listen).await.context("cannot listen")?;
            let stop = CancellationToken::new();
            signals.run(&stop, gateway::serve(listener, settings, stop.clone())).await?;
        }
    }
    Ok(())
}

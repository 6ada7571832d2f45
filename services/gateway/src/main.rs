//! The gateway's program.

use std::path::PathBuf;

use anyhow::bail;
use clap::{Args, Parser, Subcommand};
use gateway::{Limits, Settings};
use kit::{
    config::{SandboxConfig, ServerConfig, TelemetryConfig},
    peers::{ACCESS, CUSTOMER, GATEWAY, KYC, LEDGER},
    telemetry::{self, LogTo},
    tls::Links,
};
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
    /// The access service, for example `https://access:7001`.
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
    anywhere: SandboxConfig,
    #[command(flatten)]
    limits: Limits,
    /// The certificate for clients, as PEM. Without it they are to come by something that ends TLS,
    /// and `PLAINTEXT=allow` says so. Read again when it changes.
    #[arg(long, env = "HTTPS_CERT_FILE", value_name = "FILE")]
    https_cert_file: Option<PathBuf>,
    /// That certificate's key, as PEM.
    #[arg(long, env = "HTTPS_KEY_FILE", value_name = "FILE")]
    https_key_file: Option<PathBuf>,
}

impl Serve {
    fn certificate(&self) -> anyhow::Result<Option<[PathBuf; 2]>> {
        match (&self.https_cert_file, &self.https_key_file) {
            (Some(certificate), Some(key)) => Ok(Some([certificate.clone(), key.clone()])),
            (None, None) => Ok(None),
            _ => bail!("HTTPS_CERT_FILE and HTTPS_KEY_FILE belong together"),
        }
    }

    fn settings(&self, links: &Links) -> anyhow::Result<Settings> {
        Ok(Settings {
            access: links.channel(ACCESS, &self.access_url)?,
            customer: links.channel(CUSTOMER, &self.customer_url)?,
            kyc: links.channel(KYC, &self.kyc_url)?,
            ledger: links.channel(LEDGER, &self.ledger_url)?,
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
            let certificate = serve.certificate()?;
            serve.anywhere.check(serve.sandbox, &serve.server, certificate.is_some())?;
            let mut signals = serve.server.signals()?;
            let links = serve.server.tls.links(GATEWAY)?;
            let settings = serve.settings(&links)?;
            let listener = links.listen_to_public(serve.server.listen, certificate).await?;
            let stop = CancellationToken::new();
            signals.run(&stop, gateway::serve(listener, settings, stop.clone())).await?;
        }
    }
    Ok(())
}

//! The KYC service's program.

use std::{fs, path::PathBuf, sync::Arc};

use anyhow::Context;
use clap::{Args, Parser, Subcommand, ValueEnum};
use kit::{
    config::{PostgresConfig, ServerConfig, TelemetryConfig},
    telemetry::{self, LogTo},
};
use kyc::{
    Settings,
    providers::{Providers, Sandbox},
    screening::{self, Shrinking, files::Ofac},
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
    /// Puts a sanctions list in the place of the one that is stored, whole or not at all. Everybody is
    /// screened again.
    LoadList(LoadList),
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
    /// `tesseract`, to read the machine-readable zones of images. Without it they are not read.
    #[arg(long, env = "OCR_PROGRAM")]
    ocr_program: Option<PathBuf>,
}

#[derive(Args)]
struct LoadList {
    list: ListName,
    /// The UK list's CSV file, or the directory with OFAC's sdn.csv, alt.csv and add.csv.
    path: PathBuf,
    /// Loads it also when it has less than 80 % of the entries that it had.
    #[arg(long)]
    allow_shrink: bool,
}

#[derive(Clone, Copy, ValueEnum)]
enum ListName {
    /// The UK Sanctions List.
    Uk,
    /// OFAC's list of Specially Designated Nationals.
    Ofac,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let config = Config::parse();
    let telemetry = match config.command {
        Command::Serve(_) => config.telemetry.clone(),
        Command::Migrate | Command::LoadList(_) => config.telemetry.of_command(),
    };
    let _flush_on_exit = telemetry::init("kyc", &telemetry, LogTo::Stdout)?;
    let pool = config.postgres.pool()?;
    match config.command {
        Command::Migrate => kit::postgres::migrate(&pool, &kyc::MIGRATIONS).await?,
        Command::LoadList(config) => {
            kit::postgres::check_schema(&pool, &kyc::MIGRATIONS).await?;
            load_list(&config, &pool).await?;
        }
        Command::Serve(config) => serve(config, pool).await?,
    }
    Ok(())
}

async fn serve(config: Serve, pool: PgPool) -> anyhow::Result<()> {
    let Serve { server, customer_url, sandbox_providers, ocr_program } = config;
    let mut signals = server.signals()?;
    let sandbox = Arc::new(Sandbox::default());
    let mut providers = Providers::new(sandbox.clone());
    for name in &sandbox_providers {
        providers = providers.with(name, sandbox.clone());
    }
    let settings = Settings { providers, ocr_program, ..Settings::default() };
    let customer = kit::client::channel(customer_url).context("the customer service has no URL")?;
    let listener = TcpListener::bind(server.listen).await.context("cannot listen")?;
    let (drain, stop) = (server.drain_timeout(), CancellationToken::new());
    let serving = kyc::serve(listener, settings, pool, customer, drain, stop.clone());
    signals.run(&stop, serving).await
}

async fn load_list(config: &LoadList, pool: &PgPool) -> anyhow::Result<()> {
    let LoadList { list, path, allow_shrink } = config;
    let shrinking = if *allow_shrink { Shrinking::Allowed } else { Shrinking::Refused };
    let read = |path: &PathBuf| {
        fs::read(path).with_context(|| format!("{} cannot be read", path.display()))
    };
    let loaded = match list {
        ListName::Uk => screening::load_uk(pool, &read(path)?, shrinking).await,
        ListName::Ofac => {
            let [sdn, alt, add] = ["sdn.csv", "alt.csv", "add.csv"].map(|file| path.join(file));
            let files = Ofac { sdn: read(&sdn)?, alt: read(&alt)?, add: read(&add)? };
            screening::load_ofac(pool, &files, shrinking).await
        }
    };
    let loaded = loaded.context("the list is not loaded")?;
    for unread in &loaded.unread {
        tracing::warn!("{unread}");
    }
    tracing::info!(entries = loaded.entries, "the list is loaded");
    Ok(())
}

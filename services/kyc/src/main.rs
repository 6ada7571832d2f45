//! The KYC service's program.

use std::{fs, path::PathBuf, sync::Arc};

use anyhow::{Context, ensure};
use clap::{Args, Parser, Subcommand, ValueEnum};
use kit::{
    config::{MigrateConfig, PostgresConfig, SandboxConfig, ServerConfig, TelemetryConfig},
    keys::KeysConfig,
    peers::CUSTOMER,
    telemetry::{self, LogTo},
};
use kyc::{
    ObjectsConfig, Settings,
    providers::{Hosts, Sandbox},
    screening::{self, Shrinking, files::Ofac},
};
use sqlx::PgPool;
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
    Migrate(MigrateConfig),
    /// Puts a sanctions list in the place of the one that is stored, whole or not at all. Everybody is
    /// screened again.
    LoadList(LoadList),
    /// Serves gRPC and works on verifications until SIGTERM.
    Serve(Box<Serve>),
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
    /// The customer service, for example `https://customer:7002`.
    #[arg(long, env = "CUSTOMER_URL")]
    customer_url: String,
    /// Plays the provider for tenants without one of their own. Never in production: it verifies
    /// whoever has no telling name.
    #[arg(long, env = "SANDBOX")]
    sandbox: bool,
    #[command(flatten)]
    anywhere: SandboxConfig,
    /// More names, besides `gb_group`, that the sandbox provider goes by.
    #[arg(long, env = "SANDBOX_PROVIDERS", value_delimiter = ',', requires = "sandbox")]
    sandbox_providers: Vec<String>,
    /// `tesseract`, to read the machine-readable zones of images. Without it they are not read.
    #[arg(long, env = "OCR_PROGRAM")]
    ocr_program: Option<PathBuf>,
    #[command(flatten)]
    hosts: Hosts,
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
        Command::Migrate(_) | Command::LoadList(_) | Command::RotateKeys(_) => {
            config.telemetry.of_command()
        }
    };
    let _flush_on_exit = telemetry::init("kyc", &telemetry, LogTo::Stdout)?;
    let pool = config.postgres.pool()?;
    match config.command {
        Command::Migrate(how) => how.run(&pool, &kyc::MIGRATIONS, kyc::CITUS).await?,
        Command::LoadList(config) => {
            kit::postgres::check_schema(&pool, &kyc::MIGRATIONS).await?;
            load_list(&config, &pool).await?;
        }
        Command::Serve(config) => serve(*config, pool).await?,
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
    config.anywhere.check(config.sandbox, &config.server, false)?;
    let mut signals = config.server.signals()?;
    let settings = settings(&config)?;
    let Serve { server, customer_url, .. } = config;
    let links = server.tls.links("kyc")?;
    let customer = links.channel(CUSTOMER, &customer_url)?;
    let listener = links.listen(server.listen).await?;
    let (drain, stop) = (server.drain_timeout(), CancellationToken::new());
    let serving = kyc::serve(listener, settings, pool, customer, drain, stop.clone());
    Box::pin(signals.run(&stop, serving)).await
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
            let files = Ofac::in_directory(path).context("the files cannot be read")?;
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

fn settings(config: &Serve) -> anyhow::Result<Settings> {
    let (keys, objects) = (config.at_rest.keys.keyring()?, config.at_rest.objects.objects()?);
    let mut settings = Settings::new(keys, objects);
    if config.sandbox {
        settings = settings.in_the_sandbox();
        for name in &config.sandbox_providers {
            settings.providers = settings.providers.with(name, Arc::new(Sandbox::default()));
        }
    }
    let (hosts, ocr_program) = (config.hosts.clone(), config.ocr_program.clone());
    Ok(Settings { hosts, ocr_program, ..settings })
}

//! Where it is measured: PostgreSQL, and on it a platform with few ledgers and one with many.

use std::{
    collections::HashMap,
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::Context;
use tempfile::TempDir;

use super::{
    cala::Cala,
    data::{self, Fill},
    load::Timing,
    pgbench::Pgbench,
    platform::Platform,
    rows::Page,
};
use crate::{
    cli::Bench,
    server::Server,
    stack::{OTHER, SANDBOX},
};

/// The services that have a database.
const SERVICES: [&str; 4] = ["access", "customer", "kyc", "ledger"];
/// The database of the usual transaction.
const BASELINE: &str = "lombard_bench_baseline";
/// The ledgers of the platform with few.
const FEW: u32 = 10_000;
/// The ledgers of the other tenant, beside whom many are compared.
const FEWER: u32 = 1000;

/// Which platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Size {
    /// 10,000 ledgers that have money and no past. Made anew for each round.
    Small,
    /// A million ledgers with five million entries; a second tenant has a thousand.
    Large,
}

impl Size {
    /// What the names of its databases begin with: none that `dev` has.
    pub(super) const fn prefix(self) -> &'static str {
        match self {
            Self::Small => "lombard_bench_",
            Self::Large => "lombard_bench_large_",
        }
    }

    fn databases(self) -> Vec<String> {
        SERVICES.iter().map(|service| format!("{}{service}", self.prefix())).collect()
    }
}

/// A platform with its data.
#[derive(Debug)]
pub(super) struct Filled {
    pub(super) platform: Platform,
    pub(super) fill: Fill,
    /// Of the large one, the second tenant.
    pub(super) little: Option<Fill>,
}

/// All that is measured, and all that must be stopped in the end.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) server: Server,
    home: TempDir,
    pub(super) timing: Timing,
    many: u32,
    pub(super) pgbench: Option<Pgbench>,
    /// Or why it cannot be measured.
    pub(super) cala: Result<Cala, String>,
    pub(super) small: Option<Filled>,
    large: Option<Filled>,
    pub(super) pages: HashMap<Page, String>,
}

impl Site {
    /// Starts PostgreSQL and nothing else.
    pub(super) async fn open(options: &Bench) -> anyhow::Result<Self> {
        let home = home(options)?;
        let server = match &options.database_url {
            Some(url) => Server::Given(url.options()?),
            None => Server::durable(home.path()).await?,
        };
        let script = home.path().join("transfer.pgbench");
        let pgbench = Pgbench::find(&server.options(), BASELINE, script)?;
        let lasts = Duration::from_secs(options.seconds);
        let timing = Timing { warm_up: Duration::from_secs(1), lasts };
        let (many, pages) = (options.large, HashMap::new());
        let cala = Err("left out by --no-cala".to_owned());
        Ok(Self { server, home, timing, many, pgbench, cala, small: None, large: None, pages })
    }

    /// Where the logs are.
    pub(super) fn directory(&self) -> &Path {
        self.home.path()
    }

    /// Makes the platform with few ledgers, and the baseline's tables, as if for the first time.
    pub(super) async fn renew(&mut self) -> anyhow::Result<()> {
        if let Some(Filled { platform, .. }) = self.small.take() {
            platform.stop().await?;
        }
        data::baseline(&self.server.options(), BASELINE).await?;
        self.small = Some(self.make(Size::Small).await?);
        Ok(())
    }

    /// Makes the platform with many ledgers. Takes minutes.
    pub(super) async fn make_large(&mut self) -> anyhow::Result<()> {
        self.large = Some(self.make(Size::Large).await?);
        Ok(())
    }

    /// A platform on new databases. They are filled once it has made them.
    async fn make(&self, size: Size) -> anyhow::Result<Filled> {
        let server = self.server.options();
        data::drop_databases(&server, &size.databases()).await?;
        let platform = self.start(size).await?;
        let tenant = platform.tenant(SANDBOX.name)?;
        let (fill, little) = match size {
            Size::Small => (Fill { tenant, ledgers: FEW, has_past: false }, None),
            Size::Large => {
                let other = platform.tenant(OTHER.name)?;
                let little = Fill { tenant: other, ledgers: FEWER, has_past: true };
                (Fill { tenant, ledgers: self.many, has_past: true }, Some(little))
            }
        };
        for fill in [Some(fill), little].into_iter().flatten() {
            fill.write(&server, size.prefix()).await?;
        }
        data::settle(&server, &size.databases()).await?;
        Ok(Filled { platform, fill, little })
    }

    /// A platform on the databases as they are.
    pub(super) async fn start(&self, size: Size) -> anyhow::Result<Platform> {
        let log = self.home.path().join(format!("{}platform.log", size.prefix()));
        Platform::start(&self.server.options(), size.prefix(), &log)
            .await
            .with_context(|| fs::read_to_string(&log).unwrap_or_default())
    }

    pub(super) fn filled(&self, size: Size) -> anyhow::Result<&Filled> {
        let filled = match size {
            Size::Small => &self.small,
            Size::Large => &self.large,
        };
        filled.as_ref().context("the platform has not been started")
    }

    /// Stops everything that was started, and removes what was made unless it is to be kept.
    pub(super) async fn close(self, keep: bool) -> anyhow::Result<()> {
        let mut outcome = Ok(());
        for Filled { platform, .. } in [self.small, self.large].into_iter().flatten() {
            outcome = outcome.and(platform.stop().await);
        }
        // What is on a server of our own goes with its files.
        if !keep && matches!(self.server, Server::Given(_)) {
            let mut databases = vec![BASELINE.to_owned()];
            databases.extend(Size::Small.databases());
            databases.extend(Size::Large.databases());
            let dropped = data::drop_databases(&self.server.options(), &databases).await;
            outcome = outcome.and(dropped.map_err(Into::into));
        }
        outcome = outcome.and(self.server.stop().await);
        if keep {
            let home: PathBuf = self.home.keep();
            eprintln!("lombard: everything is kept in {}", home.display());
        }
        outcome
    }
}

/// A directory that the user whom PostgreSQL runs as can enter.
fn home(options: &Bench) -> anyhow::Result<TempDir> {
    let mut builder = tempfile::Builder::new();
    builder.prefix("lombard-bench-").permissions(fs::Permissions::from_mode(0o755));
    let made = match &options.directory {
        Some(directory) => builder.tempdir_in(directory),
        None => builder.tempdir(),
    };
    made.context("cannot make a directory for the measurements")
}

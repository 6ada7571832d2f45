//! What becomes of acknowledged transfers when processes die.
//!
//! Under load the platform is killed, and then PostgreSQL. Some clients give up after an error, as if
//! they had died too; the others repeat the request until it is answered. Afterwards every transfer
//! that was acknowledged must be there once, and every other at most once. Transfers are told by their
//! references, which are all different here, so that nothing rests on how the ledger keeps its keys.

mod check;
mod client;

use std::{
    fs, mem,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::Context;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tokio::{
    sync::watch,
    task::JoinSet,
    time::{Instant, sleep},
};

use self::client::{Attempts, Client};
use super::{
    data::Fill,
    site::{Filled, Site, Size},
};
use crate::server::Server;

const IN_FLIGHT: usize = 64;
/// How often the platform is killed.
const KILLS: u32 = 3;
/// How long there is load between one death and the next.
const CALM: Duration = Duration::from_secs(2);
/// How long PostgreSQL's remains may keep a new one from starting.
const PATIENCE: Duration = Duration::from_mins(1);

/// What came out.
#[derive(Debug, Clone, Copy)]
pub(super) struct Verdict {
    pub(super) acknowledged: usize,
    pub(super) unknown: usize,
    pub(super) lost: usize,
    pub(super) doubled: usize,
    /// Accounts whose balance is not what their entries say, and currencies that do not sum to zero.
    pub(super) unbalanced: i64,
    pub(super) is_postgres_killed: bool,
}

impl Verdict {
    pub(super) fn passes(&self) -> bool {
        self.acknowledged > 0 && self.lost == 0 && self.doubled == 0 && self.unbalanced == 0
    }

    /// For people.
    pub(super) fn text(&self) -> String {
        let Self { acknowledged, unknown, lost, doubled, unbalanced, .. } = self;
        let verdict = if self.passes() { "PASS" } else { "MISS" };
        let also = if self.is_postgres_killed { " and PostgreSQL" } else { "" };
        format!(
            "{verdict}  kill: kill -9 of the platform{also}, under load\n      \
             lost {lost}, twice {doubled}, unbalanced {unbalanced}, wanted 0; \
             of {acknowledged} acknowledged and {unknown} unanswered transfers\n"
        )
    }

    /// For machines.
    pub(super) fn json(&self) -> Value {
        json!({
            "name": "kill",
            "verdict": if self.passes() { "PASS" } else { "MISS" },
            "acknowledged": self.acknowledged,
            "unanswered": self.unknown,
            "lost": self.lost,
            "twice": self.doubled,
            "unbalanced": self.unbalanced,
            "postgres_killed": self.is_postgres_killed,
        })
    }
}

/// Kills, and counts what is missing.
pub(super) async fn run(site: &mut Site) -> anyhow::Result<Verdict> {
    site.renew().await?;
    let Filled { platform, fill, .. } = site.filled(Size::Small)?;
    let (fill, url) = (*fill, watch::Sender::new(platform.ledger()?));
    let attempts = Arc::new(Mutex::new(Attempts::default()));
    let mut clients = JoinSet::new();
    for number in 0..IN_FLIGHT {
        let client = Client::new(number, fill, url.subscribe(), attempts.clone())?;
        clients.spawn(client.run());
    }
    let is_postgres_killed = deaths(site, fill, &url).await?;
    // Without an address, clients stop when their last request is answered or given up.
    url.send_replace(String::new());
    while let Some(ended) = clients.join_next().await {
        ended??;
    }
    let attempts = mem::take(&mut *attempts.lock().unwrap_or_else(PoisonError::into_inner));
    let platform = &site.filled(Size::Small)?.platform;
    let mut verdict =
        check::check(&site.server.options(), &platform.ledger()?, fill, &attempts).await?;
    verdict.is_postgres_killed = is_postgres_killed;
    Ok(verdict)
}

/// Says whether PostgreSQL was killed, too.
async fn deaths(site: &mut Site, fill: Fill, url: &watch::Sender<String>) -> anyhow::Result<bool> {
    for _ in 0..KILLS {
        sleep(CALM).await;
        let filled = site.small.take().context("no platform")?;
        filled.platform.kill().await?;
        let platform = site.start(Size::Small).await?;
        url.send_replace(platform.ledger()?);
        site.small = Some(Filled { platform, fill, little: None });
    }
    sleep(CALM).await;
    let is_killed = kill_postgres(site).await?;
    sleep(CALM).await;
    Ok(is_killed)
}

/// Kills PostgreSQL if it is ours, and starts it again. The platform stays, and must find it.
async fn kill_postgres(site: &mut Site) -> anyhow::Result<bool> {
    let Server::Own(cluster) = &site.server else { return Ok(false) };
    let lock = fs::read_to_string(cluster.directory().join("data/postmaster.pid"))?;
    let pid = lock.lines().next().and_then(|line| Pid::from_raw(line.trim().parse().ok()?));
    kill_process(pid.context("PostgreSQL's process is not known")?, Signal::KILL)?;
    // We let go of its directory, for the next one.
    let gone = Server::Given(cluster.options());
    drop(mem::replace(&mut site.server, gone));
    let deadline = Instant::now().checked_add(PATIENCE).context("no such time")?;
    loop {
        // Its other processes end by themselves; as long as one lives, no server starts there.
        match Server::durable(site.directory()).await {
            Ok(server) => {
                site.server = server;
                return Ok(true);
            }
            Err(_) if Instant::now() < deadline => sleep(Duration::from_millis(200)).await,
            Err(error) => return Err(error.context("PostgreSQL does not start again")),
        }
    }
}

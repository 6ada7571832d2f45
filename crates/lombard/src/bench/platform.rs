//! The platform as its users have it: a process of its own, this program's `dev`.

use std::{
    collections::HashMap,
    env,
    fs::{self, File},
    path::Path,
    process::Stdio,
    time::Duration,
};

use anyhow::{Context, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};
use sqlx::{ConnectOptions, postgres::PgConnectOptions};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, ChildStdout, Command},
    time::timeout,
};
use uuid::Uuid;

/// Longer than a start or a stop takes on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

/// A running platform; killed when dropped. [`Platform::stop`] is the orderly way.
#[derive(Debug)]
pub(super) struct Platform {
    child: Child,
    // Kept open: the platform says more, and must not find a closed pipe.
    _stdout: BufReader<ChildStdout>,
    said: HashMap<String, String>,
}

impl Platform {
    /// Starts it on databases whose names begin with `prefix`, which it makes. What it logs goes where
    /// `log` is.
    pub(super) async fn start(
        server: &PgConnectOptions,
        prefix: &str,
        log: &Path,
    ) -> anyhow::Result<Self> {
        // Beside the log, and the same when it is started again.
        let files = log.with_extension("files");
        let log = File::options().create(true).append(true).open(log)?;
        let mut child = Command::new(env::current_exe()?)
            .args(["dev", "--listen", "127.0.0.1:0", "--database-prefix", prefix])
            .arg("--data-dir")
            .arg(files)
            .env("LOMBARD_DATABASE_URL", server.to_url_lossy().as_str())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            // Ctrl-C in a terminal is for us, who stop it when its clients are gone.
            .process_group(0)
            .kill_on_drop(true)
            .spawn()
            .context("cannot start the platform")?;
        let mut stdout = BufReader::new(child.stdout.take().context("its output is piped")?);
        let said = timeout(PATIENCE, until_ready(&mut stdout)).await;
        let said = said.context("the platform takes too long to start")??;
        Ok(Self { child, _stdout: stdout, said })
    }

    /// Where the ledger service answers gRPC, as a URL.
    pub(super) fn ledger(&self) -> anyhow::Result<String> {
        Ok(format!("http://{}", self.told("grpc ledger")?))
    }

    /// Where the gateway answers, as a URL.
    pub(super) fn gateway(&self) -> anyhow::Result<String> {
        Ok(self.told("ready")?.to_owned())
    }

    /// The id of a tenant that `dev` makes.
    pub(super) fn tenant(&self, name: &str) -> anyhow::Result<Uuid> {
        Ok(self.told(&format!("tenant {name}"))?.parse()?)
    }

    fn told(&self, what: &str) -> anyhow::Result<&str> {
        let found = self.said.get(what).map(String::as_str);
        found.with_context(|| format!("the platform has not said its {what}"))
    }

    /// What memory it takes now, in MiB.
    pub(super) fn memory_mib(&self) -> anyhow::Result<u64> {
        let pid = self.child.id().context("the platform has ended by itself")?;
        let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
        let resident = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = resident.and_then(|text| text.trim().strip_suffix(" kB"));
        let kib: u64 = kib.context("its memory is not told")?.parse()?;
        Ok(kib.div_euclid(1024))
    }

    /// Does what an operator does with `lombard admin`, on the access service's database.
    pub(super) async fn admin(
        &self,
        database: &PgConnectOptions,
        arguments: &[&str],
    ) -> anyhow::Result<()> {
        let done = Command::new(env::current_exe()?)
            .arg("admin")
            .args(arguments)
            .env("ACCESS_DATABASE_URL", database.to_url_lossy().as_str())
            .stdout(Stdio::null())
            .status()
            .await?;
        ensure!(done.success(), "lombard admin failed: {done}");
        Ok(())
    }

    /// Tells it to stop, and waits until it has.
    pub(super) async fn stop(self) -> anyhow::Result<()> {
        self.end(Signal::TERM).await
    }

    /// Ends it without a warning, as a crash does.
    pub(super) async fn kill(self) -> anyhow::Result<()> {
        self.end(Signal::KILL).await
    }

    async fn end(mut self, signal: Signal) -> anyhow::Result<()> {
        let pid = self.child.id().context("the platform has ended by itself")?;
        let pid = Pid::from_raw(i32::try_from(pid)?).context("no process has the number 0")?;
        kill_process(pid, signal)?;
        let ended = timeout(PATIENCE, self.child.wait()).await;
        let status = ended.context("the platform takes too long to stop")??;
        ensure!(signal == Signal::KILL || status.success(), "the platform failed: {status}");
        Ok(())
    }
}

/// The lines up to the one that begins with `ready`: the last word by those before it.
async fn until_ready(
    stdout: &mut BufReader<ChildStdout>,
) -> anyhow::Result<HashMap<String, String>> {
    let mut said = HashMap::new();
    let mut line = String::new();
    while stdout.read_line(&mut line).await? > 0 {
        if let Some((what, value)) = line.trim_end().rsplit_once(' ') {
            said.insert(what.to_owned(), value.to_owned());
            if what == "ready" {
                return Ok(said);
            }
        }
        line.clear();
    }
    bail!("the platform did not start; see its log")
}

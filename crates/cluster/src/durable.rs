//! A cluster that outlives us, on purpose or not.

use std::{
    fs::{self, File, TryLockError},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
    process::Child,
};

use anyhow::{Context as _, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use tokio::time::{sleep, timeout};

use crate::{
    binaries::{self, Binaries},
    log,
    place::Place,
    postmaster,
    server::{self, INITDB, POLL, START_DEADLINE, STOP_DEADLINE},
    user::User,
};

/// Room for the books of a busy day: PostgreSQL's own defaults are for the smallest of machines. The
/// memory is taken as it is used; what is written is as safe as ever.
const SETTINGS: [&str; 4] =
    ["shared_buffers=512MB", "max_wal_size=2GB", "checkpoint_timeout=15min", "jit=off"];

/// What a cluster under construction is called, until it is complete.
const UNFINISHED: &str = "data.new-";

#[derive(Debug)]
pub(crate) struct Durable {
    data: PathBuf,
    pid: Pid,
    /// None when another process started the server.
    child: Option<Child>,
    /// The kernel lets go of it when we die, however we do.
    _lock: File,
}

impl Durable {
    pub(crate) async fn start(place: &Place, sockets: &Path) -> Result<Self> {
        let lock = lock(&place.directory)?;
        let data = place.directory.join("data");
        let cache = place.directory.join("binaries");
        let binaries = Binaries::find(binaries::major_of(&data), &cache, &place.user).await?;
        if !data.exists() {
            make(&place.directory, &binaries, &place.user).await?;
        }
        let mut launch = Launch { binaries, place, data: &data, sockets, child: None };
        match timeout(START_DEADLINE, launch.until_it_answers()).await {
            Ok(started) => started?,
            Err(_) => bail!(
                "PostgreSQL in {} does not answer; see {}",
                data.display(),
                place.directory.join("log").display()
            ),
        }
        let pid = postmaster::running(&data).context("PostgreSQL has gone again")?;
        Ok(Self { child: launch.child, pid, data, _lock: lock })
    }

    /// Ends all sessions, writes everything down, and waits for the server to end.
    pub(crate) async fn stop(mut self) -> Result<()> {
        self.ask_to_stop();
        let ended = timeout(STOP_DEADLINE, async {
            while self.is_running() {
                sleep(POLL).await;
            }
        });
        ended.await.with_context(|| {
            format!("PostgreSQL (process {}) is still stopping, and will when it can", self.pid)
        })
    }

    fn ask_to_stop(&mut self) {
        // Only a living process: a dead one's number may be another's by now.
        if self.is_running() {
            // SIGINT is PostgreSQL's fast shutdown. It fails when the process has just ended: fine.
            let _ = kill_process(self.pid, Signal::INT);
        }
    }

    fn is_running(&mut self) -> bool {
        match &mut self.child {
            Some(child) => matches!(child.try_wait(), Ok(None)),
            None => postmaster::serves(self.pid, &self.data),
        }
    }
}

impl Drop for Durable {
    fn drop(&mut self) {
        self.ask_to_stop();
    }
}

/// One start, until it succeeds.
struct Launch<'a> {
    binaries: Binaries,
    place: &'a Place,
    data: &'a Path,
    sockets: &'a Path,
    child: Option<Child>,
}

impl Launch<'_> {
    /// Starts a server, unless one runs that a killed process has left; that may also be one that is
    /// about to stop, or was only just started.
    async fn until_it_answers(&mut self) -> Result<()> {
        let options = server::options(self.sockets);
        while !server::answers(&options).await {
            if let Some(child) = &mut self.child {
                if let Some(status) = child.try_wait()? {
                    if postmaster::running(self.data).is_none() {
                        let log = File::open(self.log_path()).map(|log| log::tail(&log));
                        bail!("PostgreSQL did not start ({status})\n{}", log.unwrap_or_default());
                    }
                    self.child = None;
                }
            } else if postmaster::running(self.data).is_none() {
                self.child = Some(self.spawn()?);
            }
            sleep(POLL).await;
        }
        // Another one answers, and ours is about to notice that it is one too many.
        let answering = postmaster::running(self.data);
        if let Some(child) = &mut self.child
            && answering.is_some_and(|pid| u32::try_from(pid.as_raw_pid()) != Ok(child.id()))
        {
            child.wait()?;
            self.child = None;
        }
        Ok(())
    }

    fn spawn(&self) -> Result<Child> {
        postmaster::forget_stale(self.data, self.sockets)?;
        let path = self.log_path();
        // There is none before the first start.
        let _ = fs::rename(&path, path.with_extension("old"));
        let log = File::options().create(true).append(true).mode(0o600).open(&path)?;
        self.place
            .user
            .command(&self.binaries.postgres)
            .args(server::arguments(self.data, self.sockets, &SETTINGS))
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .with_context(|| format!("cannot run {}", self.binaries.postgres.display()))
    }

    fn log_path(&self) -> PathBuf {
        self.place.directory.join("log")
    }
}

/// Keeps other processes of ours out of the directory.
fn lock(directory: &Path) -> Result<File> {
    let path = directory.join("lock");
    let lock = File::options().create(true).append(true).mode(0o600).open(&path);
    let lock = lock.with_context(|| format!("cannot open {}", path.display()))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => {
            bail!("{} is in use by another process", directory.display())
        }
        Err(TryLockError::Error(error)) => {
            Err(error).with_context(|| format!("cannot lock {}", path.display()))
        }
    }
}

/// Makes a new cluster in `directory/data`, which appears there only when it is complete and on disk.
async fn make(directory: &Path, binaries: &Binaries, user: &User) -> Result<()> {
    delete_unfinished(directory);
    let unfinished = tempfile::Builder::new().prefix(UNFINISHED).tempdir_in(directory)?;
    user.give(unfinished.path())?;
    let mut initdb = user.command(&binaries.initdb);
    initdb.args(INITDB).arg("-D").arg(unfinished.path());
    let mut initdb = tokio::process::Command::from(initdb);
    let output = timeout(START_DEADLINE, initdb.kill_on_drop(true).output())
        .await
        .context("initdb takes too long")?
        .with_context(|| format!("cannot run {}", binaries.initdb.display()))?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("initdb failed ({})\n{}", output.status, said.trim_end());
    }
    fs::rename(unfinished.keep(), directory.join("data"))?;
    File::open(directory)?.sync_all().context("cannot write the new cluster down")
}

/// Deletes what a killed process has left. Its `initdb` may still write there: then the rest is for
/// the next time, and in no one's way.
fn delete_unfinished(directory: &Path) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

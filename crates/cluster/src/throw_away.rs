//! A cluster for tests, which ends with us.

use std::{
    env,
    fs::{self, File},
    path::{Path, PathBuf},
    process::{self, Child, Stdio},
};

use anyhow::{Context as _, Result, bail};
use rustix::{fs::statvfs, process::geteuid};
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use crate::{
    binaries::Binaries,
    log,
    server::{self, INITDB, POLL, START_DEADLINE, STOP_DEADLINE},
    user::User,
};

/// Runs as PostgreSQL's user, makes and serves the cluster, and deletes it when we are gone.
const KEEPER: &str = include_str!("throw_away.sh");

/// Nothing here has to survive, so nothing waits for a disk.
const SETTINGS: [&str; 8] = [
    "fsync=off",
    "synchronous_commit=off",
    "full_page_writes=off",
    "shared_buffers=32MB",
    "wal_level=minimal",
    "max_wal_senders=0",
    "max_wal_size=128MB",
    // In the cluster's directory, and deleted with it.
    "dynamic_shared_memory_type=mmap",
];

/// A file system in memory, which most Linux systems have.
const MEMORY: &str = "/dev/shm";

/// Some hundred databases, and as much again.
const ROOM_BYTES: u64 = 4 * 1024 * 1024 * 1024;

/// As long as the name of a cluster's directory.
const LONGEST_NAME: &str = "lombard-4294967295-0000000000000000";

#[derive(Debug)]
pub(crate) struct ThrowAway {
    directory: PathBuf,
    /// Our end of its standard input is what keeps it going.
    keeper: Child,
    /// Has no name, so nobody needs to delete it.
    log: File,
}

impl ThrowAway {
    pub(crate) async fn start() -> Result<Self> {
        let user = User::for_new()?;
        let disk = disk(&user)?;
        let cache = disk.join(format!("lombard-postgresql-{}", geteuid().as_raw()));
        let binaries = Binaries::find(None, &cache, &user).await?;
        // In memory a test's database is there in a tenth of the time.
        let memory = Some(PathBuf::from(MEMORY));
        let memory = memory.filter(|memory| has_room(memory) && user.can_write(memory));
        let mut started = Self::spawn(&memory.unwrap_or(disk), &binaries, &user)?;
        let answer = timeout(START_DEADLINE, started.until_it_answers()).await;
        answer.context("PostgreSQL does not answer").flatten()?;
        Ok(started)
    }

    pub(crate) fn directory(&self) -> &Path {
        &self.directory
    }

    pub(crate) async fn stop(mut self) -> Result<()> {
        drop(self.keeper.stdin.take());
        let ended = timeout(STOP_DEADLINE, async {
            while self.keeper.try_wait()?.is_none() {
                sleep(POLL).await;
            }
            anyhow::Ok(())
        });
        ended.await.context("PostgreSQL does not stop")?
    }

    fn spawn(parent: &Path, binaries: &Binaries, user: &User) -> Result<Self> {
        let (_, random) = Uuid::now_v7().as_u64_pair();
        let directory = parent.join(format!("lombard-{}-{random:016x}", process::id()));
        let log = tempfile::tempfile()?;
        let keeper = user
            .command("/bin/sh")
            .args(["-c", KEEPER, "lombard-postgres"])
            .args([&directory, &binaries.initdb, &binaries.postgres])
            .args(server::arguments(&directory.join("data"), &directory, &SETTINGS))
            .env("INITDB", INITDB.join(" "))
            .stdin(Stdio::piped())
            .stdout(log.try_clone()?)
            .stderr(log.try_clone()?)
            .spawn()
            .context("cannot run /bin/sh")?;
        Ok(Self { directory, keeper, log })
    }

    async fn until_it_answers(&mut self) -> Result<()> {
        let options = server::options(&self.directory);
        while !server::answers(&options).await {
            if self.keeper.try_wait()?.is_some() {
                bail!("PostgreSQL did not start\n{}", log::tail(&self.log));
            }
            sleep(POLL).await;
        }
        Ok(())
    }
}

impl Drop for ThrowAway {
    fn drop(&mut self) {
        // Closes its standard input first. Takes a moment, but then nothing is left.
        let _ = self.keeper.wait();
    }
}

/// A directory for temporary files in which the server can have its own, with its socket.
fn disk(user: &User) -> Result<PathBuf> {
    [env::temp_dir(), PathBuf::from("/tmp")]
        .into_iter()
        .find(|parent| server::fits_socket(&parent.join(LONGEST_NAME)) && user.can_write(parent))
        .with_context(|| format!("{user} can write neither to TMPDIR nor to /tmp"))
}

/// Whether that much can go into memory without anybody noticing.
fn has_room(memory: &Path) -> bool {
    let free = statvfs(memory).map_or(0, |found| found.f_bavail.saturating_mul(found.f_frsize));
    let information = fs::read_to_string("/proc/meminfo").unwrap_or_default();
    free.min(available(&information).unwrap_or(0)) >= ROOM_BYTES
}

/// Reads, for example, `MemAvailable:   20341234 kB`.
fn available(information: &str) -> Option<u64> {
    let line = information.lines().find_map(|line| line.strip_prefix("MemAvailable:"))?;
    line.split_whitespace().next()?.parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn available_memory_is_read_in_bytes() {
        let information = "MemTotal:  8000000 kB\nMemAvailable:    2048 kB\n";

        assert_eq!(available(information), Some(2 * 1024 * 1024));
        assert_eq!(available(""), None);
    }
}

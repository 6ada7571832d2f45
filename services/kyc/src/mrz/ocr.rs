//! Reading images with `tesseract`, where the operator has named the program. It is a process of its own,
//! with limits: what a picture makes of it is no harm to us. Absent, or failing, it reads nothing.

use std::{ffi::OsString, io, path::PathBuf, process::Stdio, sync::Arc, time::Duration};

use rustix::process::{Pid, Resource, Rlimit, prlimit};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    process::{Child, Command},
    sync::Semaphore,
};

/// Processor time that the program may take, in seconds.
const PROCESSOR_TIME: u64 = 10;
/// How long it may take all in all.
const TIME: Duration = Duration::from_secs(15);
/// How long an image waits for its turn.
const PATIENCE: Duration = Duration::from_secs(5);
/// Memory that it may have, in bytes.
const MEMORY: u64 = 1 << 30;
/// What it may write to files, in bytes: nothing.
const FILES: u64 = 0;
/// Text that is read at most, in bytes.
const MAX_OUTPUT: u64 = 64 * 1024;
/// How many run at a time.
const AT_ONCE: usize = 2;

/// The program, if there is one.
#[derive(Debug, Clone)]
pub(crate) struct Ocr {
    program: Option<PathBuf>,
    patience: Duration,
    running: Arc<Semaphore>,
}

/// Others have kept the program busy all the time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("too many images are to be read at once")]
pub(crate) struct NoTurn;

impl Ocr {
    pub(crate) fn new(program: Option<PathBuf>) -> Self {
        Self { program, patience: PATIENCE, running: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// Whether there is a program at all.
    pub(crate) fn reads(&self) -> bool {
        self.program.is_some()
    }

    /// The text in an image; none when there is no program, or it fails. Takes 20 seconds at most.
    pub(crate) async fn read(&self, image: &[u8]) -> Result<Option<String>, NoTurn> {
        let Some(program) = &self.program else { return Ok(None) };
        let turn = tokio::time::timeout(self.patience, self.running.acquire()).await;
        let _turn = turn.map_err(|_| NoTurn)?.map_err(|_| NoTurn)?;
        match tokio::time::timeout(TIME, run(program, image)).await {
            Ok(Ok(text)) => return Ok(Some(text)),
            Ok(Err(error)) => tracing::warn!(%error, "the program that reads images failed"),
            Err(_) => tracing::warn!("the program that reads images took too long"),
        }
        Ok(None)
    }
}

/// Given up, it is killed. It hears nothing before its limits stand.
async fn run(program: &PathBuf, image: &[u8]) -> io::Result<String> {
    let mut child = Command::new(program)
        .args(["stdin", "stdout", "--psm", "6"])
        .env_clear()
        .envs(kept())
        .env("OMP_THREAD_LIMIT", "1")
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    limit(&child)?;
    let (Some(mut stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
        return Err(io::Error::other("it has no pipes"));
    };
    let write = async move {
        // A program that has seen enough closes its end.
        let _enough = stdin.write_all(image).await;
    };
    let read = async move {
        let mut text = Vec::new();
        stdout.take(MAX_OUTPUT).read_to_end(&mut text).await.map(|_| text)
    };
    let ((), text) = tokio::join!(write, read);
    let text = text?;
    let status = child.wait().await?;
    if !status.success() {
        return Err(io::Error::other(status.to_string()));
    }
    Ok(String::from_utf8_lossy(&text).into_owned())
}

fn limit(child: &Child) -> io::Result<()> {
    let pid = child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
    let pid = pid.ok_or_else(|| io::Error::other("it ended before it began"))?;
    let limits =
        [(Resource::Cpu, PROCESSOR_TIME), (Resource::As, MEMORY), (Resource::Fsize, FILES)];
    for (resource, most) in limits {
        let most = Rlimit { current: Some(most), maximum: Some(most) };
        prlimit(Some(pid), resource, most)?;
    }
    Ok(())
}

/// Where the program has its language data.
fn kept() -> Option<(&'static str, OsString)> {
    const DATA: &str = "TESSDATA_PREFIX";
    std::env::var_os(DATA).map(|place| (DATA, place))
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt};

    use super::*;

    /// A program that behaves so. Nobody writes to it any more when it is run.
    fn program(script: &str) -> (tempfile::TempDir, Ocr) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("tesseract");
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
        let ocr = Ocr::new(Some(path));
        (dir, ocr)
    }

    /// A script may still be held open by a child that another test forked meanwhile.
    async fn read(ocr: &Ocr, image: &[u8]) -> Option<String> {
        for _ in 0..50 {
            let read = ocr.read(image).await.unwrap();
            if read.is_some() {
                return read;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        None
    }

    #[tokio::test]
    async fn the_program_gets_the_image_and_its_text_is_read() {
        let (_dir, ocr) = program("PATH=/usr/bin:/bin; cat; echo \"$@\"");

        let text = read(&ocr, b"P<UTO\n").await.unwrap();

        assert_eq!(text, "P<UTO\nstdin stdout --psm 6\n");
    }

    #[tokio::test]
    async fn the_program_has_limits_and_no_secrets() {
        let (_dir, ocr) = program("PATH=/usr/bin:/bin; cat; ulimit -v; ulimit -t; ulimit -f; env");

        let text = read(&ocr, b"").await.unwrap();

        assert!(text.starts_with("1048576\n10\n0\n"), "{text}");
        assert!(!text.contains("DATABASE"), "{text}");
    }

    #[tokio::test]
    async fn no_program_and_one_that_fails_read_nothing() {
        let (_dir, fails) = program("exit 1");

        assert_eq!(Ocr::new(None).read(b"image").await, Ok(None));
        assert_eq!(Ocr::new(Some("/no/such/program".into())).read(b"image").await, Ok(None));
        assert_eq!(fails.read(b"image").await, Ok(None));
    }

    #[tokio::test]
    async fn a_program_that_talks_without_end_is_cut_off() {
        let (_dir, ocr) = program("while :; do echo more and more and more; done");

        let began = std::time::Instant::now();
        let text = ocr.read(b"image").await;

        assert_eq!(text, Ok(None));
        assert!(began.elapsed() < TIME);
    }

    #[tokio::test]
    async fn nobody_waits_for_a_turn_for_long() {
        let patience = Duration::from_millis(20);
        let ocr = Ocr { patience, ..Ocr::new(Some("/no/such/program".into())) };
        let turns = ocr.running.acquire_many(2).await.unwrap();

        let read = tokio::time::timeout(PATIENCE, ocr.read(b"image")).await;
        drop(turns);
        let later = ocr.read(b"image").await;

        assert_eq!((read, later), (Ok(Err(NoTurn)), Ok(None)));
    }
}

//! `lombard dev` as a child process of a test.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    task::JoinHandle,
    time::timeout,
};

/// Longer than any of this takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_mins(2);

/// A running `lombard dev`, killed when dropped.
pub(crate) struct Dev {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    data: PathBuf,
}

impl Dev {
    pub(crate) fn start(data_dir: &Path, listen: &str) -> Self {
        Self::start_with(data_dir, &["--listen", listen])
    }

    pub(crate) fn start_with(data_dir: &Path, arguments: &[&str]) -> Self {
        Self::start_in(data_dir, arguments, &[])
    }

    /// With more in its environment.
    pub(crate) fn start_in(data_dir: &Path, arguments: &[&str], more: &[(&str, &str)]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_lombard"))
            .arg("dev")
            .args(arguments)
            .arg("--data-dir")
            .arg(data_dir)
            .envs(more.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines, data: data_dir.join("postgres/data") }
    }

    /// What it says on standard output until it is ready, that line included.
    pub(crate) async fn until_ready(&mut self) -> Vec<String> {
        let mut said = Vec::new();
        let read = async {
            while let Some(line) = self.lines.next_line().await.unwrap() {
                let ready = line.starts_with("ready ");
                said.push(line);
                if ready {
                    return true;
                }
            }
            false
        };
        if timeout(PATIENCE, read).await.unwrap() {
            return said;
        }
        panic!("never ready: {said:?} {}", self.complaint().await);
    }

    pub(crate) async fn url(&mut self) -> String {
        let said = self.until_ready().await;
        said.last().unwrap().strip_prefix("ready ").unwrap().to_owned()
    }

    /// All that it says on standard error; to be asked when it has ended, or is about to.
    pub(crate) async fn complaint(&mut self) -> String {
        let mut said = String::new();
        let mut stderr = self.child.stderr.take().unwrap();
        timeout(PATIENCE, stderr.read_to_string(&mut said)).await.unwrap().unwrap();
        said
    }

    /// All that it logs until it ends, read meanwhile.
    pub(crate) fn log(&mut self) -> JoinHandle<String> {
        let mut stderr = self.child.stderr.take().unwrap();
        #[expect(clippy::disallowed_methods, reason = "ends with the program")]
        tokio::spawn(async move {
            let mut said = Vec::new();
            stderr.read_to_end(&mut said).await.unwrap();
            String::from_utf8_lossy(&said).into_owned()
        })
    }

    /// The process that serves its data.
    pub(crate) fn postgres(&self) -> Option<String> {
        let file = fs::read_to_string(self.data.join("postmaster.pid")).ok()?;
        file.lines().next().map(str::to_owned)
    }

    pub(crate) async fn signal(&self, signal: &str) {
        let mut kill = Command::new("kill");
        kill.arg(signal).arg(self.child.id().unwrap().to_string());
        assert!(kill.status().await.unwrap().success());
    }

    pub(crate) async fn ended(&mut self) -> ExitStatus {
        timeout(PATIENCE, self.child.wait()).await.unwrap().unwrap()
    }

    pub(crate) async fn terminate(mut self) -> ExitStatus {
        self.signal("-TERM").await;
        self.ended().await
    }
}

/// Whether a process is there and not merely waiting for somebody to note its end.
pub(crate) async fn runs(process: &str) -> bool {
    let state = Command::new("ps").args(["-o", "stat=", "-p", process]).output().await.unwrap();
    let state = String::from_utf8(state.stdout).unwrap();
    !matches!(state.trim().chars().next(), None | Some('Z'))
}

/// Where root's PostgreSQL, which runs as another user, can go too.
pub(crate) fn directory() -> TempDir {
    tempfile::Builder::new().permissions(fs::Permissions::from_mode(0o755)).tempdir().unwrap()
}

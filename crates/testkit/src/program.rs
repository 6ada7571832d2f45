//! Services as the programs that they are shipped as.

use std::{
    process::{ExitStatus, Stdio},
    time::Duration,
};

use sqlx::{ConnectOptions, PgPool};
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::timeout,
};

/// Longer than any of this takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running program, killed when dropped.
#[derive(Debug)]
pub struct Program {
    child: Child,
    log: Lines<BufReader<ChildStdout>>,
}

/// Runs `binary` with `arguments` on a database, to its end.
///
/// # Panics
///
/// When it cannot be run.
#[expect(clippy::expect_used, reason = "a test whose program does not start has failed")]
pub async fn run(binary: &str, arguments: &[&str], database: &PgPool) -> ExitStatus {
    let mut command = command(binary, arguments, database);
    let run = command.stdout(Stdio::null()).stderr(Stdio::inherit()).status();
    timeout(PATIENCE, run).await.expect("it ends").expect("it runs")
}

impl Program {
    /// Starts `binary` with `arguments` on a database.
    ///
    /// # Panics
    ///
    /// When it does not start.
    #[must_use]
    #[expect(clippy::expect_used, reason = "a test whose program does not start has failed")]
    pub fn start(binary: &str, arguments: &[&str], database: &PgPool) -> Self {
        let mut command = command(binary, arguments, database);
        let mut child = command.stdout(Stdio::piped()).spawn().expect("it starts");
        let log = child.stdout.take().expect("its output is piped");
        Self { child, log: BufReader::new(log).lines() }
    }

    /// The address that the log says it listens on.
    ///
    /// # Panics
    ///
    /// When it ends first.
    #[expect(clippy::expect_used, reason = "a test whose program does not start has failed")]
    pub async fn address(&mut self) -> String {
        let find = async {
            while let Some(line) = self.log.next_line().await.expect("a log of text") {
                if let Some((_, rest)) = line.split_once("\"address\":\"")
                    && let Some((address, _)) = rest.split_once('"')
                {
                    return Some(address.to_owned());
                }
            }
            None
        };
        timeout(PATIENCE, find).await.expect("it listens soon").expect("it listens")
    }

    /// Sends SIGTERM and waits for the end.
    ///
    /// # Panics
    ///
    /// When it does not end.
    #[expect(clippy::expect_used, reason = "a test whose program does not stop has failed")]
    pub async fn terminate(mut self) -> ExitStatus {
        let id = self.child.id().expect("it still runs").to_string();
        let sent = Command::new("kill").args(["-TERM", &id]).status().await.expect("kill runs");
        assert!(sent.success(), "kill -TERM {id}");
        let drain = async { while let Ok(Some(_)) = self.log.next_line().await {} };
        let (_, ended) =
            tokio::join!(timeout(PATIENCE, drain), timeout(PATIENCE, self.child.wait()));
        ended.expect("it ends soon").expect("it ends")
    }
}

fn command(binary: &str, arguments: &[&str], database: &PgPool) -> Command {
    let mut command = Command::new(binary);
    command
        .args(arguments)
        .env("SHUTDOWN_PAUSE_S", "0")
        .env("DATABASE_URL", database.connect_options().to_url_lossy().as_str())
        .kill_on_drop(true);
    command
}

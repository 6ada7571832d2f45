//! `lombard dev` as a program: what it says, how it stops, and what it finds again.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
    time::Duration,
};

use reqwest::StatusCode;
use serde_json::json;
use tempfile::TempDir;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    time::{sleep, timeout},
};

use crate::stack::{Client, login_as};

/// Longer than any of this takes on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

/// A running `lombard dev`, killed when dropped.
struct Dev {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    data: PathBuf,
}

impl Dev {
    fn start(data_dir: &Path, listen: &str) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_lombard"))
            .args(["dev", "--listen", listen, "--data-dir"])
            .arg(data_dir)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines, data: data_dir.join("postgres/data") }
    }

    /// What it says on standard output until it is ready, that line included.
    async fn until_ready(&mut self) -> Vec<String> {
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

    async fn url(&mut self) -> String {
        let said = self.until_ready().await;
        said.last().unwrap().strip_prefix("ready ").unwrap().to_owned()
    }

    /// All that it says on standard error; to be asked when it has ended, or is about to.
    async fn complaint(&mut self) -> String {
        let mut said = String::new();
        let mut stderr = self.child.stderr.take().unwrap();
        timeout(PATIENCE, stderr.read_to_string(&mut said)).await.unwrap().unwrap();
        said
    }

    /// The process that serves its data.
    fn postgres(&self) -> Option<String> {
        let file = fs::read_to_string(self.data.join("postmaster.pid")).ok()?;
        file.lines().next().map(str::to_owned)
    }

    async fn signal(&self, signal: &str) {
        let mut kill = Command::new("kill");
        kill.arg(signal).arg(self.child.id().unwrap().to_string());
        assert!(kill.status().await.unwrap().success());
    }

    async fn ended(&mut self) -> ExitStatus {
        timeout(PATIENCE, self.child.wait()).await.unwrap().unwrap()
    }

    async fn terminate(mut self) -> ExitStatus {
        self.signal("-TERM").await;
        self.ended().await
    }
}

/// Whether a process is there and not merely waiting for somebody to note its end.
async fn runs(process: &str) -> bool {
    let state = Command::new("ps").args(["-o", "stat=", "-p", process]).output().await.unwrap();
    let state = String::from_utf8(state.stdout).unwrap();
    !matches!(state.trim().chars().next(), None | Some('Z'))
}

/// Where root's PostgreSQL, which runs as another user, can go too.
fn directory() -> TempDir {
    tempfile::Builder::new().permissions(fs::Permissions::from_mode(0o755)).tempdir().unwrap()
}

async fn sandbox(url: &str) -> Client {
    login_as(url, "sandbox@lombard.test", "sandbox-password").await
}

async fn create_customer(client: &Client) -> String {
    let customer = json!({
        "customer_type": "individual",
        "first_name": "Joe",
        "last_name": "Bloggs",
        "address": {"iso_country": "GB"},
        "dob": "1988-10-03",
    });
    let (status, _, answer) = client.post("/accounts/create_customer", &customer).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    answer["data"]["customer_id"].as_str().unwrap().to_owned()
}

async fn finds_customer(url: &str, customer: &str) -> bool {
    let path = format!("/accounts/customers/{customer}");
    let (status, _, _) = sandbox(url).await.get(&path).await;
    status == StatusCode::OK
}

#[tokio::test]
async fn it_says_where_everything_is_and_stops_on_sigterm() {
    let directory = directory();
    let mut dev = Dev::start(directory.path(), "127.0.0.1:0");

    let said = dev.until_ready().await;
    let postgres = dev.postgres().unwrap();
    let ran = runs(&postgres).await;
    let ended = dev.terminate().await;

    let first_words: Vec<_> = said.iter().map(|line| line.rsplit_once(' ').unwrap().0).collect();
    let expected = [
        "grpc access",
        "grpc customer",
        "grpc kyc",
        "grpc ledger",
        "tenant sandbox",
        "tenant other",
    ];
    assert_eq!(first_words, [&expected[..], &["ready"]].concat());
    assert!(ran);
    assert_eq!(ended.code(), Some(0));
    assert!(!runs(&postgres).await, "PostgreSQL is left behind");
}

#[tokio::test]
async fn it_finds_its_data_again_after_a_stop_and_after_a_kill() {
    let directory = directory();
    let mut first = Dev::start(directory.path(), "127.0.0.1:0");
    let customer = create_customer(&sandbox(&first.url().await).await).await;
    assert_eq!(first.terminate().await.code(), Some(0));

    let mut second = Dev::start(directory.path(), "127.0.0.1:0");
    let url = second.url().await;
    assert!(finds_customer(&url, &customer).await);
    let later = create_customer(&sandbox(&url).await).await;
    second.signal("-KILL").await;
    second.ended().await;

    let mut third = Dev::start(directory.path(), "127.0.0.1:0");
    let url = third.url().await;
    assert!(finds_customer(&url, &customer).await);
    assert!(finds_customer(&url, &later).await);
    let postgres = third.postgres().unwrap();
    assert_eq!(third.terminate().await.code(), Some(0));
    assert!(!runs(&postgres).await, "PostgreSQL is left behind");
}

#[tokio::test]
async fn a_signal_while_it_starts_leaves_no_postgres_behind() {
    let directory = directory();
    let mut dev = Dev::start(directory.path(), "127.0.0.1:0");
    let started = async {
        while dev.postgres().is_none() {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, started).await.unwrap();
    let postgres = dev.postgres().unwrap();

    dev.signal("-TERM").await;

    assert_eq!(dev.ended().await.code(), Some(0));
    assert!(!runs(&postgres).await, "PostgreSQL is left behind");
}

#[tokio::test]
async fn an_address_in_use_is_told_before_anything_is_started() {
    let directory = directory();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let mut dev = Dev::start(directory.path(), &address);

    let (said, ended) = (dev.complaint().await, dev.ended().await);

    assert_eq!(ended.code(), Some(1));
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.starts_with(&format!("lombard: {address} is in use")), "{said}");
    assert!(fs::read_dir(directory.path()).unwrap().next().is_none());
}

#[tokio::test]
async fn a_data_directory_in_use_is_told() {
    let directory = directory();
    let mut first = Dev::start(directory.path(), "127.0.0.1:0");
    first.until_ready().await;
    let mut second = Dev::start(directory.path(), "127.0.0.1:0");

    let (said, ended) = (second.complaint().await, second.ended().await);

    assert_eq!(ended.code(), Some(1));
    assert!(said.lines().last().unwrap().contains("is in use by another process"), "{said}");
    assert_eq!(first.terminate().await.code(), Some(0));
}

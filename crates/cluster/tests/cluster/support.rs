//! Processes to kill, and words to find again.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::{
    env,
    fs::{self, Permissions},
    io::{BufRead as _, BufReader},
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::Path,
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use cluster::Cluster;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tempfile::TempDir;

/// A process of its own that owns a cluster.
pub(crate) struct Owner {
    process: Child,
    /// What it was ready with.
    pub(crate) said: String,
}

impl Owner {
    /// Runs one of `owners` until it says that it is ready.
    pub(crate) fn start(name: &str, place: &Path) -> Self {
        let mut process = Command::new(env::current_exe().unwrap())
            .args(["--ignored", "--exact", "--nocapture", &format!("owners::{name}")])
            .env("CLUSTER_TEST_PLACE", place)
            .env("TMPDIR", "/tmp")
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let said = lines
            .map_while(Result::ok)
            .find_map(|line| line.strip_prefix("ready:").map(str::to_owned));
        Self { process, said: said.unwrap() }
    }

    pub(crate) fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// A directory that every user of the machine can pass through.
pub(crate) fn open_directory() -> TempDir {
    let directory = tempfile::tempdir().unwrap();
    fs::set_permissions(directory.path(), Permissions::from_mode(0o755)).unwrap();
    directory
}

pub(crate) async fn write_down(cluster: &Cluster, word: &str) {
    let mut connection = PgConnection::connect_with(&cluster.options()).await.unwrap();
    let insert = format!("insert into words (word) values ('{word}')");
    sqlx::query("create table words (word text)").execute(&mut connection).await.unwrap();
    sqlx::query(AssertSqlSafe(insert)).execute(&mut connection).await.unwrap();
}

pub(crate) async fn written_down(cluster: &Cluster) -> Vec<String> {
    let mut connection = PgConnection::connect_with(&cluster.options()).await.unwrap();
    sqlx::query_scalar("select word from words").fetch_all(&mut connection).await.unwrap()
}

pub(crate) async fn setting(cluster: &Cluster, name: &str) -> String {
    let mut connection = PgConnection::connect_with(&cluster.options()).await.unwrap();
    let setting = sqlx::query_scalar("select current_setting($1)").bind(name);
    setting.fetch_one(&mut connection).await.unwrap()
}

pub(crate) fn server_process(directory: &Path) -> u32 {
    let left = fs::read_to_string(directory.join("data/postmaster.pid")).unwrap();
    left.lines().next().unwrap().parse().unwrap()
}

/// Whether the process runs: one that has ended and whose parent has not looked does not.
pub(crate) fn is_alive(process: u32) -> bool {
    let state = ps("stat=", process);
    !state.is_empty() && !state.starts_with('Z')
}

pub(crate) fn process_group(process: u32) -> u32 {
    ps("pgid=", process).parse().unwrap()
}

fn ps(column: &str, process: u32) -> String {
    let output = Command::new("ps").args(["-o", column, "-p", &process.to_string()]).output();
    String::from_utf8(output.unwrap().stdout).unwrap().trim().to_owned()
}

pub(crate) fn signal(signal: &str, process: u32) {
    let sent = Command::new("kill").args([signal, &process.to_string()]).status().unwrap();
    assert!(sent.success());
}

pub(crate) fn am_root() -> bool {
    tempfile::tempfile().unwrap().metadata().unwrap().uid() == 0
}

pub(crate) fn wait_until(done: impl Fn() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < Duration::from_secs(20), "it does not come to be");
        thread::sleep(Duration::from_millis(50));
    }
}

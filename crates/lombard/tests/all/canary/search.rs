//! Looking for canaries, in either case, in texts and in files of any kind.

use std::{
    collections::BTreeSet,
    path::PathBuf,
    process::{Command, Stdio},
};

use sqlx::{Connection, PgConnection, postgres::PgConnectOptions};

/// Where something may be.
pub(super) enum Haystack {
    Text(String),
    /// A file, or a directory with all that is below it.
    Files(PathBuf),
}

impl Haystack {
    /// What is found, and where; each once.
    pub(super) fn search<'a>(
        &self,
        what: &str,
        canaries: impl IntoIterator<Item = &'a String>,
    ) -> BTreeSet<String> {
        let canaries: Vec<_> = canaries.into_iter().collect();
        assert!(canaries.iter().all(|canary| canary.len() >= 8), "too short: {canaries:?}");
        match self {
            Self::Text(text) => {
                let lines = text.lines().filter(|line| {
                    let line = line.to_lowercase();
                    canaries.iter().any(|canary| line.contains(&canary.to_lowercase()))
                });
                lines.map(|line| format!("{what}: {line:.600}")).collect()
            }
            Self::Files(place) => grep(place, &canaries, what),
        }
    }
}

fn grep(place: &PathBuf, canaries: &[&String], what: &str) -> BTreeSet<String> {
    let mut grep = Command::new("grep");
    grep.args(["-r", "-a", "-i", "-o", "-H", "-F"]).env("LC_ALL", "C").stderr(Stdio::inherit());
    for canary in canaries {
        grep.arg("-e").arg(canary);
    }
    let found = grep.arg("--").arg(place).output().unwrap();
    // 1 is that nothing was found; more is that it could not look.
    assert!(matches!(found.status.code(), Some(0 | 1)), "{}", found.status);
    let found = String::from_utf8_lossy(&found.stdout).into_owned();
    found.lines().map(|line| format!("{what}: {line}")).collect()
}

/// The directory of a database, below that of all data.
pub(super) async fn database(server: &PgConnectOptions, name: &str) -> String {
    let mut connection = PgConnection::connect_with(server).await.unwrap();
    let place = "select 'base/' || oid from pg_database where datname = $1";
    sqlx::query_scalar(place).bind(name).fetch_one(&mut connection).await.unwrap()
}

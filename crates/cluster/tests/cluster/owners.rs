//! What the processes run that other tests kill.
#![expect(clippy::unwrap_used, reason = "a process that fails is a test that fails")]

use std::{env, fs, path::PathBuf, pin::pin, process, thread, time::Duration};

use cluster::Cluster;

use crate::support::write_down;

#[tokio::test]
#[ignore = "a process for other tests to kill"]
async fn own_a_durable_cluster() {
    let cluster = Cluster::durable(&place()).await.unwrap();
    write_down(&cluster, "by the owner").await;
    say(cluster.directory().to_str().unwrap());
    thread::sleep(Duration::from_mins(1));
}

#[tokio::test]
#[ignore = "a process for other tests to kill"]
async fn own_a_throw_away_cluster() {
    let cluster = Cluster::throw_away().await.unwrap();
    say(cluster.directory().to_str().unwrap());
    thread::sleep(Duration::from_mins(1));
}

#[tokio::test]
#[ignore = "a process for other tests to kill"]
async fn begin_a_throw_away_cluster() {
    let mut start = pin!(Cluster::throw_away());
    let begun = loop {
        let early = tokio::time::timeout(Duration::from_millis(20), &mut start).await;
        assert!(early.is_err(), "it is there before it was begun");
        if let Some(directory) = throw_away_directory() {
            break directory;
        }
    };
    say(begun.to_str().unwrap());
    thread::sleep(Duration::from_mins(1));
}

/// The directory that this process's cluster is being made in.
fn throw_away_directory() -> Option<PathBuf> {
    let ours = format!("lombard-{}-", process::id());
    ["/dev/shm", "/tmp"]
        .into_iter()
        .flat_map(|parent| fs::read_dir(parent).into_iter().flatten().flatten())
        .find(|entry| entry.file_name().to_string_lossy().starts_with(&ours))
        .map(|entry| entry.path())
}

fn place() -> PathBuf {
    PathBuf::from(env::var_os("CLUSTER_TEST_PLACE").unwrap())
}

#[expect(clippy::print_stdout, reason = "the test that started this process reads it")]
fn say(word: &str) {
    println!("\nready:{word}");
}

//! A cluster that ends with its process.

use std::path::PathBuf;

use cluster::{Cluster, ensure_database};
use sqlx::{Connection as _, PgConnection};

use crate::support::{Owner, is_alive, server_process, setting, wait_until};

#[tokio::test]
async fn a_throw_away_cluster_leaves_nothing() {
    let cluster = Cluster::throw_away().await.unwrap();
    assert_eq!(setting(&cluster, "fsync").await, "off");
    let directory = cluster.directory().to_owned();
    let server = server_process(&directory);

    cluster.stop().await.unwrap();

    assert!(!directory.exists());
    assert!(!is_alive(server));
}

#[tokio::test]
async fn a_throw_away_cluster_dies_with_its_process() {
    let place = tempfile::tempdir().unwrap();
    let mut owner = Owner::start("own_a_throw_away_cluster", place.path());
    let directory = PathBuf::from(&owner.said);
    let server = server_process(&directory);
    assert!(is_alive(server));

    owner.kill();

    wait_until(|| !directory.exists() && !is_alive(server));
}

#[tokio::test]
async fn a_throw_away_cluster_dies_with_its_process_even_while_it_is_made() {
    let place = tempfile::tempdir().unwrap();
    let mut owner = Owner::start("begin_a_throw_away_cluster", place.path());
    let directory = PathBuf::from(&owner.said);
    assert!(directory.exists());

    owner.kill();

    wait_until(|| !directory.exists());
}

#[tokio::test]
async fn a_database_is_made_once_however_many_want_it() {
    let cluster = Cluster::throw_away().await.unwrap();
    let server = cluster.options();

    let (a, b, c) = tokio::join!(
        ensure_database(&server, "ledger"),
        ensure_database(&server, "ledger"),
        ensure_database(&server, "ledger"),
    );

    a.and(b).and(c).unwrap();
    ensure_database(&server, "ledger").await.unwrap();
    let refused = ensure_database(&server, "x\"; drop table y; --").await;
    assert!(refused.unwrap_err().to_string().contains("is no name"));
    PgConnection::connect_with(&server.database("ledger")).await.unwrap();
}

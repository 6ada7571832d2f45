//! `lombard dev` as a program: what it says, how it stops, and what it finds again.

use std::{
    collections::BTreeSet,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use cluster::Cluster;
use reqwest::StatusCode;
use serde_json::json;
use sqlx::{ConnectOptions, Connection, PgConnection};
use tokio::time::{sleep, timeout};
use uuid::Uuid;

use crate::{
    program::{Dev, PATIENCE, directory, runs},
    stack::{Client, login_as},
};

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

#[tokio::test]
async fn it_uses_a_server_that_it_is_given_and_leaves_it_running() {
    let (directory, cluster) = (directory(), Cluster::throw_away().await.unwrap());
    let server = cluster.options();
    let url = server.to_url_lossy().to_string();
    let arguments = ["--listen", "127.0.0.1:0", "--database-url", &url];
    let mut dev = Dev::start_with(directory.path(), &arguments);

    dev.until_ready().await;
    assert_eq!(dev.terminate().await.code(), Some(0));

    let mut connection = PgConnection::connect_with(&server).await.unwrap();
    let names: Vec<String> = sqlx::query_scalar(
        "select datname::text from pg_database where datname like 'lombard%' order by 1",
    )
    .fetch_all(&mut connection)
    .await
    .unwrap();
    assert_eq!(names, ["lombard_access", "lombard_customer", "lombard_kyc", "lombard_ledger"]);
    let files = fs::read_dir(directory.path()).unwrap().map(|file| file.unwrap().file_name());
    let files: BTreeSet<OsString> = files.collect();
    let files: Vec<_> = files.iter().map(|name| name.to_str().unwrap()).collect();
    assert!(
        matches!(files[..], ["customer-keys", documents, "keys"] if documents.starts_with("documents-")),
        "no cluster, and documents of this database: {files:?}"
    );
    connection.close().await.unwrap();
    cluster.stop().await.unwrap();
}

/// A document that no database knows, of two hours ago.
fn unknown_document(documents: &Path) -> PathBuf {
    let path = documents.join(Uuid::now_v7().to_string()).join(Uuid::now_v7().to_string());
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let file = fs::File::create(&path).unwrap();
    let then = SystemTime::now().checked_sub(Duration::from_hours(2)).unwrap();
    file.set_modified(then).unwrap();
    path
}

#[tokio::test]
async fn documents_of_another_database_are_left_alone() {
    let (directory, cluster) = (directory(), Cluster::throw_away().await.unwrap());
    let url = cluster.options().to_url_lossy().to_string();
    let arguments = ["--listen", "127.0.0.1:0", "--database-url", &url];
    let mut dev = Dev::start_with(directory.path(), &arguments);
    dev.until_ready().await;
    assert_eq!(dev.terminate().await.code(), Some(0));
    let of_this = fs::read_dir(directory.path()).unwrap().map(|file| file.unwrap().path());
    let of_this = of_this.filter(|path| path.is_dir()).max().unwrap();
    let of_another = unknown_document(&directory.path().join("documents"));
    let of_nobody = unknown_document(&of_this);
    // A sweep has been, and the next is due in an hour.
    let kyc = cluster.options().database("lombard_kyc");
    let mut connection = PgConnection::connect_with(&kyc).await.unwrap();
    let due = "update upkeep_work set next_sweep_time = now()";
    sqlx::query(due).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();

    let mut dev = Dev::start_with(directory.path(), &arguments);
    dev.until_ready().await;
    let swept = async {
        while of_nobody.exists() {
            sleep(Duration::from_millis(50)).await;
        }
    };
    timeout(PATIENCE, swept).await.unwrap();

    assert!(of_another.exists());
    assert_eq!(dev.terminate().await.code(), Some(0));
    cluster.stop().await.unwrap();
}

//! `lombard verify` as a program. What it checks is tested beside the checks.

use std::{fs, path::Path, process::Output};

use serde_json::Value;
use sqlx::{ConnectOptions, PgPool};
use tokio::{process::Command, time::timeout};

use crate::program::{Dev, PATIENCE, directory};

async fn verify(arguments: &[&str]) -> Output {
    let mut verify = Command::new(env!("CARGO_BIN_EXE_lombard"));
    verify.arg("verify").args(arguments).kill_on_drop(true);
    timeout(PATIENCE, verify.output()).await.unwrap().unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn complaint(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn url(pool: &PgPool) -> String {
    pool.connect_options().to_url_lossy().to_string()
}

fn read(path: &Path) -> Value {
    serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap()
}

#[tokio::test]
async fn sound_books_end_it_with_0_and_others_with_1_and_what_is_wrong() {
    let (directory, pool) = (directory(), testkit::database("ledger", &ledger::MIGRATIONS).await);
    let results = directory.path().join("results.json");
    let (url, file) = (url(&pool), results.to_str().unwrap());
    let arguments = ["--database-url", &url, "--json", file];

    let sound = verify(&arguments).await;
    let sound_results = read(&results);
    sqlx::raw_sql(
        "insert into accounts (tenant_id, account_id, kind, currency, active, floor_minor)
        values ('01900000-0000-7000-8000-000000000001', '01900000-0000-7000-8000-000000000002',
            'customer', 'GBP', true, 0)",
    )
    .execute(&pool)
    .await
    .unwrap();
    let broken = verify(&arguments).await;

    assert_eq!(sound.status.code(), Some(0), "{}", complaint(&sound));
    assert!(said(&sound).contains("\nsound as of 20"), "{}", said(&sound));
    assert_eq!(sound_results["sound"], true);
    assert_eq!(sound_results["seals"]["count"], 0);
    assert_eq!(broken.status.code(), Some(1));
    assert_eq!(complaint(&broken), "");
    let id = "01900000-0000-7000-8000-000000000001/01900000-0000-7000-8000-000000000002";
    let told = format!("\nledgers is broken by\n  {id}\n");
    assert!(said(&broken).contains(&told), "{}", said(&broken));
    assert!(said(&broken).contains("\nNOT SOUND as of 20"), "{}", said(&broken));
    let checks = read(&results)["checks"].as_array().unwrap().clone();
    let of_ledgers = checks.iter().find(|check| check["name"] == "ledgers").unwrap();
    assert_eq!(of_ledgers["offenders"][0], id);
}

#[tokio::test]
async fn a_root_that_was_kept_is_compared() {
    let pool = testkit::database("ledger", &ledger::MIGRATIONS).await;
    let url = url(&pool);
    let until = ["--database-url", &url, "--sealed-until", "2026-01-31T12:00:00Z"];
    let of_nothing = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    let same = verify(&[&until[..], &["--root", of_nothing]].concat()).await;
    let other = verify(&[&until[..], &["--root", "e3b0"]].concat()).await;

    assert_eq!(same.status.code(), Some(0), "{}", complaint(&same));
    assert!(said(&same).contains(&format!("\nroot {of_nothing}\n")), "{}", said(&same));
    assert_eq!(other.status.code(), Some(1));
    assert!(said(&other).contains("\nkept_root is broken by\n"), "{}", said(&other));
}

#[tokio::test]
async fn the_books_of_dev_are_looked_at_while_it_runs_and_when_it_does_not() {
    let directory = directory();
    let data_dir = ["--data-dir", directory.path().to_str().unwrap()];
    let mut dev = Dev::start(directory.path(), "127.0.0.1:0");
    dev.until_ready().await;

    let running = verify(&data_dir).await;
    assert_eq!(dev.terminate().await.code(), Some(0));
    let stopped = verify(&data_dir).await;

    for output in [&running, &stopped] {
        assert_eq!(output.status.code(), Some(0), "{}", complaint(output));
        assert!(said(output).contains("\nsound as of 20"), "{}", said(output));
    }
    assert!(!directory.path().join("postgres/data/postmaster.pid").exists());
}

#[tokio::test]
async fn where_there_are_no_books_it_says_so_and_makes_nothing() {
    let directory = directory();
    let data_dir = directory.path().join("data");

    let nothing = verify(&["--data-dir", data_dir.to_str().unwrap()]).await;
    let elsewhere = verify(&["--database-url", "postgres://127.0.0.1:1/nothing"]).await;
    let server = testkit::server().await.to_url_lossy().to_string();
    let other = verify(&["--database-url", &server]).await;

    assert_eq!(nothing.status.code(), Some(1));
    assert!(complaint(&nothing).starts_with("lombard: no books to look at"), "{nothing:?}");
    assert!(!data_dir.exists());
    assert_eq!(elsewhere.status.code(), Some(1));
    assert!(complaint(&elsewhere).contains("cannot look at the ledger's books"), "{elsewhere:?}");
    assert_eq!(other.status.code(), Some(1));
    assert!(complaint(&other).contains("has no schema"), "{other:?}");
}

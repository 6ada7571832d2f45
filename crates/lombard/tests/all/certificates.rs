//! Certificates for development, and the platform that uses them.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::Path,
    process::{Output, Stdio},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use devcerts::Authority;
use kit::tls::TlsConfig;
use lombard::{
    identity::Identity,
    stack::{Databases, SANDBOX, Stack},
};
use tempfile::TempDir;
use tokio::{net::TcpListener, process::Command, time::sleep};
use uuid::Uuid;

use crate::program::{Dev, directory};

const HOUR: Duration = Duration::from_hours(1);
/// Longer than the files are not looked at.
const NOTICED: Duration = Duration::from_millis(1100);

async fn lombard(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_lombard"));
    command.args(arguments).stdin(Stdio::null()).kill_on_drop(true).output().await.unwrap()
}

async fn dev_certs(directory: &Path) {
    let made = lombard(&["dev-certs", "--directory", directory.to_str().unwrap()]).await;
    assert!(made.status.success(), "{made:?}");
}

#[tokio::test]
async fn each_service_has_a_certificate_and_a_key_that_nobody_else_may_read() {
    let directory = TempDir::new().unwrap();
    let path = directory.path().join("certificates");

    dev_certs(&path).await;

    for name in devcerts::NAMES {
        TlsConfig::in_directory(&path, name).links(name).unwrap();
    }
    let keys: Vec<_> = fs::read_dir(&path)
        .unwrap()
        .map(|file| file.unwrap())
        .filter(|file| file.path().extension().is_some_and(|extension| extension == "key"))
        .collect();
    assert_eq!(keys.len(), devcerts::NAMES.len() + 1, "and the authority's");
    for key in keys {
        assert_eq!(key.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{key:?}");
    }
}

#[tokio::test]
async fn to_renew_certificates_keeps_the_authority() {
    let directory = TempDir::new().unwrap();
    let path = directory.path();
    let read = |file: &str| fs::read(path.join(file)).unwrap();

    dev_certs(path).await;
    let (authority, first) = (read("ca.crt"), read("ledger.crt"));
    dev_certs(path).await;

    assert_eq!(read("ca.crt"), authority);
    assert_ne!(read("ledger.crt"), first);
    TlsConfig::in_directory(path, "ledger").links("ledger").unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documented_flow_works_where_services_know_each_other() {
    let directory = TempDir::new().unwrap();
    dev_certs(directory.path()).await;
    let databases = Databases {
        server: testkit::server().await,
        prefix: format!("t{}_", Uuid::now_v7().simple()),
        files: directory.path().to_owned(),
        documents: directory.path().join("documents"),
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let identity = Identity::default();
    let starting = Stack::start(&databases, &identity, listener, Some(directory.path()));
    let stack = Box::pin(starting).await.unwrap();
    stack.seed(&SANDBOX).await.unwrap();

    let walked = lombard(&["demo", "--url", &stack.url()]).await;

    assert!(walked.status.success(), "{walked:?}");
    let ledger = stack.grpc("ledger").unwrap();
    let plain = tonic_health::pb::health_client::HealthClient::new(
        kit::client::channel(format!("http://{ledger}")).unwrap(),
    )
    .check(tonic_health::pb::HealthCheckRequest::default())
    .await;
    assert!(kit::client::is_broken_transport(&plain.unwrap_err()), "it was not over TLS");
    stack.stop().await.unwrap();
}

/// When the certificate ends that a service shows, as its metrics tell.
async fn end(admin: &str, of: &str) -> f64 {
    let metrics = reqwest::get(format!("http://{admin}/metrics")).await.unwrap();
    let metrics = metrics.text().await.unwrap();
    let name = format!("lombard_certificate_expiration_timestamp_seconds{{of=\"{of}\"}} ");
    let line = metrics.lines().find_map(|line| line.strip_prefix(&name));
    line.unwrap_or_else(|| panic!("{metrics}")).parse().unwrap()
}

#[tokio::test]
async fn when_certificates_end_is_told_of_those_in_use() {
    let (certificates, data) = (TempDir::new().unwrap(), directory());
    let path = certificates.path();
    dev_certs(path).await;
    let admin = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().to_string();
    let arguments = ["--listen", "127.0.0.1:0", "--admin-listen", &admin];
    let arguments = [&arguments[..], &["--certificates", path.to_str().unwrap()]].concat();
    let mut dev = Dev::start_with(data.path(), &arguments);
    dev.until_ready().await;
    let (ledger, kyc) = (end(&admin, "ledger").await, end(&admin, "kyc").await);

    let authority = Authority::of(path).unwrap();
    authority.issue_now("ledger.lombard", HOUR).unwrap().write(path, "ledger").unwrap();
    sleep(NOTICED).await;

    let soon = SystemTime::now().duration_since(UNIX_EPOCH).unwrap() + HOUR;
    assert!((end(&admin, "ledger").await - soon.as_secs_f64()).abs() < 120.0);
    assert!(ledger > soon.as_secs_f64() + 120.0);
    assert!((end(&admin, "kyc").await - kyc).abs() < 0.5);
    assert_eq!(dev.terminate().await.code(), Some(0));
}

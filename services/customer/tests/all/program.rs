use std::time::Duration;

use kit::{
    peers::{CUSTOMER, GATEWAY},
    tls::TlsConfig,
};
use testkit::program::{self, Program};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

const BINARY: &str = env!("CARGO_BIN_EXE_customer");

#[tokio::test]
async fn the_program_migrates_serves_and_stops_on_sigterm() {
    let pool = testkit::empty_database("customer").await;

    let refuses = program::run(BINARY, &["serve", "--listen", "127.0.0.1:0"], &pool).await;
    let migrates = program::run(BINARY, &["migrate"], &pool).await;
    let mut serving = Program::start(BINARY, &["serve", "--listen", "127.0.0.1:0"], &pool);
    let url = format!("http://{}", serving.address().await);
    let mut health = HealthClient::new(kit::client::channel(url).unwrap());
    let request = HealthCheckRequest { service: "lombard.customer.v1.CustomerService".into() };
    let healthy = loop {
        let status = health.check(request.clone()).await.map(|answer| answer.into_inner().status());
        match status {
            Ok(ServingStatus::Serving) => break true,
            _ => tokio::time::sleep(std::time::Duration::from_millis(20)).await,
        }
    };
    let ended = serving.terminate().await;

    assert!(!refuses.success(), "it must not serve on a schema it does not know");
    assert!(migrates.success());
    assert!(healthy);
    assert_eq!(ended.code(), Some(0));
}

#[tokio::test]
async fn the_program_is_reached_from_elsewhere_only_over_tls_or_when_told_to() {
    let pool = testkit::database("customer", &customer::MIGRATIONS).await;
    let certificates = tempfile::TempDir::new().unwrap();
    devcerts::write_all(certificates.path(), "lombard", Duration::from_hours(1)).unwrap();
    let file = |name: &str| certificates.path().join(name).to_str().unwrap().to_owned();
    let (certificate, key, authority) =
        (file("customer.crt"), file("customer.key"), file("ca.crt"));
    let secured = [
        ["--tls-cert-file", &certificate],
        ["--tls-key-file", &key],
        ["--tls-ca-file", &authority],
    ];
    let anywhere = ["serve", "--listen", "0.0.0.0:0"];

    let refuses = program::run(BINARY, &anywhere, &pool).await;
    let arguments = [&anywhere[..], secured.as_flattened()].concat();
    let mut secured = Program::start(BINARY, &arguments, &pool);
    let arguments = [&anywhere[..], &["--plaintext", "allow"]].concat();
    let mut told = Program::start(BINARY, &arguments, &pool);
    let port = |address: String| address.rsplit_once(':').unwrap().1.to_owned();
    let url = format!("https://127.0.0.1:{}", port(secured.address().await));
    let gateway = TlsConfig::in_directory(certificates.path(), GATEWAY).links(GATEWAY).unwrap();
    let mut health = HealthClient::new(gateway.channel(CUSTOMER, &url).unwrap());
    let healthy = health.check(HealthCheckRequest::default()).await;
    let listens = told.address().await;

    assert!(!refuses.success(), "it must not be reached without TLS unless told so");
    assert!(healthy.is_ok(), "{healthy:?}");
    assert!(listens.starts_with("0.0.0.0:"), "{listens}");
    assert_eq!(secured.terminate().await.code(), Some(0));
    assert_eq!(told.terminate().await.code(), Some(0));
}

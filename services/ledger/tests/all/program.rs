use testkit::program::{self, Program};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

const BINARY: &str = env!("CARGO_BIN_EXE_ledger");
const SERVE: [&str; 5] =
    ["serve", "--listen", "127.0.0.1:0", "--customer-url", "http://127.0.0.1:1"];

#[tokio::test]
async fn the_program_migrates_serves_and_stops_on_sigterm() {
    let pool = testkit::empty_database("ledger").await;

    let refuses = program::run(BINARY, &SERVE, &pool).await;
    let migrates = program::run(BINARY, &["migrate"], &pool).await;
    let mut serving = Program::start(BINARY, &SERVE, &pool);
    let url = format!("http://{}", serving.address().await);
    let mut health = HealthClient::new(kit::client::channel(url).unwrap());
    let request = HealthCheckRequest { service: "lombard.ledger.v1.LedgerService".into() };
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

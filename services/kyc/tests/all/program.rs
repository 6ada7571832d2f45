use std::time::Duration;

use testkit::program::{self, Program};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_kyc");
pub(crate) const KEYS: &str = "1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
const SERVE: [&str; 7] =
    ["serve", "--listen", "127.0.0.1:0", "--customer-url", "http://127.0.0.1:1", "--keys", KEYS];

#[tokio::test]
async fn the_program_migrates_serves_and_stops_on_sigterm() {
    let pool = testkit::empty_database("kyc").await;

    let refuses = program::run(BINARY, &SERVE, &pool).await;
    let migrates = program::run(BINARY, &["migrate"], &pool).await;
    let mut serving = Program::start(BINARY, &SERVE, &pool);
    let url = format!("http://{}", serving.address().await);
    let mut health = HealthClient::new(kit::client::channel(url).unwrap());
    let request = HealthCheckRequest { service: "lombard.kyc.v1.KycService".into() };
    let healthy = async {
        loop {
            let answer = health.check(request.clone()).await;
            if answer.is_ok_and(|answer| answer.into_inner().status() == ServingStatus::Serving) {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), healthy).await.unwrap();
    let ended = serving.terminate().await;

    assert!(!refuses.success(), "it must not serve on a schema that it does not know");
    assert!(migrates.success());
    assert_eq!(ended.code(), Some(0));
}

use std::time::Duration;

use testkit::program::{self, Program};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

pub(crate) const BINARY: &str = env!("CARGO_BIN_EXE_kyc");
pub(crate) const KEYS: &str = "1:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

#[tokio::test]
async fn the_program_migrates_serves_and_stops_on_sigterm() {
    let pool = testkit::empty_database("kyc").await;
    let directory = tempfile::tempdir().unwrap();
    let documents = directory.path().join("documents");
    let at_rest = ["--keys", KEYS, "--documents", documents.to_str().unwrap()];
    let mut serve = vec!["serve", "--listen", "127.0.0.1:0"];
    serve.extend(["--customer-url", "http://127.0.0.1:1"]);
    serve.extend(at_rest);
    let mut rotate = vec!["rotate-keys"];
    rotate.extend(at_rest);

    let refuses = program::run(BINARY, &serve, &pool).await;
    let migrates = program::run(BINARY, &["migrate"], &pool).await;
    let keyless = program::run(BINARY, &serve[..5], &pool).await;
    let rotates = program::run(BINARY, &rotate, &pool).await;
    let mut serving = Program::start(BINARY, &serve, &pool);
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
    assert!(!keyless.success(), "it must not serve without keys");
    assert!(rotates.success());
    assert_eq!(ended.code(), Some(0));
}

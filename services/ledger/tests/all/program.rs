use std::net::SocketAddr;

use testkit::program::{self, Program};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

use crate::{
    paying::{eventually, faster},
    support::setup,
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

/// What Prometheus would read, once the program serves it.
async fn metrics(address: SocketAddr) -> String {
    eventually(async || {
        let mut stream = TcpStream::connect(address).await.ok()?;
        let ask = "GET /metrics HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
        stream.write_all(ask.as_bytes()).await.ok()?;
        let mut told = String::new();
        stream.read_to_string(&mut told).await.ok()?;
        // The first look at what is open has been taken.
        told.contains("lombard_payments_open ").then_some(told)
    })
    .await
}

#[tokio::test]
async fn operators_read_how_posting_and_payments_go() {
    let setup = setup().await;
    let alice = setup.funded(1_000).await;
    setup.pay(faster(&alice, "12345678", "1")).await.unwrap();
    let free = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let listen = address.to_string();
    let arguments = [&["--admin-listen", listen.as_str()], &SERVE[..], &["--sandbox"]].concat();
    let _serving = Program::start(BINARY, &arguments, &setup.pool);

    let told = eventually(async || {
        let told = metrics(address).await;
        told.contains("lombard_payments_steps_total{outcome=\"settled\"} 1").then_some(told)
    })
    .await;

    for figure in [
        "lombard_posting_queued_orders 0",
        "lombard_payments_claimed_total 1",
        "lombard_payments_rail_seconds_count{call=\"submit\"} 1",
        "lombard_payments_oldest_open_seconds ",
        "lombard_payments_failing 0",
        "lombard_rail_items_unbooked 0",
    ] {
        assert!(told.contains(figure), "no {figure} in {told}");
    }
}

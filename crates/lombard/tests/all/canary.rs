//! Personal data and secrets are only where they have to be. A whole run through the platform, with canaries
//! in every field, and then a search for them in everything that it has written.
//!
//! In clear may be, in the databases of the services that own them: what is searched or shown of customers,
//! the counterparties of payments, and users' addresses. PostgreSQL writes those to its WAL too. Nothing of
//! it may be in logs, traces, metrics, objects, or in the KYC database; and documents, zones, notes and
//! secrets may be nowhere at all.

mod run;
mod search;

use std::net::TcpListener;

use cluster::Cluster;

use crate::{
    outside::{Manner, Outside},
    program::{Dev, directory},
    traces::Collector,
};
use search::Haystack;

/// A port that is free, or was just now.
fn free() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

#[tokio::test]
async fn no_canary_is_found_where_it_must_not_be() {
    let (directory, admin, echo) = (directory(), free(), Outside::start(Manner::Repeats).await);
    let (collector, endpoint) = Collector::start().await;
    let list = concat!(env!("CARGO_MANIFEST_DIR"), "/../../services/kyc/tests/lists/uk.csv");
    let (go, token, soap) = (echo.url("/go"), echo.url("/token"), echo.url("/soap"));
    let arguments = [
        ["--listen", "127.0.0.1:0", "--admin-listen", &admin, "--log", "debug"].as_slice(),
        &["--uk-list", list, "--gbg-go-url", &go, "--gbg-go-token-url", &token],
        &["--gbg-id3global-url", &soap, "--gbg-id3global-images-url", &soap],
    ]
    .concat();
    let environment =
        [("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.as_str()), ("OTEL_BSP_SCHEDULE_DELAY", "100")];
    let mut dev = Dev::start_in(directory.path(), &arguments, &environment);
    let log = dev.log();
    let url = dev.url().await;
    let server = Cluster::running(&directory.path().join("postgres")).await.unwrap().unwrap();

    let canaries = run::everything(&url, &server, &echo).await;
    let metrics = reqwest::get(format!("http://{admin}/metrics")).await.unwrap();
    let metrics = metrics.text().await.unwrap();
    let kyc = search::database(&server, "lombard_kyc").await;
    assert_eq!(dev.terminate().await.code(), Some(0));
    let log = log.await.unwrap();

    // What is searched is what it is taken for.
    assert!(log.contains("\"level\":\"DEBUG\"") && log.contains("verifications"), "no log");
    assert!(
        metrics.contains("lombard_http_seconds") && metrics.contains("lombard_screening_matches")
    );
    let spans = format!("{:?}", collector.all());
    assert!(spans.contains("insert verifications") && spans.contains("insert customers"));
    let (data, documents) = (directory.path().join("postgres"), directory.path().join("documents"));
    let table = data.join("data").join(kyc);
    let mut found = Vec::new();
    for (what, haystack) in [
        ("the log", Haystack::Text(log)),
        ("spans", Haystack::Text(spans)),
        ("metrics", Haystack::Text(metrics)),
        ("PostgreSQL's log", Haystack::Files(data.join("log"))),
        ("objects", Haystack::Files(documents)),
        ("the KYC database", Haystack::Files(table)),
    ] {
        found.extend(haystack.search(what, canaries.personal.iter().chain(&canaries.hidden)));
    }
    let everywhere = Haystack::Files(directory.path().to_owned());
    found.extend(everywhere.search("the data directory", &canaries.hidden));
    // The search finds what is there: customers' names are, where they are searched.
    assert!(!everywhere.search("", &canaries.personal).is_empty());

    assert_eq!(found, [""; 0], "canaries are where they must not be");
}

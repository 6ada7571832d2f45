//! The admin port: probes, metrics and the log filter.

use std::{net::TcpListener, time::Duration};

use reqwest::StatusCode;
use tokio::time::sleep;

use crate::{
    program::{Dev, PATIENCE, directory},
    stack::login_as,
};

/// A port that is free, or was just now.
fn free() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

async fn get(admin: &str, path: &str) -> (StatusCode, String) {
    let answer = reqwest::get(format!("http://{admin}{path}")).await.unwrap();
    (answer.status(), answer.text().await.unwrap())
}

/// The names of the labels of a metric's samples, and how many samples it has.
fn labels(metrics: &str, name: &str) -> (Vec<String>, usize) {
    let samples: Vec<_> =
        metrics.lines().filter_map(|line| line.strip_prefix(&format!("{name}{{"))).collect();
    let mut names: Vec<_> = samples
        .iter()
        .flat_map(|sample| sample.split("\",").filter_map(|label| label.split_once("=\"")))
        .map(|(name, _)| name.to_owned())
        .collect();
    names.sort();
    names.dedup();
    (names, samples.len())
}

#[tokio::test]
async fn metrics_have_their_names_and_no_label_that_a_caller_chooses() {
    let (directory, admin) = (directory(), free());
    let arguments = ["--listen", "127.0.0.1:0", "--admin-listen", &admin];
    let mut dev = Dev::start_with(directory.path(), &arguments);
    let url = dev.url().await;
    let client = login_as(&url, "sandbox@lombard.test", "sandbox-password").await;
    for anything in 0..50 {
        client.get(&format!("/accounts/customers/{anything}")).await;
        client.get(&format!("/nowhere/{anything}")).await;
    }
    let odd = reqwest::Method::from_bytes(b"CHOSEN").unwrap();
    client.request(odd, "/accounts/customers/list").send().await.unwrap();

    let (status, metrics) = get(&admin, "/metrics").await;

    assert_eq!(status, 200);
    for (name, expected) in [
        ("lombard_http_seconds_count", vec!["method", "route", "status"]),
        ("lombard_rpc_seconds_count", vec!["code", "rpc"]),
        ("lombard_database_connections", vec!["database", "state"]),
        ("lombard_database_connections_max", vec!["database"]),
        ("lombard_ledger_currencies_out_of_balance", vec![]),
        ("lombard_payments_oldest_open_seconds", vec![]),
        ("lombard_gauges_read_timestamp_seconds", vec!["of"]),
        ("lombard_kyc_oldest_pending_verification_seconds", vec![]),
    ] {
        let (labels, samples) = labels(&metrics, name);
        assert_eq!(labels, expected, "{name}");
        assert!(samples <= 40, "{name} has {samples} samples");
        assert!(metrics.contains(name), "{name} is missing:\n{metrics}");
    }
    for name in ["process_cpu_seconds_total", "process_resident_memory_bytes", "process_open_fds"] {
        assert!(metrics.contains(&format!("\n{name} ")), "{name}");
    }
    assert!(!metrics.contains("CHOSEN") && !metrics.contains("nowhere"));
    assert!(metrics.contains("route=\"/accounts/customers/{customer_id}\""), "{metrics}");
    assert_eq!(dev.terminate().await.code(), Some(0));
}

#[tokio::test]
async fn probes_answer_and_the_log_filter_can_be_changed() {
    let (directory, admin) = (directory(), free());
    let arguments = ["--listen", "127.0.0.1:0", "--admin-listen", &admin];
    let mut dev = Dev::start_with(directory.path(), &arguments);
    dev.url().await;
    let http = reqwest::Client::new();
    let filter = format!("http://{admin}/log-filter");

    assert_eq!(get(&admin, "/livez").await.0, 200);
    let ready = async {
        while get(&admin, "/readyz").await.0 != StatusCode::OK {
            sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, ready).await.unwrap();
    let changed = http.put(&filter).body("ledger=debug,warn").send().await.unwrap();
    let refused = http.put(&filter).body("ledger=loud").send().await.unwrap();

    assert_eq!(changed.status(), 200);
    assert_eq!(refused.status(), 400);
    let told = get(&admin, "/log-filter").await.1;
    assert!(told.contains("ledger=debug") && told.contains("warn"), "{told}");
    assert_eq!(dev.terminate().await.code(), Some(0));
}

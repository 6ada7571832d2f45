//! `lombard bench` as a program: that it measures, not how fast anything is.

use std::{fs, time::Duration};

use serde_json::Value;
use tokio::{process::Command, time::timeout};

use crate::program::directory;

/// Longer than it takes on a busy machine.
const PATIENCE: Duration = Duration::from_mins(5);

#[tokio::test]
async fn rows_are_measured_on_data_that_the_services_take_for_their_own() {
    let directory = directory();
    let results = directory.path().join("results.json");
    let mut bench = Command::new(env!("CARGO_BIN_EXE_lombard"));
    bench
        .args(["bench", "--rounds", "1", "--seconds", "1", "--large", "2000"])
        .args(["--only", "rest,transactions-deepest,overload", "--directory"])
        .arg(directory.path())
        .arg("--json")
        .arg(&results)
        .kill_on_drop(true);

    let output = timeout(PATIENCE, bench.output()).await.unwrap().unwrap();

    let complaint = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{complaint}");
    let results: Value = serde_json::from_str(&fs::read_to_string(results).unwrap()).unwrap();
    let rows = results["rows"].as_array().unwrap();
    let names: Vec<_> = rows.iter().map(|row| row["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["rest", "transactions-deepest", "overload"]);
    let (overload, ratios) = rows.split_last().unwrap();
    assert!(ratios.iter().all(|row| row["ratio"].as_f64().unwrap() > 0.0), "{results}");
    assert_eq!(overload["verdict"], "PASS", "{overload}");
    for offer in overload["offers"].as_array().unwrap() {
        let number = |name: &str| offer[name].as_f64().unwrap();
        // Where little was accepted of those who waited, all of ten times that may be.
        assert!(number("offered_per_s") >= number("accepted_per_s"), "{offer}");
        assert!(number("accepted_per_s") > 0.0 && number("p99_ms") > 0.0, "{offer}");
    }
    let left = fs::read_dir(directory.path()).unwrap().count();
    assert_eq!(left, 1, "only the results are left");
}

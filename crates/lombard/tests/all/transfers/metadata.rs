//! What callers want to be kept with a transfer.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};

use crate::scene::{Scene, TRANSACTIONS, TRANSFER, rows, send, transfer, with};

/// A transfer with this metadata.
fn noted(from: &str, to: &str, metadata: &Value) -> Value {
    with(transfer(from, to, "1"), "metadata", metadata)
}

#[tokio::test]
async fn both_sides_tell_what_was_given_with_a_transfer() {
    let scene = Scene::new().await;
    let [from, to] = scene.pair("10").await;
    let given = json!({"invoice": "2020-0417", "A_b-c.1": "tête à tête ☂"});

    let sent = scene.post(TRANSFER, &noted(&from, &to, &given)).await.text("transaction_id");

    for ledger in [&from, &to] {
        let page = scene.transactions(ledger, "limit=1").await;
        assert_eq!(rows(&page)[0]["metadata"], given);
    }
    let one = scene.get(&format!("{}/{sent}", TRANSACTIONS[0])).await;
    assert_eq!(one.data()["metadata"], given);
}

#[tokio::test]
async fn a_transaction_without_metadata_has_none() {
    let scene = Scene::new().await;
    let [from, to] = scene.pair("10").await;

    for none in [Value::Null, json!({}), json!(""), json!({"a": null}), json!({"a": ""})] {
        scene.post(TRANSFER, &noted(&from, &to, &none)).await.data();

        let page = scene.transactions(&from, "limit=1").await;
        assert!(rows(&page)[0].get("metadata").is_none(), "{none}");
    }
}

#[tokio::test]
async fn as_much_as_is_allowed_is_kept() {
    let scene = Scene::new().await;
    let [from, to] = scene.pair("10").await;
    let pairs: BTreeMap<_, _> =
        (0..16).map(|place| (format!("{place:0>40}"), "é".repeat(255))).collect();

    scene.post(TRANSFER, &noted(&from, &to, &json!(pairs))).await.data();

    let page = scene.transactions(&from, "limit=1").await;
    assert_eq!(rows(&page)[0]["metadata"], json!(pairs));
}

#[tokio::test]
async fn what_is_no_metadata_is_named() {
    let scene = Scene::new().await;
    let [from, to] = scene.pair("10").await;
    let many: BTreeMap<_, _> = (0..17).map(|place| (format!("k{place}"), "v")).collect();

    for (given, bad) in [
        (json!("x"), vec!["metadata"]),
        (json!(["a"]), vec!["metadata"]),
        (json!(7), vec!["metadata"]),
        (json!({"a": 1}), vec!["metadata.a"]),
        (json!({"a": {"b": "c"}, "d": true, "e": "f"}), vec!["metadata.a", "metadata.d"]),
        (json!({"a b": "c"}), vec!["metadata"]),
        (json!({"": "c"}), vec!["metadata"]),
        (json!({"é": "c"}), vec!["metadata"]),
        (json!({"x".repeat(41): "c"}), vec!["metadata"]),
        (json!({"a": "x".repeat(256)}), vec!["metadata"]),
        (json!({"a": "b\u{0}"}), vec!["metadata"]),
        (json!({"a": "b\nc"}), vec!["metadata"]),
        (json!(many), vec!["metadata"]),
    ] {
        let reply = scene.post(TRANSFER, &noted(&from, &to, &given)).await;

        assert_eq!(reply.bad(), bad, "{given}");
    }
    let twice = transfer(&from, &to, "1").to_string();
    let twice = twice.replacen('{', r#"{"metadata": {"a": "1", "a": "2"},"#, 1);
    assert_eq!(send(scene.written(Method::POST, TRANSFER, &twice)).await.bad(), ["metadata.a"]);
    assert_eq!(scene.balance(&from).await, "10.00");
}

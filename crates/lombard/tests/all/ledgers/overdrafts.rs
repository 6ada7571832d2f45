//! Ledgers that may be overdrawn.

use reqwest::Method;
use serde_json::{Value, json};

use crate::scene::{NOBODY, Reply, Scene, TRANSFER, ledger_path, send, transfer};

async fn limit(scene: &Scene, ledger: &str, limit: &Value) -> Reply {
    scene.put(&ledger_path(ledger), &json!({"overdraft_limit": limit})).await
}

async fn details(scene: &Scene, ledger: &str) -> Value {
    scene.details(ledger).await["ledger_details"].clone()
}

#[tokio::test]
async fn a_ledger_goes_below_zero_as_far_as_its_limit() {
    let scene = Scene::new().await;
    let [from, to] = scene.pair("1").await;

    limit(&scene, &from, &json!("2.50")).await.data();
    let within = scene.post(TRANSFER, &transfer(&from, &to, "3.50")).await;
    let beyond = scene.post(TRANSFER, &transfer(&from, &to, "0.01")).await;

    within.data();
    assert_eq!(beyond.refusal(), (409, "INSUFFICIENT_FUNDS"));
    let text = scene.get(&ledger_path(&from)).await.text;
    assert!(text.contains(r#""balance":-2.50,"#), "{text}");
    assert!(text.contains(r#""available":-2.50,"overdraft_limit":"2.50"}"#), "{text}");
}

#[tokio::test]
async fn a_limit_is_written_as_amounts_are_and_may_be_nothing() {
    let scene = Scene::new().await;
    let ledger = scene.ledger("gbp").await;

    for (given, told) in [
        ("\"200\"", "200.00"),
        ("200.5", "200.50"),
        ("99999999.99", "99999999.99"),
        ("0", "0.00"),
        ("\"0.00\"", "0.00"),
    ] {
        let body = format!(r#"{{"overdraft_limit": {given}}}"#);
        let reply = send(scene.written(Method::PUT, &ledger_path(&ledger), &body)).await;

        assert_eq!(reply.data()["ledger_id"], ledger.as_str());
        assert_eq!(details(&scene, &ledger).await["overdraft_limit"], told);
    }
}

#[tokio::test]
async fn what_is_no_limit_is_refused_with_all_else_that_is_wrong() {
    let scene = Scene::new().await;
    let ledger = scene.ledger("gbp").await;

    for given in [
        json!(-1),
        json!("-0.01"),
        json!("0.001"),
        json!("1e3"),
        json!("100000000"),
        json!("x"),
        json!(true),
        json!({"amount": "1"}),
    ] {
        assert_eq!(limit(&scene, &ledger, &given).await.bad(), ["overdraft_limit"], "{given}");
    }
    let body = json!({"overdraft_limit": "0.001", "active": "yes", "owner": "me"});
    let reply = scene.put(&ledger_path(&ledger), &body).await;
    assert_eq!(reply.bad(), ["active", "overdraft_limit", "owner"]);
    assert_eq!(details(&scene, &ledger).await["overdraft_limit"], "0.00");
    assert_eq!(limit(&scene, NOBODY, &json!("1")).await.refusal(), (404, "LEDGER_NOT_FOUND"));
}

#[tokio::test]
async fn a_limit_that_is_in_use_stays() {
    let scene = Scene::new().await;
    let [from, to] = scene.pair("1").await;
    limit(&scene, &from, &json!("5")).await.data();
    scene.post(TRANSFER, &transfer(&from, &to, "4")).await.data();

    let body = json!({"overdraft_limit": "2.99", "active": false});
    let refused = scene.put(&ledger_path(&from), &body).await;
    let exact = limit(&scene, &from, &json!("3")).await;

    assert_eq!(refused.refusal(), (409, "OVERDRAFT_IN_USE"));
    exact.data();
    assert_eq!(scene.details(&from).await["active"], true, "nothing changes or all does");
}

#[tokio::test]
async fn both_can_be_changed_at_once() {
    let scene = Scene::new().await;
    let ledger = scene.ledger("eur").await;

    scene.put(&ledger_path(&ledger), &json!({"overdraft_limit": 7, "active": false})).await.data();

    let found = scene.details(&ledger).await;
    assert_eq!((&found["active"], &found["status"]), (&json!(false), &json!("disabled")));
    assert_eq!(found["ledger_details"]["overdraft_limit"], "7.00");
}

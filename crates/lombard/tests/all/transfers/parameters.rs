//! What a request for a transfer must say.

use reqwest::Method;
use serde_json::{Value, json};

use crate::scene::{NOBODY, Scene, TRANSFER, rows, send, transfer, with};

#[tokio::test]
async fn what_breaks_a_rule_of_transfers_is_named() {
    let scene = Scene::new().await;
    let [from, to] = scene.pair("10").await;
    let good = transfer(&from, &to, "1");

    for (field, value) in [
        ("from_ledger_id", json!("x")),
        ("from_ledger_id", json!(1)),
        ("from_ledger_id", Value::Null),
        ("to_ledger_id", json!("x")),
        ("to_ledger_id", json!("")),
        ("to_ledger_id", Value::Null),
        // To itself.
        ("to_ledger_id", json!(from)),
        ("to_ledger_id", json!(from.to_uppercase())),
        ("reference", json!("")),
        ("reference", json!("   ")),
        ("reference", json!("1234567890123456789")),
        ("reference", json!("a,b")),
        ("reference", json!("a\nb")),
        ("reference", json!("#1")),
        ("reference", json!("<b>")),
        ("reference", json!("a:b")),
        ("reference", json!("🙂")),
        ("reference", json!(7)),
        ("reference", Value::Null),
        ("currency", json!("gbp")),
        ("Amount", json!("1")),
    ] {
        let reply = scene.post(TRANSFER, &with(good.clone(), field, &value)).await;

        assert_eq!(reply.bad(), [field], "{value}");
    }
    assert_eq!(scene.balance(&from).await, "10.00");
}

#[tokio::test]
async fn everything_that_is_wrong_is_named_at_once() {
    let scene = Scene::new().await;
    let [from, _] = scene.pair("10").await;

    let nothing = scene.post(TRANSFER, &json!({})).await;
    let all = json!({"from_ledger_id": "x", "to_ledger_id": 1, "amount": "1e3", "ref": "rent"});
    let all = scene.post(TRANSFER, &all).await;
    // That an amount has too many decimals is known only with the ledger's currency.
    let mixed = with(transfer(&from, &from, "0.001"), "reference", &json!("a,b"));
    let mixed = scene.post(TRANSFER, &with(mixed, "note", &json!("x"))).await;

    assert_eq!(nothing.bad(), ["amount", "from_ledger_id", "reference", "to_ledger_id"]);
    assert_eq!(all.bad(), ["amount", "from_ledger_id", "ref", "reference", "to_ledger_id"]);
    assert_eq!(mixed.bad(), ["amount", "note", "reference", "to_ledger_id"]);
}

#[tokio::test]
async fn references_of_the_documented_characters_are_told_to_both_sides() {
    let scene = Scene::new().await;
    let [from, to] = scene.pair("10").await;

    for (given, told) in [
        ("a", "a"),
        ("123456789012345678", "123456789012345678"),
        ("Az 09_-./&", "Az 09_-./&"),
        ("  rent  ", "rent"),
    ] {
        let body = with(transfer(&from, &to, "0.01"), "reference", &json!(given));
        scene.post(TRANSFER, &body).await.data();

        for ledger in [&from, &to] {
            let page = scene.transactions(ledger, "limit=1").await;
            assert_eq!(rows(&page)[0]["reference"], told);
        }
    }
}

#[tokio::test]
async fn a_body_that_says_a_thing_twice_is_refused() {
    let scene = Scene::new().await;
    let [from, to] = scene.pair("10").await;
    let ids = format!(r#""from_ledger_id":"{from}","to_ledger_id":"{to}""#);

    for (body, bad) in [
        (format!(r#"{{{ids},"amount":"1","amount":"9","reference":"r"}}"#), vec!["amount"]),
        (format!(r#"{{{ids},"amount":"1","amount":"1","reference":"r"}}"#), vec!["amount"]),
        (
            format!(r#"{{{ids},{ids},"amount":"1","reference":"r"}}"#),
            vec!["from_ledger_id", "to_ledger_id"],
        ),
        // The same name, written otherwise.
        (format!(r#"{{{ids},"amount":"1","\u0061mount":"9","reference":"r"}}"#), vec!["amount"]),
    ] {
        let reply = send(scene.written(Method::POST, TRANSFER, &body)).await;

        assert_eq!(reply.bad(), bad, "{body}");
    }
    assert_eq!(scene.balance(&from).await, "10.00");
}

#[tokio::test]
async fn bad_parameters_are_told_before_what_is_missing_and_that_before_states() {
    let scene = Scene::new().await;
    let [from, to] = scene.pair("10").await;
    scene.set_ledger(&from, false).await;

    let bad = scene.post(TRANSFER, &transfer(&from, &to, "-1")).await;
    let too_fine = scene.post(TRANSFER, &transfer(&from, &to, "0.001")).await;
    let too_fine_for_nobody = scene.post(TRANSFER, &transfer(&from, NOBODY, "0.001")).await;
    let missing = scene.post(TRANSFER, &transfer(&from, NOBODY, "1")).await;

    assert_eq!(bad.bad(), ["amount"]);
    assert_eq!(too_fine.bad(), ["amount"]);
    assert_eq!(too_fine_for_nobody.bad(), ["amount"]);
    assert_eq!(missing.refusal(), (404, "LEDGER_NOT_FOUND"));
}

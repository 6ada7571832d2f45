//! How amounts may be written, of transfers and of payments that come in.

use reqwest::Method;
use serde_json::Value;

use crate::scene::{Reply, Scene, TRANSFER, inbound, inbound_path, rows, send, transfer};

/// Sends a body whose amount is written so.
async fn post(scene: &Scene, path: &str, body: &Value, amount: &str) -> Reply {
    let body = body.to_string().replace(r#""AMOUNT""#, amount);
    send(scene.written(Method::POST, path, &body)).await
}

/// What is no amount, as JSON.
const NONE: [&str; 44] = [
    "1e3",
    r#""1e3""#,
    "1E3",
    "2e0",
    "1e-1",
    r#""NaN""#,
    r#""Infinity""#,
    "-1",
    r#""-1""#,
    "-0.01",
    r#""+1""#,
    "0",
    "0.0",
    r#""0""#,
    r#""0.00""#,
    "-0",
    r#""1,000""#,
    r#""1,00""#,
    r#""1 000""#,
    r#""1_000""#,
    r#""1'000""#,
    "0.001",
    r#""0.001""#,
    "1.000",
    r#""200.000""#,
    "100000000.00",
    r#""100000000.00""#,
    "100000000",
    "99999999999999999999999999",
    r#"" 1""#,
    r#""1 ""#,
    r#""1.""#,
    r#"".5""#,
    r#""£1""#,
    r#""1 GBP""#,
    r#""0x10""#,
    r#""one""#,
    r#""١""#,
    r#""""#,
    "null",
    "true",
    "[1]",
    r#"{"value": 1}"#,
    r#""1.1.1""#,
];

#[tokio::test]
async fn equal_amounts_are_equal_however_they_are_written() {
    let scene = Scene::new().await;
    let [from, to] = scene.pair("10000").await;
    let body = transfer(&from, &to, "AMOUNT");

    for amount in [r#""200""#, r#""200.0""#, r#""200.00""#, "200", "200.0", "200.00"] {
        post(&scene, TRANSFER, &body, amount).await.data();
        let page = scene.transactions(&from, "limit=1").await;
        assert_eq!(rows(&page)[0]["amount"], "200.00", "{amount}");
        post(&scene, &inbound_path(&from), &inbound("AMOUNT"), amount).await.data();
        let page = scene.transactions(&from, "limit=1").await;
        assert_eq!(rows(&page)[0]["amount"], "200.00", "{amount}");
    }

    assert_eq!([scene.balance(&from).await, scene.balance(&to).await], ["10000.00", "1200.00"]);
}

#[tokio::test]
async fn no_penny_is_lost_between_text_and_number() {
    let scene = Scene::new().await;
    let [from, to] = scene.pair("99999999.99").await;

    for (amount, told) in [
        // Neither is a float.
        ("0.07", "0.07"),
        (r#""1.15""#, "1.15"),
        ("4.35", "4.35"),
        ("0.29", "0.29"),
        ("0.01", "0.01"),
        ("90071992.54", "90071992.54"),
    ] {
        post(&scene, TRANSFER, &transfer(&from, &to, "AMOUNT"), amount).await.data();
        let page = scene.transactions(&to, "limit=1").await;
        assert_eq!(rows(&page)[0]["amount"], told);
    }

    assert_eq!(scene.balance(&to).await, "90071998.41");
    assert_eq!(scene.balance(&from).await, "9928001.58");
}

#[tokio::test]
async fn the_greatest_amount_has_eleven_characters_and_a_balance_may_have_more() {
    let scene = Scene::new().await;
    let [from, to] = scene.pair("99999999.99").await;

    post(&scene, TRANSFER, &transfer(&from, &to, "AMOUNT"), "99999999.99").await.data();
    scene.fund(&to, "99999999.99").await;

    assert_eq!(scene.balance(&to).await, "199999999.98");
    let page = scene.transactions(&to, "").await;
    assert_eq!(rows(&page)[0]["balance_after"], "199999999.98");
    assert_eq!(rows(&page)[1]["amount"], "99999999.99");
}

#[tokio::test]
async fn what_is_no_amount_is_refused() {
    let scene = Scene::new().await;
    let [from, to] = scene.pair("10").await;

    for amount in NONE {
        let sent = post(&scene, TRANSFER, &transfer(&from, &to, "AMOUNT"), amount).await;
        let came = post(&scene, &inbound_path(&to), &inbound("AMOUNT"), amount).await;

        assert_eq!(sent.bad(), ["amount"], "{amount}");
        assert_eq!(came.bad(), ["amount"], "{amount}");
    }
    assert_eq!([scene.balance(&from).await, scene.balance(&to).await], ["10.00", "0.00"]);
}

#[tokio::test]
async fn what_is_no_json_number_is_no_json() {
    let scene = Scene::new().await;
    let [from, to] = scene.pair("10").await;

    for amount in ["NaN", "Infinity", "+1", "1,000", "01", "1.", ".5", "0x10", "1_000", ""] {
        let reply = post(&scene, TRANSFER, &transfer(&from, &to, "AMOUNT"), amount).await;

        assert_eq!(reply.refusal(), (400, "INVALID_JSON"), "{amount}");
    }
    assert_eq!(scene.balance(&from).await, "10.00");
}

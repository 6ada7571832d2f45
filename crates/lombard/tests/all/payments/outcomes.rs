//! What becomes of payments.

use serde_json::{Value, json};

use super::{available, once, once_in, to_number};
use crate::scene::{
    FASTER_PAYMENT, SEPA_CREDIT, Scene, faster_payment, inbound, inbound_path, payment_path, rows,
    send, sepa_credit, with,
};

#[tokio::test]
async fn one_that_the_rail_rejects_holds_nothing_any_more() {
    let scene = Scene::new().await;
    let from = scene.ledger("gbp").await;
    scene.fund(&from, "10").await;

    let reply = scene.post(FASTER_PAYMENT, &to_number(&from, "00000002", "4")).await;
    let rejected = once_in(&scene, &reply.text("payment_id"), "rejected").await;

    assert!(!rejected["rejection_reason"].as_str().unwrap().is_empty(), "{rejected}");
    assert_ne!(rejected["response_code"], "1");
    assert!(rejected.get("transaction_id").is_none());
    assert_eq!(scene.balance(&from).await, "10.00");
    assert_eq!(available(&scene, &from).await, "10.0");
    assert_eq!(scene.transactions(&from, "in_out=out").await["total"], 0);
}

#[tokio::test]
async fn money_that_comes_back_is_a_new_transaction() {
    let scene = Scene::new().await;
    let from = scene.ledger("gbp").await;
    scene.fund(&from, "10").await;

    let reply = scene.post(FASTER_PAYMENT, &to_number(&from, "00000003", "4")).await;
    let id = reply.text("payment_id");
    let has_returned = |payment: &Value| payment.get("return_transaction_id").is_some();
    let returned = once(&scene, &id, has_returned).await;

    assert_eq!(returned["payment_status"], "settled");
    let page = scene.transactions(&from, "limit=2").await;
    let [back, out] = rows(&page) else { panic!("{page}") };
    assert_eq!((&back["in_out"], &out["in_out"]), (&json!("in"), &json!("out")));
    assert_eq!(back["transaction_id"], returned["return_transaction_id"]);
    assert_eq!(out["transaction_id"], returned["transaction_id"]);
    assert_eq!((&out["payment_id"], &back["amount"]), (&json!(id), &json!("4.00")));
    assert_eq!(scene.balance(&from).await, "10.00");
}

#[tokio::test]
async fn an_outage_of_the_rail_delays_a_payment_and_makes_it_once() {
    let scene = Scene::new().await;
    let from = scene.ledger("gbp").await;
    scene.fund(&from, "10").await;

    let reply = scene.post(FASTER_PAYMENT, &to_number(&from, "00000004", "4")).await;
    once_in(&scene, &reply.text("payment_id"), "settled").await;

    assert_eq!(scene.balance(&from).await, "6.00");
    assert_eq!(scene.transactions(&from, "in_out=out").await["total"], 1);
}

#[tokio::test]
async fn an_account_of_our_own_is_paid_at_once() {
    let scene = Scene::new().await;
    let [from, to] = scene.pair("10").await;
    let details = &scene.details(&to).await["ledger_details"];
    let body = with(faster_payment(&from, "4"), "sort_code", &details["sort_code"]);
    let body = with(body, "account_number", &details["account_number"]);

    let reply = scene.post(FASTER_PAYMENT, &body).await;
    let settled = once_in(&scene, &reply.text("payment_id"), "settled").await;

    assert_eq!([scene.balance(&from).await, scene.balance(&to).await], ["6.00", "4.00"]);
    let received = &scene.transactions(&to, "").await["list"][0];
    assert_eq!(received["linked_transaction_id"], settled["transaction_id"]);
}

#[tokio::test]
async fn want_of_funds_is_an_outcome_that_is_recorded_and_holds_nothing() {
    let scene = Scene::new().await;
    let from = scene.ledger("gbp").await;
    scene.fund(&from, "10").await;
    let body = faster_payment(&from, "10.01").to_string();
    let ask = async || {
        let request = scene.written(reqwest::Method::POST, FASTER_PAYMENT, &body);
        send(request.header("Idempotency-Key", "k-1").header("X-Request-Id", "mine")).await
    };

    let first = ask().await;
    scene.fund(&from, "10").await;
    let again = ask().await;

    assert_eq!(first.refusal(), (409, "INSUFFICIENT_FUNDS"));
    let outcome = json!({
        "response_code": "650", "response_message": "Insufficient Funds",
        "payment_id": first.body["payment_id"], "payment_status": "rejected",
        "transaction_id": first.body["transaction_id"],
    });
    assert_eq!(first.body["data"], outcome);
    for (field, value) in outcome.as_object().unwrap() {
        assert_eq!(&first.body[field], value);
    }
    assert!(!first.is_replayed() && again.is_replayed());
    assert_eq!((first.status, &first.text), (again.status, &again.text));
    let payment = scene.get(&payment_path(first.body["payment_id"].as_str().unwrap())).await;
    assert_eq!(payment.data()["payment_status"], "rejected");
    assert_eq!(payment.data()["response_code"], "650");
    assert_eq!(available(&scene, &from).await, "20.0");
}

#[tokio::test]
async fn what_is_held_cannot_be_spent_twice() {
    let scene = Scene::new().await;
    let [from, to] = scene.pair("10").await;

    scene.post(FASTER_PAYMENT, &to_number(&from, "00000001", "6")).await.data();
    let paid = scene.post(FASTER_PAYMENT, &faster_payment(&from, "4.01")).await;
    let moved =
        scene.post(crate::scene::TRANSFER, &crate::scene::transfer(&from, &to, "4.01")).await;

    assert_eq!(paid.refusal(), (409, "INSUFFICIENT_FUNDS"));
    assert_eq!(moved.refusal(), (409, "INSUFFICIENT_FUNDS"));
}

#[tokio::test]
async fn ledgers_and_customers_that_may_not_pay_do_not() {
    let scene = Scene::new().await;
    let customer = scene.customer("Bloggs").await;
    let from = scene.ledger_of(&customer, "gbp").await;
    let euros = scene.ledger("eur").await;
    scene.fund(&from, "10").await;

    scene.set_ledger(&from, false).await;
    let disabled = scene.post(FASTER_PAYMENT, &faster_payment(&from, "1")).await;
    scene.set_ledger(&from, true).await;
    let foreign = [
        scene.post(FASTER_PAYMENT, &faster_payment(&euros, "1")).await,
        scene.post(SEPA_CREDIT, &sepa_credit(&from, "1")).await,
    ];
    scene.set_customer(&customer, false).await;
    let nobody = scene.post(FASTER_PAYMENT, &faster_payment(&from, "1")).await;

    assert_eq!(disabled.refusal(), (409, "LEDGER_DISABLED"));
    assert_eq!(nobody.refusal(), (409, "CUSTOMER_DISABLED"));
    for reply in foreign {
        assert_eq!(reply.refusal(), (409, "CURRENCY_MISMATCH"));
    }
    assert_eq!(scene.get("/accounts/payments").await.data()["total"], 0);
}

#[tokio::test]
async fn a_payment_that_the_rail_brings_twice_comes_in_once() {
    let scene = Scene::new().await;
    let ledger = scene.ledger("gbp").await;
    let body = |reference: &str| with(inbound("5"), "rail_reference", &json!(reference));

    let first = scene.post(&inbound_path(&ledger), &body("FP-1")).await;
    let again = scene.post(&inbound_path(&ledger), &body("FP-1")).await;
    let other = scene.post(&inbound_path(&ledger), &body("FP-2")).await;
    let bad = scene.post(&inbound_path(&ledger), &body(&"x".repeat(65))).await;

    assert_eq!(first.text("transaction_id"), again.text("transaction_id"));
    assert_ne!(first.text("transaction_id"), other.text("transaction_id"));
    assert_eq!(bad.bad(), ["rail_reference"]);
    assert_eq!(scene.balance(&ledger).await, "10.00");
}

#[tokio::test]
async fn what_was_given_back_to_its_sender_stays_so_under_its_key() {
    let scene = Scene::new().await;
    let ledger = scene.ledger("gbp").await;
    let (path, body) = (inbound_path(&ledger), inbound("5").to_string());
    let ask = async || {
        let request = scene.written(reqwest::Method::POST, &path, &body);
        send(request.header("Idempotency-Key", "k-1")).await
    };
    scene.set_ledger(&ledger, false).await;

    let first = ask().await;
    scene.set_ledger(&ledger, true).await;
    let again = ask().await;

    assert_eq!(first.refusal(), (409, "LEDGER_DISABLED"));
    assert_eq!(again.refusal(), (409, "LEDGER_DISABLED"));
    assert_eq!(scene.balance(&ledger).await, "0.00");
}

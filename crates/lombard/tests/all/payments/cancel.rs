//! Payments taken back.

use reqwest::Method;
use serde_json::{Value, json};

use super::{available, once, once_in};
use crate::scene::{
    FASTER_PAYMENT, NOBODY, Reply, Scene, cancel_path, faster_payment, payment_path, send,
};

async fn cancel(scene: &Scene, id: &str) -> Reply {
    send(scene.client.request(Method::POST, &cancel_path(id))).await
}

#[tokio::test]
async fn a_payment_is_either_taken_back_or_made() {
    let scene = Scene::new().await;
    let from = scene.ledger("gbp").await;
    scene.fund(&from, "200").await;
    let (mut made, mut taken_back) = (0, 0);

    // The rail and we race for each payment: until we have won at least once, and 10 times raced.
    while taken_back == 0 || made + taken_back < 10 {
        assert!(made < 200, "none was ever taken back");
        let reply = scene.post(FASTER_PAYMENT, &faster_payment(&from, "1")).await;
        let id = reply.text("payment_id");
        let keyed = || scene.client.request(Method::POST, &cancel_path(&id));
        let keyed = || send(keyed().header("Idempotency-Key", &id));
        let reply = keyed().await;
        let has_ended = |payment: &Value| {
            !matches!(payment["payment_status"].as_str(), Some("accepted" | "submitted"))
        };
        let ended = once(&scene, &id, has_ended).await;

        if reply.status == 200 {
            assert_eq!(reply.data(), &ended);
            assert_eq!(ended["payment_status"], "cancelled");
            assert!(ended.get("transaction_id").is_none());
            let again = keyed().await;
            assert_eq!((again.is_replayed(), again.text), (true, reply.text));
            assert_eq!(cancel(&scene, &id).await.data(), &ended, "without a key, too");
            taken_back += 1;
        } else {
            assert_eq!(reply.refusal(), (409, "PAYMENT_NOT_CANCELLABLE"));
            assert_eq!(ended["payment_status"], "settled");
            made += 1;
        }
    }

    assert_eq!(scene.balance(&from).await, format!("{}.00", 200 - made));
    assert_eq!(available(&scene, &from).await, format!("{}.0", 200 - made));
    assert_eq!(scene.transactions(&from, "in_out=out").await["total"], made);
}

#[tokio::test]
async fn what_has_ended_cannot_be_taken_back() {
    let scene = Scene::new().await;
    let from = scene.ledger("gbp").await;
    scene.fund(&from, "10").await;
    let id = scene.post(FASTER_PAYMENT, &faster_payment(&from, "1")).await.text("payment_id");
    let settled = once_in(&scene, &id, "settled").await;
    let declined = scene.post(FASTER_PAYMENT, &faster_payment(&from, "99")).await;
    let declined = declined.body["payment_id"].as_str().unwrap();

    for id in [id.as_str(), declined] {
        assert_eq!(cancel(&scene, id).await.refusal(), (409, "PAYMENT_NOT_CANCELLABLE"));
    }
    assert_eq!(scene.get(&payment_path(&id)).await.data(), &settled);
}

#[tokio::test]
async fn a_payment_that_is_not_the_tenants_cannot_be_taken_back() {
    let (scene, stranger) = (Scene::new().await, Scene::new().await);
    let from = scene.ledger("gbp").await;
    scene.fund(&from, "10").await;
    let id = scene.post(FASTER_PAYMENT, &faster_payment(&from, "1")).await.text("payment_id");

    for (who, id) in [(&stranger, id.as_str()), (&scene, NOBODY), (&scene, "x")] {
        assert_eq!(cancel(who, id).await.refusal(), (404, "PAYMENT_NOT_FOUND"), "{id}");
        let bad = who.post(&format!("{}?x=1", cancel_path(id)), &json!({"why": "x"})).await;
        assert_eq!(bad.bad(), ["why", "x"], "bad parameters before missing things");
    }
    once_in(&scene, &id, "settled").await;
}

//! Transfers undone.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::scene::{NOBODY, REVERSE, Reply, Scene, TRANSACTIONS, TRANSFER, rows, transfer};

async fn pay(scene: &Scene, from: &str, to: &str, amount: &str) -> String {
    scene.post(TRANSFER, &transfer(from, to, amount)).await.text("transaction_id")
}

async fn reverse(scene: &Scene, transaction: &str) -> Reply {
    scene.post(REVERSE, &json!({"transaction_id": transaction})).await
}

async fn newest(scene: &Scene, ledger: &str) -> Value {
    rows(&scene.transactions(ledger, "limit=1").await)[0].clone()
}

#[tokio::test]
async fn the_money_goes_back_and_both_ledgers_tell_what_was_undone() {
    let scene = Scene::new().await;
    let [from, to] = scene.pair("10").await;
    let sent = pay(&scene, &from, &to, "2.50").await;
    let received = newest(&scene, &to).await["transaction_id"].clone();

    let reply = reverse(&scene, &sent).await;

    let id = reply.text("transaction_id");
    let outcome = format!(
        r#""response_code":"1","response_message":"Transaction Success","transaction_id":"{id}""#
    );
    let expected = format!(r#"{{"status":1,"message":"Success",{outcome},"data":{{{outcome}}}}}"#);
    assert_eq!((reply.status, reply.text.as_str()), (200, expected.as_str()));
    assert_eq!([scene.balance(&from).await, scene.balance(&to).await], ["10.00", "0.00"]);
    let (back, out) = (newest(&scene, &from).await, newest(&scene, &to).await);
    assert_eq!(out["transaction_id"], id.as_str(), "the ledger that pays back is answered");
    assert_eq!((&back["reverses_transaction_id"], &back["in_out"]), (&json!(sent), &json!("in")));
    assert_eq!((&out["reverses_transaction_id"], &out["in_out"]), (&received, &json!("out")));
    for side in [back, out] {
        assert_eq!((&side["reference"], &side["amount"]), (&json!("rent"), &json!("2.50")));
        assert_eq!(side["type"], "internal_transfer");
    }
    let one = scene.get(&format!("{}/{id}", TRANSACTIONS[1])).await;
    assert_eq!(one.data()["reverses_transaction_id"], received);
}

#[tokio::test]
async fn either_side_names_the_transfer_and_it_is_undone_once() {
    let scene = Scene::new().await;
    let [from, to] = scene.pair("10").await;
    let sent = pay(&scene, &from, &to, "1").await;
    let received = newest(&scene, &to).await["transaction_id"].as_str().unwrap().to_owned();

    let first = reverse(&scene, &received).await;
    let again = [reverse(&scene, &received).await, reverse(&scene, &sent).await];
    let undone = reverse(&scene, &first.text("transaction_id")).await;

    for reply in again {
        assert_eq!(reply.refusal(), (409, "ALREADY_REVERSED"));
        assert!(reply.body.get("transaction_id").is_none());
    }
    assert_eq!(undone.refusal(), (409, "NOT_REVERSIBLE"));
    assert_eq!([scene.balance(&from).await, scene.balance(&to).await], ["10.00", "0.00"]);
}

#[tokio::test]
async fn a_reversal_has_a_reference_and_metadata_of_its_own() {
    let scene = Scene::new().await;
    let [from, to] = scene.pair("10").await;
    let sent = pay(&scene, &from, &to, "1").await;
    let body = json!({
        "transaction_id": sent, "reference": "sent twice", "metadata": {"ticket": "4711"}
    });

    scene.post(REVERSE, &body).await.data();

    let back = newest(&scene, &from).await;
    assert_eq!(back["reference"], "sent twice");
    assert_eq!(back["metadata"], json!({"ticket": "4711"}));
}

#[tokio::test]
async fn want_of_funds_declines_a_reversal_which_can_be_tried_again() {
    let scene = Scene::new().await;
    let [from, to] = scene.pair("10").await;
    let sent = pay(&scene, &from, &to, "5").await;
    pay(&scene, &to, &from, "1").await;

    let declined = reverse(&scene, &sent).await;
    scene.fund(&to, "1").await;
    let tried_again = reverse(&scene, &sent).await;

    assert_eq!(declined.refusal(), (409, "INSUFFICIENT_FUNDS"));
    assert_eq!(declined.body["response_code"], "650");
    assert_eq!(declined.body["data"]["transaction_id"], declined.body["transaction_id"]);
    tried_again.data();
    assert_eq!([scene.balance(&from).await, scene.balance(&to).await], ["11.00", "0.00"]);
}

#[tokio::test]
async fn what_has_moved_nothing_or_came_from_elsewhere_cannot_be_undone() {
    let scene = Scene::new().await;
    let [from, to] = scene.pair("10").await;
    let came = scene.fund(&from, "1").await;
    let declined = scene.post(TRANSFER, &transfer(&from, &to, "99")).await;
    let declined = declined.body["transaction_id"].as_str().unwrap();

    for transaction in [came.as_str(), declined] {
        assert_eq!(reverse(&scene, transaction).await.refusal(), (409, "NOT_REVERSIBLE"));
    }
    assert_eq!(scene.balance(&from).await, "11.00");
}

#[tokio::test]
async fn disabled_ledgers_give_nothing_back() {
    let scene = Scene::new().await;
    let [from, to] = scene.pair("10").await;
    let sent = pay(&scene, &from, &to, "1").await;
    scene.set_ledger(&to, false).await;

    let reply = reverse(&scene, &sent).await;

    assert_eq!(reply.refusal(), (409, "LEDGER_DISABLED"));
    assert_eq!(scene.balance(&to).await, "1.00");
}

#[tokio::test]
async fn a_transaction_that_is_not_the_tenants_does_not_exist() {
    let (scene, stranger) = (Scene::new().await, Scene::new().await);
    let [from, to] = scene.pair("10").await;
    let sent = pay(&scene, &from, &to, "1").await;

    for (who, id) in [
        (&stranger, sent.as_str()),
        (&scene, NOBODY),
        (&scene, &Uuid::now_v7().to_string()),
        (&scene, &from),
    ] {
        let reply = reverse(who, id).await;
        assert_eq!(reply.refusal(), (404, "TRANSACTION_NOT_FOUND"), "{id}");
    }
    assert_eq!(scene.balance(&to).await, "1.00");
}

#[tokio::test]
async fn everything_that_is_wrong_is_named_at_once() {
    let scene = Scene::new().await;
    let [from, to] = scene.pair("10").await;
    let sent = pay(&scene, &from, &to, "1").await;

    for (body, bad) in [
        (json!({}), vec!["transaction_id"]),
        (json!({"transaction_id": "x"}), vec!["transaction_id"]),
        (json!({"transaction_id": 1}), vec!["transaction_id"]),
        (json!({"transaction_id": sent, "reference": "a,b"}), vec!["reference"]),
        (json!({"transaction_id": sent, "amount": "1"}), vec!["amount"]),
        (
            json!({"transaction_id": "", "reference": "<b>", "metadata": {"a": 1}, "x": 1}),
            vec!["metadata.a", "reference", "transaction_id", "x"],
        ),
    ] {
        let reply = scene.post(REVERSE, &body).await;

        assert_eq!(reply.bad(), bad, "{body}");
    }
    assert_eq!(scene.balance(&to).await, "1.00");
}

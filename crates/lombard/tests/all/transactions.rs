//! Reading transactions: lists, their filters and pages, and single ones.

use std::collections::HashSet;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::scene::{
    NOBODY, Reply, Scene, TRANSACTIONS, TRANSFER, inbound, inbound_path, rows, transfer, with,
};

mod filters;
mod pages;

/// The references of a page's rows.
fn references(page: &Value) -> Vec<&str> {
    rows(page).iter().map(|row| row["reference"].as_str().unwrap()).collect()
}

async fn fund_with(scene: &Scene, ledger: &str, reference: &str) {
    let body = with(inbound("10"), "reference", &json!(reference));
    scene.post(&inbound_path(ledger), &body).await.data();
}

#[tokio::test]
async fn a_new_ledger_has_no_transactions() {
    let scene = Scene::new().await;
    let id = scene.ledger("gbp").await;

    for path in TRANSACTIONS {
        let reply = scene.get(&format!("{path}/{id}")).await;

        let expected = r#"{"status":1,"message":"Success","data":{"total":0,"list":[]}}"#;
        assert_eq!((reply.status, reply.text.as_str()), (200, expected));
    }
}

#[tokio::test]
async fn each_side_of_a_transfer_is_a_transaction_of_its_own_that_shows_the_other() {
    let scene = Scene::new().await;
    let [payer, payee] = [scene.customer("Payer").await, scene.customer("Payee").await];
    let from = scene.ledger_of(&payer, "gbp").await;
    let to = scene.ledger_of(&payee, "gbp").await;
    scene.fund(&from, "10").await;
    scene.fund(&to, "1.50").await;
    let went = scene.post(TRANSFER, &transfer(&from, &to, "2.25")).await.text("transaction_id");
    let bank = async |id: &str| scene.details(id).await["ledger_details"].clone();

    let sent = rows(&scene.transactions(&from, "").await)[0].clone();
    let received = rows(&scene.transactions(&to, "").await)[0].clone();

    assert_eq!((&sent["transaction_id"], &sent["in_out"]), (&json!(went), &json!("out")));
    assert_eq!((&sent["name"], &received["name"]), (&json!("Joe Payee"), &json!("Joe Payer")));
    assert_ne!(sent["transaction_id"], received["transaction_id"]);
    assert_eq!(sent["linked_transaction_id"], received["transaction_id"]);
    assert_eq!(received["linked_transaction_id"], sent["transaction_id"]);
    assert_eq!((&received["in_out"], &received["amount"]), (&json!("in"), &json!("2.25")));
    assert_eq!(sent["amount"], "2.25");
    assert_eq!(sent["date_time"], received["date_time"]);
    assert_eq!(
        (&sent["balance_after"], &received["balance_after"]),
        (&json!("7.75"), &json!("3.75"))
    );
    for field in ["account_number", "sort_code"] {
        assert_eq!(sent[field], bank(&to).await[field]);
        assert_eq!(received[field], bank(&from).await[field]);
    }
    let funded = rows(&scene.transactions(&from, "").await)[1].clone();
    assert_eq!((&funded["user_id"], &funded["api_key_id"]), (&json!(""), &json!("")));
    for row in [&sent, &received] {
        assert!(Uuid::parse_str(row["user_id"].as_str().unwrap()).is_ok(), "{row}");
        assert_eq!(row["api_key_id"], "", "it was made after a login");
        // What a row has nothing of, details leave out.
        let mut details = row.clone();
        details.as_object_mut().unwrap().retain(|_, value| *value != "");
        for path in TRANSACTIONS {
            let id = row["transaction_id"].as_str().unwrap();
            assert_eq!(*scene.get(&format!("{path}/{id}")).await.data(), details);
        }
    }
    let changes = json!({"last_name": "Renamed"});
    scene.put(&format!("/accounts/customers/{payee}"), &changes).await.data();
    assert_eq!(rows(&scene.transactions(&from, "").await)[0]["name"], "Joe Renamed");
}

#[tokio::test]
async fn the_sides_of_a_transfer_in_euros_show_international_accounts() {
    let scene = Scene::new().await;
    let [from, to] = [scene.ledger("eur").await, scene.ledger("eur").await];
    let body = json!({
        "amount": 7, "reference": "r", "name": "Jeanne", "iban": "DE89370400440532013000",
        "bic_swift": "COBADEFFXXX",
    });
    scene.post(&inbound_path(&from), &body).await.data();
    scene.post(TRANSFER, &transfer(&from, &to, "7")).await.data();
    let bank = &scene.details(&to).await["ledger_details"];

    let sent = &scene.transactions(&from, "in_out=out").await["list"][0];

    assert_eq!((&sent["iban"], &sent["bic_swift"]), (&bank["iban"], &bank["bic_swift"]));
    assert!(sent.get("sort_code").is_none() && sent.get("account_number").is_none());
    assert_eq!((&sent["currency"], &sent["balance_after"]), (&json!("eur"), &json!("0.00")));
}

#[tokio::test]
async fn what_is_not_the_tenants_is_neither_a_ledger_nor_a_transaction() {
    let (scene, stranger) = (Scene::new().await, Scene::new().await);
    let id = scene.ledger("gbp").await;
    let transaction = scene.fund(&id, "1").await;
    let code = |reply: &Reply| {
        assert_eq!(reply.status, 404, "{reply:?}");
        with(reply.body.clone(), "request_id", &Value::Null).to_string()
    };
    let mut answers = HashSet::new();

    for path in TRANSACTIONS {
        for id in [&id, &transaction] {
            answers.insert(code(&stranger.get(&format!("{path}/{id}")).await));
        }
        for id in [NOBODY, "not-an-id", &Uuid::now_v7().to_string()] {
            answers.insert(code(&scene.get(&format!("{path}/{id}")).await));
        }
    }

    assert_eq!(answers.len(), 1, "they tell more than that there is none: {answers:?}");
}

#[tokio::test]
async fn one_transaction_is_told_whatever_valid_filters_say() {
    let scene = Scene::new().await;
    let id = scene.fund(&scene.ledger("gbp").await, "1").await;

    let reply = scene.get(&format!("{}/{id}?in_out=out&limit=1", TRANSACTIONS[0])).await;

    assert_eq!(reply.data()["transaction_id"], id.as_str());
}

#[tokio::test]
async fn a_disabled_ledger_is_still_read() {
    let scene = Scene::new().await;
    let customer = scene.customer("Bloggs").await;
    let id = scene.ledger_of(&customer, "gbp").await;
    scene.fund(&id, "1").await;
    scene.set_ledger(&id, false).await;
    scene.set_customer(&customer, false).await;

    assert_eq!(scene.transactions(&id, "").await["total"], 1);
    assert_eq!(scene.balance(&id).await, "1.00");
}

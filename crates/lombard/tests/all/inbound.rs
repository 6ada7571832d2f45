//! Payments that the sandbox lets come in.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::scene::{NOBODY, Scene, inbound, inbound_path, rows, with};

/// A payment from an account elsewhere in the world.
fn international(amount: &str) -> Value {
    json!({
        "amount": amount,
        "reference": "testing",
        "name": "Jeanne Dupont",
        "iban": "DE89370400440532013000",
        "bic_swift": "COBADEFFXXX",
    })
}

#[tokio::test]
async fn a_payment_is_told_as_a_transfer_is_with_the_receivers_transaction() {
    let scene = Scene::new().await;
    let ledger = scene.ledger("gbp").await;

    let reply = scene.post(&inbound_path(&ledger), &inbound("200.00")).await;

    let id = reply.text("transaction_id");
    let outcome = format!(
        r#""response_code":"1","response_message":"Transaction Success","transaction_id":"{id}""#
    );
    let expected = format!(r#"{{"status":1,"message":"Success",{outcome},"data":{{{outcome}}}}}"#);
    assert_eq!((reply.status, reply.text.as_str()), (200, expected.as_str()));
    let page = scene.transactions(&ledger, "").await;
    assert_eq!(rows(&page)[0]["transaction_id"], id.as_str());
    assert_eq!(scene.balance(&ledger).await, "200.00");
}

#[tokio::test]
async fn either_kind_of_sender_pays_into_any_ledger() {
    let scene = Scene::new().await;

    for (currency, kind) in
        [("gbp", "faster_payment"), ("eur", "sepa_credit"), ("usd", "swift_credit")]
    {
        let ledger = scene.ledger(currency).await;
        scene.post(&inbound_path(&ledger), &inbound("1")).await.data();
        scene.post(&inbound_path(&ledger), &international("2")).await.data();

        let page = scene.transactions(&ledger, "").await;
        let [abroad, home] = rows(&page) else { panic!("{page}") };
        assert_eq!((&abroad["type"], &home["type"]), (&json!(kind), &json!(kind)));
        assert_eq!(
            (&abroad["name"], &home["name"]),
            (&json!("Jeanne Dupont"), &json!("Dave Bloggs"))
        );
        // The account that the ledger's currency does not show is not known in the other's words.
        let (shown, [first, second]) = if currency == "gbp" {
            (home, ["account_number", "sort_code"])
        } else {
            (abroad, ["iban", "bic_swift"])
        };
        let hidden = if currency == "gbp" { abroad } else { home };
        assert_ne!(shown[first], "");
        assert_eq!((&hidden[first], &hidden[second]), (&json!(""), &json!("")));
        let path = format!(
            "/accounts/customers/transactions/{}",
            hidden["transaction_id"].as_str().unwrap()
        );
        let one = scene.get(&path).await;
        assert!(one.data().get(first).is_none() && one.data().get(second).is_none());
        assert_eq!(scene.balance(&ledger).await, "3.00");
    }
}

#[tokio::test]
async fn what_is_wrong_with_a_payment_is_named() {
    let scene = Scene::new().await;
    let ledger = scene.ledger("gbp").await;

    for (body, bad) in [
        (with(inbound("1"), "sort_code", &Value::Null), vec!["sort_code"]),
        (with(inbound("1"), "account_number", &Value::Null), vec!["account_number"]),
        (with(inbound("1"), "sort_code", &json!("40005")), vec!["sort_code"]),
        (with(inbound("1"), "sort_code", &json!("4000520")), vec!["sort_code"]),
        (with(inbound("1"), "sort_code", &json!(400_052)), vec!["sort_code"]),
        (with(inbound("1"), "account_number", &json!("1234567x")), vec!["account_number"]),
        (with(international("1"), "iban", &Value::Null), vec!["iban"]),
        (with(international("1"), "bic_swift", &Value::Null), vec!["bic_swift"]),
        (with(international("1"), "iban", &json!("DE88370400440532013000")), vec!["iban"]),
        (with(international("1"), "bic_swift", &json!("COBA")), vec!["bic_swift"]),
        (with(inbound("1"), "name", &Value::Null), vec!["name"]),
        (with(inbound("1"), "name", &json!("<b>Dave</b>")), vec!["name"]),
        (with(inbound("1"), "name", &json!("x".repeat(101))), vec!["name"]),
        (with(inbound("1"), "reference", &Value::Null), vec!["reference"]),
        (with(inbound("1"), "reference", &json!("a,b")), vec!["reference"]),
        (with(inbound("1"), "amount", &Value::Null), vec!["amount"]),
        (with(inbound("1"), "currency", &json!("gbp")), vec!["currency"]),
        (json!({}), vec!["amount", "iban", "name", "reference", "sort_code"]),
        (
            json!({"amount": "0.001", "from": 1}),
            vec!["amount", "from", "iban", "name", "reference", "sort_code"],
        ),
    ] {
        let reply = scene.post(&inbound_path(&ledger), &body).await;

        assert_eq!(reply.bad(), bad, "{body}");
    }
    assert_eq!(scene.balance(&ledger).await, "0.00");
}

#[tokio::test]
async fn a_disabled_ledger_takes_nothing_in() {
    let scene = Scene::new().await;
    let ledger = scene.ledger("gbp").await;
    scene.fund(&ledger, "1").await;
    scene.set_ledger(&ledger, false).await;

    let refused = scene.post(&inbound_path(&ledger), &inbound("5")).await;
    let bad = scene.post(&inbound_path(&ledger), &inbound("0.001")).await;

    assert_eq!(refused.refusal(), (409, "LEDGER_DISABLED"));
    assert_eq!(bad.bad(), ["amount"], "bad parameters before states");
    assert_eq!(scene.transactions(&ledger, "").await["total"], 1);
    assert_eq!(scene.balance(&ledger).await, "1.00");
    scene.set_ledger(&ledger, true).await;
    scene.fund(&ledger, "5").await;
    assert_eq!(scene.balance(&ledger).await, "6.00");
}

#[tokio::test]
async fn a_ledger_that_is_not_the_tenants_takes_nothing_in() {
    let (scene, stranger) = (Scene::new().await, Scene::new().await);
    let ledger = scene.ledger("gbp").await;
    let fresh = Uuid::now_v7().to_string();

    for (who, id) in
        [(&stranger, ledger.as_str()), (&scene, NOBODY), (&scene, "no-id"), (&scene, &fresh)]
    {
        let reply = who.post(&inbound_path(id), &inbound("5")).await;
        assert_eq!(reply.refusal(), (404, "LEDGER_NOT_FOUND"), "{id}");
        let bad = who.post(&inbound_path(id), &inbound("-5")).await;
        assert_eq!(bad.bad(), ["amount"], "bad parameters before missing things");
    }
    assert_eq!(scene.balance(&ledger).await, "0.00");
}

#[tokio::test]
async fn payments_that_come_in_at_once_all_arrive_be_they_a_tenants_first() {
    let scene = Scene::new().await;
    let ledgers = [scene.ledger("eur").await, scene.ledger("eur").await];
    let mut paying = tokio::task::JoinSet::new();
    for ledger in ledgers.iter().cycle().take(40) {
        let (scene, path) = (scene.clone(), inbound_path(ledger));
        paying.spawn(async move { scene.post(&path, &international("1.25")).await });
    }

    for reply in paying.join_all().await {
        reply.data();
    }

    for ledger in &ledgers {
        assert_eq!(scene.balance(ledger).await, "25.00");
        assert_eq!(scene.transactions(ledger, "").await["total"], 20);
    }
}

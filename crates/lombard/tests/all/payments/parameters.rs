//! What a request for a payment must say.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::scene::{
    FASTER_PAYMENT, NOBODY, PAYMENTS, SEPA_CREDIT, Scene, faster_payment, sepa_credit, with,
};

#[tokio::test]
async fn what_breaks_a_rule_of_payments_is_named() {
    let scene = Scene::new().await;
    let [pounds, euros] = [scene.ledger("gbp").await, scene.ledger("eur").await];
    scene.fund(&pounds, "10").await;
    let both = [
        ("from_ledger_id", json!("x")),
        ("from_ledger_id", Value::Null),
        ("name", Value::Null),
        ("name", json!("<b>Dave</b>")),
        ("name", json!("x".repeat(101))),
        ("name", json!(5)),
        ("amount", json!("0")),
        ("amount", json!("0.001")),
        ("amount", json!("1e3")),
        ("amount", Value::Null),
        ("reference", json!("a,b")),
        ("reference", json!("1234567890123456789")),
        ("reference", Value::Null),
        ("currency", json!("gbp")),
        ("to_ledger_id", json!(NOBODY)),
    ];
    let faster = [
        ("sort_code", json!("40005")),
        ("sort_code", json!(400_052)),
        ("sort_code", Value::Null),
        ("account_number", json!("1234567x")),
        ("account_number", Value::Null),
        ("iban", json!("DE89370400440532013000")),
        ("bic_swift", json!("COBADEFFXXX")),
    ];
    let sepa = [
        ("iban", json!("DE88370400440532013000")),
        ("iban", Value::Null),
        ("bic_swift", json!("COBA")),
        ("sort_code", json!("400052")),
        ("account_number", json!("12345678")),
    ];

    for (field, value) in both.iter().chain(&faster) {
        let body = with(faster_payment(&pounds, "1"), field, value);
        assert_eq!(scene.post(FASTER_PAYMENT, &body).await.bad(), [*field], "{value}");
    }
    for (field, value) in both.iter().chain(&sepa) {
        let body = with(sepa_credit(&euros, "1"), field, value);
        assert_eq!(scene.post(SEPA_CREDIT, &body).await.bad(), [*field], "{value}");
    }
    assert_eq!(scene.get(PAYMENTS).await.data()["total"], 0);
    assert_eq!(scene.balance(&pounds).await, "10.00");
}

#[tokio::test]
async fn everything_that_is_wrong_is_named_at_once() {
    let scene = Scene::new().await;
    let pounds = scene.ledger("gbp").await;

    let nothing = scene.post(FASTER_PAYMENT, &json!({})).await;
    let no_euros = scene.post(SEPA_CREDIT, &json!({})).await;
    let mixed = json!({
        "from_ledger_id": pounds, "name": 1, "sort_code": "x", "account_number": "1",
        "amount": "0.001", "reference": "a,b", "note": "x",
    });
    let mixed = scene.post(&format!("{FASTER_PAYMENT}?x=1"), &mixed).await;

    assert_eq!(
        nothing.bad(),
        ["account_number", "amount", "from_ledger_id", "name", "reference", "sort_code"]
    );
    assert_eq!(no_euros.bad(), ["amount", "from_ledger_id", "iban", "name", "reference"]);
    assert_eq!(
        mixed.bad(),
        ["account_number", "amount", "name", "note", "reference", "sort_code", "x"]
    );
}

#[tokio::test]
async fn nobody_pays_from_a_ledger_that_is_not_the_tenants() {
    let (scene, stranger) = (Scene::new().await, Scene::new().await);
    let pounds = scene.ledger("gbp").await;
    scene.fund(&pounds, "10").await;

    for (who, id) in
        [(&stranger, pounds.as_str()), (&scene, NOBODY), (&scene, &Uuid::now_v7().to_string())]
    {
        let reply = who.post(FASTER_PAYMENT, &faster_payment(id, "1")).await;
        assert_eq!(reply.refusal(), (404, "LEDGER_NOT_FOUND"), "{id}");
        let bad = who.post(FASTER_PAYMENT, &faster_payment(id, "-1")).await;
        assert_eq!(bad.bad(), ["amount"], "bad parameters before missing things");
    }
    assert_eq!(scene.balance(&pounds).await, "10.00");
}

#[tokio::test]
async fn a_ledger_does_not_pay_itself() {
    let scene = Scene::new().await;
    let pounds = scene.ledger("gbp").await;
    scene.fund(&pounds, "10").await;
    let details = &scene.details(&pounds).await["ledger_details"];
    let body = with(faster_payment(&pounds, "4"), "sort_code", &details["sort_code"]);
    let body = with(body, "account_number", &details["account_number"]);

    let reply = scene.post(FASTER_PAYMENT, &body).await;

    assert_eq!(reply.bad(), ["account_number"]);
    assert_eq!(scene.balance(&pounds).await, "10.00");
}

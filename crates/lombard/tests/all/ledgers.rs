//! The rules of issuing, reading, enabling and disabling ledgers.

use serde_json::{Value, json};

use crate::scene::{CREATE_LEDGER, NOBODY, Scene, ledger, rows, with};

mod balances;
mod list;
mod numbers;
mod overdrafts;
mod update;

fn list_path(customer: &str) -> String {
    format!("/accounts/customers/{customer}/ledgers")
}

async fn issue(scene: &Scene, body: &Value) -> Value {
    scene.post(CREATE_LEDGER, body).await.data().clone()
}

#[tokio::test]
async fn a_currency_is_taken_in_any_case_and_told_in_lower() {
    let scene = Scene::new().await;
    let customer = scene.customer("Bloggs").await;

    for given in ["gbp", "GBP", "gBp", "eur", "Eur", "usd", "USD"] {
        let issued = issue(&scene, &ledger(&customer, given)).await;

        assert_eq!(issued["ledger_details"]["currency"], given.to_lowercase());
    }
}

#[tokio::test]
async fn what_breaks_a_rule_of_issuing_is_named() {
    let scene = Scene::new().await;
    let good = ledger(&scene.customer("Bloggs").await, "gbp");

    for (field, value) in [
        ("customer_id", json!("x")),
        ("customer_id", json!("")),
        ("customer_id", json!(5)),
        ("customer_id", Value::Null),
        // Configured nowhere, no currency at all, and no text.
        ("currency", json!("jpy")),
        ("currency", json!("xyz")),
        ("currency", json!("gb")),
        ("currency", json!("gbpp")),
        ("currency", json!("£")),
        ("currency", json!("")),
        ("currency", json!(826)),
        ("currency", Value::Null),
        ("primary_use", json!([])),
        ("primary_use", json!(["rent"])),
        ("primary_use", json!(["payments", "rent"])),
        ("primary_use", json!(["payments", ""])),
        ("primary_use", json!(["payments", null])),
        ("primary_use", json!([3])),
        ("primary_use", json!("payments")),
        ("primary_use", json!({"payments": true})),
        ("primary_use", Value::Null),
        ("owner", json!("m")),
        ("owner", json!("others")),
        ("owner", json!("m e")),
        ("owner", json!("me1")),
        ("owner", json!("mé")),
        ("owner", json!("")),
        ("owner", json!(12)),
        ("owner", Value::Null),
        ("balance", json!(5)),
        ("Owner", json!("me")),
    ] {
        let reply = scene.post(CREATE_LEDGER, &with(good.clone(), field, &value)).await;

        assert_eq!(reply.bad(), [field], "{value}");
    }
    assert_eq!(issue(&scene, &good).await["owner"], "me");
}

#[tokio::test]
async fn everything_that_is_wrong_is_named_at_once() {
    let scene = Scene::new().await;
    let body = json!({"customer_id": 1, "currency": "jpy", "primary_use": "fee", "ownr": "me"});

    let reply = scene.post(CREATE_LEDGER, &body).await;
    let nothing = scene.post(CREATE_LEDGER, &json!({})).await;

    assert_eq!(reply.bad(), ["currency", "customer_id", "owner", "ownr", "primary_use"]);
    assert_eq!(nothing.bad(), ["currency", "customer_id", "owner", "primary_use"]);
}

#[tokio::test]
async fn uses_are_told_once_each_in_the_order_given() {
    let scene = Scene::new().await;
    let good = ledger(&scene.customer("Bloggs").await, "gbp");
    let all = json!([
        "investment",
        "deposit",
        "payments",
        "settlement",
        "float",
        "fee",
        "collateral",
        "escrow"
    ]);

    for (given, told) in [
        (json!(["fee"]), json!(["fee"])),
        (json!(["settlement", "payments", "settlement"]), json!(["settlement", "payments"])),
        (json!(["fee", "fee", "fee"]), json!(["fee"])),
        (all.clone(), all),
    ] {
        let issued = issue(&scene, &with(good.clone(), "primary_use", &given)).await;

        assert_eq!(issued["primary_use"], told);
        let id = issued["ledger_id"].as_str().unwrap();
        assert_eq!(scene.details(id).await["primary_use"], told);
    }
}

#[tokio::test]
async fn owners_of_the_documented_characters_are_taken() {
    let scene = Scene::new().await;
    let good = ledger(&scene.customer("Bloggs").await, "gbp");

    for owner in ["me", "other", "ME", "a,.-_", "--"] {
        let issued = issue(&scene, &with(good.clone(), "owner", &json!(owner))).await;

        assert_eq!(issued["owner"], owner);
    }
}

#[tokio::test]
async fn the_name_on_a_ledger_is_its_customers_now() {
    let scene = Scene::new().await;
    let customer = scene.customer("Bloggs").await;
    let id = scene.ledger_of(&customer, "gbp").await;
    let company = json!({
        "customer_type": "company", "company_name": "Bloggs & Sons Ltd.",
        "address": {"iso_country": "GB"},
    });
    let company = scene.post("/accounts/create_customer", &company).await.text("customer_id");
    let company = issue(&scene, &ledger(&company, "gbp")).await;

    let changes = json!({"middle_name": "Q", "last_name": "Smith"});
    scene.put(&format!("/accounts/customers/{customer}"), &changes).await.data();

    assert_eq!(scene.details(&id).await["ledger_details"]["name"], "Joe Q Smith");
    let listed = scene.get(&list_path(&customer)).await;
    assert_eq!(rows(listed.data())[0]["ledger_details"]["name"], "Joe Q Smith");
    assert_eq!(company["ledger_details"]["name"], "Bloggs & Sons Ltd.");
}

#[tokio::test]
async fn only_an_active_customer_of_the_tenant_gets_a_ledger() {
    let (scene, stranger) = (Scene::new().await, Scene::new().await);
    let customer = scene.customer("Bloggs").await;
    let body = ledger(&customer, "gbp");
    scene.set_customer(&customer, false).await;

    let disabled = scene.post(CREATE_LEDGER, &body).await;
    let bad = scene.post(CREATE_LEDGER, &with(body.clone(), "currency", &json!("jpy"))).await;
    let strange = stranger.post(CREATE_LEDGER, &body).await;
    let unknown = scene.post(CREATE_LEDGER, &ledger(NOBODY, "gbp")).await;
    scene.set_customer(&customer, true).await;

    assert_eq!(disabled.refusal(), (409, "CUSTOMER_DISABLED"));
    assert_eq!(bad.bad(), ["currency"], "bad parameters before states");
    assert_eq!(strange.refusal(), (404, "CUSTOMER_NOT_FOUND"));
    assert_eq!(unknown.refusal(), (404, "CUSTOMER_NOT_FOUND"));
    assert_eq!(scene.get(&list_path(&customer)).await.data()["total"], 0);
    assert_eq!(issue(&scene, &body).await["active"], true);
}

//! The documents' pages on ledgers: each sample as it stands, but for the ids, and each answer
//! field by field.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::scene::{
    CREATE_LEDGER, Reply, Scene, TRANSACTIONS, details_of, inbound_path, ledger_path, names, rows,
    send, transfer, with,
};

const SAMPLE_ID: &str = "859f4eef-6a53-4110-8757-371844df8e8c";

const ISSUE: &str = r#"{
"customer_id":"859f4eef-6a53-4110-8757-371844df8e8c",
"currency":"gbp",
"primary_use":[
    "payments",
    "settlement"
],
"owner":"me"
}
                        "#;

const DISABLE: &str = r#"{
    "active": false
}
                        "#;

const LEDGER: [&str; 9] = [
    "ledger_id",
    "customer_id",
    "active",
    "status",
    "primary_use",
    "owner",
    "ledger_details",
    "created",
    "last_update",
];
/// The last two are extensions.
const POUNDS: [&str; 9] = [
    "name",
    "balance",
    "currency",
    "sort_code",
    "account_number",
    "iban",
    "bic_swift",
    "available",
    "overdraft_limit",
];
const OTHERS: [&str; 7] =
    ["name", "balance", "currency", "iban", "bic_swift", "available", "overdraft_limit"];

/// A row's fields; the last four are extensions.
fn row_names(account: [&'static str; 2]) -> Vec<&'static str> {
    let [first, second] = account;
    let before = ["transaction_id", "date_time", "name", first, second, "reference", "amount"];
    let after = ["currency", "in_out", "type", "response_code", "response_message"];
    let extensions =
        ["linked_transaction_id", "balance_after", "reverses_transaction_id", "payment_id"];
    let who = ["user_id", "api_key_id"];
    [&before[..], &after, &extensions, &who].concat()
}

/// A text that has a digit wherever the pattern has a 0, and is the pattern elsewhere.
fn assert_like(value: &Value, pattern: &str) {
    let text = value.as_str().unwrap();
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    assert_eq!(shape, pattern);
}

fn assert_id(value: &Value) {
    let text = value.as_str().unwrap();
    assert_eq!(text.len(), 36);
    assert_eq!(Uuid::parse_str(text).unwrap().get_version_num(), 7);
}

/// With the headers that the documents give for every request.
fn documented(request: RequestBuilder) -> RequestBuilder {
    request.header("Content-Type", "application/json").header("Accept", "application/json")
}

async fn get(scene: &Scene, path: &str) -> Reply {
    send(documented(scene.client.request(Method::GET, path))).await
}

async fn ask(scene: &Scene, method: Method, path: &str, body: &str) -> Reply {
    send(documented(scene.client.request(method, path)).body(body.to_owned())).await
}

async fn issue(scene: &Scene, currency: &str) -> Value {
    let customer = scene.customer("Bloggs").await;
    let body = ISSUE.replace(SAMPLE_ID, &customer).replace("gbp", currency);
    let reply = ask(scene, Method::POST, CREATE_LEDGER, &body).await;
    assert_eq!(names(&reply.body), ["status", "message", "data"]);
    assert_eq!(reply.data()["customer_id"], customer.as_str());
    reply.data().clone()
}

#[tokio::test]
async fn the_sample_of_issuing_a_ledger_is_answered_as_documented() {
    let scene = Scene::new().await;

    let issued = issue(&scene, "gbp").await;

    assert_eq!(names(&issued), LEDGER);
    assert_id(&issued["ledger_id"]);
    assert_eq!((&issued["active"], &issued["status"]), (&json!(true), &json!("ready")));
    assert_eq!(issued["primary_use"], json!(["payments", "settlement"]));
    assert_eq!(issued["owner"], "me");
    assert_like(&issued["created"], "0000-00-00 00:00:00");
    assert_eq!(issued["created"], issued["last_update"]);
    let details = &issued["ledger_details"];
    assert_eq!(names(details), POUNDS);
    assert_eq!((&details["name"], &details["currency"]), (&json!("Joe Bloggs"), &json!("gbp")));
    assert_eq!(details["sort_code"], "040052");
    assert_like(&details["account_number"], "00000000");
    assert_like(&details["iban"], "GB00PAYR00000000000000");
    assert_eq!(details["bic_swift"], "PAYRGB20XXX");
    assert_eq!(details["overdraft_limit"], "0.00");
}

#[tokio::test]
async fn details_are_what_was_issued_with_the_balance_of_now_as_a_number() {
    let scene = Scene::new().await;
    let issued = issue(&scene, "gbp").await;
    let id = issued["ledger_id"].as_str().unwrap();
    let empty = get(&scene, &ledger_path(id)).await;
    scene.fund(id, "9438.99").await;

    let found = get(&scene, &ledger_path(id)).await;

    assert_eq!(empty.data(), &issued);
    assert!(empty.text.contains(r#""balance":0.00,"currency":"gbp","#), "{}", empty.text);
    assert!(found.text.contains(r#""balance":9438.99,"currency":"gbp","#), "{}", found.text);
    let funded = empty.text.replace(r#""balance":0.00"#, r#""balance":9438.99"#);
    assert_eq!(found.text, funded.replace(r#""available":0.00"#, r#""available":9438.99"#));
}

#[tokio::test]
async fn ledgers_in_other_currencies_have_an_international_account_only() {
    let scene = Scene::new().await;

    for currency in ["eur", "usd"] {
        let issued = issue(&scene, currency).await;
        let found = get(&scene, &ledger_path(issued["ledger_id"].as_str().unwrap())).await;

        assert_eq!(names(&issued), LEDGER);
        let details = &issued["ledger_details"];
        assert_eq!(names(details), OTHERS);
        assert_eq!(details["currency"], currency);
        assert_like(&details["iban"], "GB00PAYR00000000000000");
        assert_eq!(details["bic_swift"], "PAYRGB20XXX");
        assert_eq!(found.data(), &issued);
        assert!(found.text.contains(r#""balance":0.00,"#), "{}", found.text);
    }
}

#[tokio::test]
async fn the_sample_of_disabling_a_ledger_is_answered_as_documented() {
    let scene = Scene::new().await;
    let issued = issue(&scene, "gbp").await;
    let [ledger, customer] = ["ledger_id", "customer_id"].map(|id| issued[id].as_str().unwrap());

    let reply = ask(&scene, Method::PUT, &ledger_path(ledger), DISABLE).await;

    let ids = format!(r#""customer_id":"{customer}","ledger_id":"{ledger}""#);
    let expected = format!(r#"{{"status":1,"message":"Success",{ids},"data":{{{ids}}}}}"#);
    assert_eq!((reply.status, reply.text), (200, expected));
    let found = scene.details(ledger).await;
    assert_eq!((&found["active"], &found["status"]), (&json!(false), &json!("disabled")));
}

#[tokio::test]
async fn the_sample_of_a_transaction_list_is_answered_as_documented_on_both_paths() {
    let scene = Scene::new().await;
    let [from, to] = [scene.ledger("gbp").await, scene.ledger("gbp").await];
    let came = scene.fund(&from, "200.00").await;
    let body = with(transfer(&from, &to, "100.00"), "reference", &json!("testing reference"));
    let went = scene.post("/accounts/internal_transfer", &body).await.text("transaction_id");
    let other = &scene.details(&to).await["ledger_details"];

    for path in TRANSACTIONS {
        let reply = get(&scene, &format!("{path}/{from}?from_date=&to_date=")).await;

        assert_eq!(names(&reply.body), ["status", "message", "data"]);
        assert_eq!(names(reply.data()), ["total", "list"]);
        assert_eq!(reply.data()["total"], 2);
        let [newer, older] = rows(reply.data()) else { panic!("{}", reply.text) };
        for row in [newer, older] {
            assert_eq!(names(row), row_names(["account_number", "sort_code"]));
            assert_like(&row["date_time"], "0000/00/00 00:00:00");
        }
        let received = json!({
            "transaction_id": came, "date_time": older["date_time"], "name": "Dave Bloggs",
            "account_number": "12345678", "sort_code": "400052", "reference": "testing",
            "amount": "200.00", "currency": "gbp", "in_out": "in", "type": "faster_payment",
            "response_code": "1", "response_message": "Transaction Success",
            "linked_transaction_id": "", "balance_after": "200.00",
            "reverses_transaction_id": "", "payment_id": "", "user_id": "", "api_key_id": "",
        });
        let sent = json!({
            "transaction_id": went, "date_time": newer["date_time"], "name": "Joe Bloggs",
            "account_number": other["account_number"], "sort_code": other["sort_code"],
            "reference": "testing reference", "amount": "100.00", "currency": "gbp",
            "in_out": "out", "type": "internal_transfer", "response_code": "1",
            "response_message": "Transaction Success",
            "linked_transaction_id": newer["linked_transaction_id"], "balance_after": "100.00",
            "reverses_transaction_id": "", "payment_id": "", "user_id": newer["user_id"], "api_key_id": "",
        });
        assert_eq!((older, newer), (&received, &sent));
        assert_id(&newer["linked_transaction_id"]);
    }
}

#[tokio::test]
async fn the_sample_of_querying_a_transaction_is_answered_as_documented_on_both_paths() {
    let scene = Scene::new().await;
    let ledger = scene.ledger("gbp").await;
    let id = scene.fund(&ledger, "200.00").await;

    for path in TRANSACTIONS {
        let reply = get(&scene, &format!("{path}/{id}")).await;

        let mut fields = row_names(["account_number", "sort_code"]);
        let absent = ["linked_transaction_id", "reverses_transaction_id", "payment_id"];
        let nobody = ["user_id", "api_key_id"];
        fields.retain(|name| !absent.contains(name) && !nobody.contains(name));
        assert_eq!(names(&reply.body), ["status", "message", "data"]);
        assert_eq!(names(reply.data()), fields);
        let expected = json!({
            "transaction_id": id, "date_time": reply.data()["date_time"], "name": "Dave Bloggs",
            "account_number": "12345678", "sort_code": "400052", "reference": "testing",
            "amount": "200.00", "currency": "gbp", "in_out": "in", "type": "faster_payment",
            "response_code": "1", "response_message": "Transaction Success",
            "balance_after": "200.00",
        });
        assert_eq!(reply.data(), &expected);
        assert_like(&reply.data()["date_time"], "0000/00/00 00:00:00");
    }
}

#[tokio::test]
async fn transactions_in_other_currencies_show_the_international_account() {
    let scene = Scene::new().await;

    for (currency, kind) in [("eur", "sepa_credit"), ("usd", "swift_credit")] {
        let ledger = scene.ledger(currency).await;
        let body = json!({
            "amount": "200", "reference": "testing", "name": "Dave Bloggs",
            "iban": "DE89370400440532013000", "bic_swift": "COBADEFFXXX",
        });
        let reply = scene.post(&inbound_path(&ledger), &body).await;
        let id = reply.text("transaction_id");

        let page = scene.transactions(&ledger, "").await;
        let one = get(&scene, &format!("{}/{id}", TRANSACTIONS[0])).await;

        let row = &rows(&page)[0];
        assert_eq!(names(row), row_names(["iban", "bic_swift"]));
        let expected = json!({
            "transaction_id": id, "date_time": row["date_time"], "name": "Dave Bloggs",
            "iban": "DE89370400440532013000", "bic_swift": "COBADEFFXXX", "reference": "testing",
            "amount": "200.00", "currency": currency, "in_out": "in", "type": kind,
            "response_code": "1", "response_message": "Transaction Success",
            "linked_transaction_id": "", "balance_after": "200.00",
            "reverses_transaction_id": "", "payment_id": "", "user_id": "", "api_key_id": "",
        });
        assert_eq!(row, &expected);
        assert_eq!(one.data(), &details_of(expected));
    }
}

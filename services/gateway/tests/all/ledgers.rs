use serde_json::{Value, json};

use crate::stack::Stack;

#[tokio::test]
async fn a_pound_ledger_is_issued_as_documented() {
    let client = Stack::start().await.client().await;
    let id = client.ledger("gbp").await;

    let reply = client.get(&format!("/accounts/customers/ledgers/{id}")).await;

    let data = reply.data();
    let names: Vec<_> = data.as_object().unwrap().keys().map(String::as_str).collect();
    let expected = [
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
    assert_eq!(names, expected);
    let names: Vec<_> = data["ledger_details"].as_object().unwrap().keys().cloned().collect();
    let expected = [
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
    assert_eq!(names, expected);
    assert!(reply.text.contains(r#""name":"Joe Bloggs","balance":0.00,"currency":"gbp","#));
    assert_eq!((&data["active"], &data["status"]), (&json!(true), &json!("ready")));
}

#[tokio::test]
async fn a_euro_ledger_has_no_sort_code() {
    let client = Stack::start().await.client().await;
    let id = client.ledger("EUR").await;

    let reply = client.get(&format!("/accounts/customers/ledgers/{id}")).await;

    let details = reply.data()["ledger_details"].as_object().unwrap();
    assert!(!details.contains_key("sort_code") && !details.contains_key("account_number"));
    assert_eq!(details["currency"], "eur");
}

#[tokio::test]
async fn a_ledger_is_disabled_with_its_ids_at_the_top_and_in_data() {
    let client = Stack::start().await.client().await;
    let id = client.ledger("gbp").await;
    let path = format!("/accounts/customers/ledgers/{id}");

    let reply = client.put(&path, json!({"active": false})).await;

    let data = reply.data();
    let expected = json!({
        "status": 1, "message": "Success",
        "customer_id": data["customer_id"], "ledger_id": id,
        "data": {"customer_id": data["customer_id"], "ledger_id": id}
    });
    assert_eq!(reply.body, expected);
    assert_eq!(client.get(&path).await.data()["status"], "disabled");
    assert_eq!(client.put(&path, json!({})).await.bad(), ["body"]);
}

#[tokio::test]
async fn every_bad_field_of_a_new_ledger_is_named() {
    let client = Stack::start().await.client().await;
    let body = json!({
        "customer_id": "x", "currency": "xxx", "primary_use": ["gbp"], "owner": "myself", "name": "a"
    });

    let reply = client.post("/accounts/customers/create_ledger", body).await;

    let mut bad = reply.bad();
    bad.sort_unstable();
    assert_eq!(bad, ["currency", "customer_id", "name", "owner", "primary_use"]);
    let reply = client.post("/accounts/customers/create_ledger", json!({})).await;
    let mut bad = reply.bad();
    bad.sort_unstable();
    assert_eq!(bad, ["currency", "customer_id", "owner", "primary_use"]);
}

#[tokio::test]
async fn a_customer_s_ledgers_are_listed_as_details() {
    let client = Stack::start().await.client().await;
    let id = client.ledger("gbp").await;
    let details = client.get(&format!("/accounts/customers/ledgers/{id}")).await;
    let customer_id = details.data()["customer_id"].as_str().unwrap();

    let reply = client.get(&format!("/accounts/customers/{customer_id}/ledgers?limit=1")).await;

    assert_eq!(reply.data(), &json!({"total": 1, "list": [details.data()]}));
}

#[tokio::test]
async fn one_path_lists_and_tells_transactions() {
    let client = Stack::start().await.client().await;
    let id = client.ledger("gbp").await;
    let inbound = json!({
        "amount": 200, "reference": "testing", "name": "Dave Bloggs",
        "sort_code": "400052", "account_number": "12345678"
    });
    let path = format!("/sandbox/ledgers/{id}/inbound");
    let transaction_id = client.post(&path, inbound).await.data()["transaction_id"].clone();

    for path in ["/accounts/customers/ledgers/transactions", "/accounts/customers/transactions"] {
        let list = client.get(&format!("{path}/{id}?from_date=&to_date=")).await;
        let row = &list.data()["list"][0];
        let expected = json!({
            "transaction_id": transaction_id, "date_time": row["date_time"],
            "name": "Dave Bloggs", "account_number": "12345678", "sort_code": "400052",
            "reference": "testing", "amount": "200.00", "currency": "gbp", "in_out": "in",
            "type": "faster_payment", "response_code": "1",
            "response_message": "Transaction Success", "linked_transaction_id": "",
            "balance_after": "200.00", "reverses_transaction_id": "", "payment_id": "",
            "user_id": "", "api_key_id": ""
        });
        assert_eq!((row, &list.data()["total"]), (&expected, &json!(1)));
        let mut one = expected;
        one.as_object_mut().unwrap().retain(|_, value| value != "");
        let found = client.get(&format!("{path}/{}", transaction_id.as_str().unwrap())).await;
        assert_eq!(found.data(), &one);
    }
}

#[tokio::test]
async fn transactions_are_filtered() {
    let client = Stack::start().await.client().await;
    let id = client.ledger("eur").await;
    let inbound = json!({
        "amount": "5", "reference": "testing", "name": "Dave Bloggs",
        "iban": "DE89370400440532013000", "bic_swift": "COBADEFFXXX"
    });
    client.post(&format!("/sandbox/ledgers/{id}/inbound"), inbound).await.data();
    let total = async |query: &str| -> Value {
        let reply = client.get(&format!("/accounts/customers/transactions/{id}?{query}")).await;
        reply.data()["total"].clone()
    };

    assert_eq!(total("in_out=in&type=sepa_credit&from_date=2020-01-01%2000:00:00").await, 1);
    assert_eq!(total("in_out=out").await, 0);
    assert_eq!(total("type=interal_transfer").await, 0);
    assert_eq!(total("to_date=2020-01-01").await, 0);
    let path =
        format!("/accounts/customers/transactions/{id}?in_out=up&type=x&to_date=soon&limit=0");
    let reply = client.get(&path).await;
    assert_eq!(reply.bad(), ["to_date", "type", "in_out", "limit"]);
}

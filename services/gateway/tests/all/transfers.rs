use serde_json::{Value, json};

use crate::stack::{Client, Stack};

const PATH: &str = "/accounts/internal_transfer";

/// Two ledgers, the first with 10.00 pounds.
async fn ledgers(client: &Client) -> [String; 2] {
    let [from, to] = [client.ledger("gbp").await, client.ledger("gbp").await];
    let inbound = json!({
        "amount": "10.00", "reference": "testing", "name": "Dave Bloggs",
        "sort_code": "400052", "account_number": "12345678"
    });
    client.post(&format!("/sandbox/ledgers/{from}/inbound"), inbound).await.data();
    [from, to]
}

fn transfer([from, to]: &[String; 2], amount: &Value) -> Value {
    json!({"from_ledger_id": from, "to_ledger_id": to, "amount": amount, "reference": "rent"})
}

#[tokio::test]
async fn a_transfer_is_answered_at_the_top_and_in_data() {
    let client = Stack::start().await.client().await;
    let ledgers = ledgers(&client).await;

    let reply = client.post(PATH, transfer(&ledgers, &json!(2.5))).await;

    let id = &reply.data()["transaction_id"];
    let expected = json!({
        "status": 1, "message": "Success", "response_code": "1",
        "response_message": "Transaction Success", "transaction_id": id,
        "data": {
            "response_code": "1", "response_message": "Transaction Success", "transaction_id": id
        }
    });
    assert_eq!(reply.body, expected);
    let details = client.get(&format!("/accounts/customers/ledgers/{}", ledgers[0])).await;
    assert!(details.text.contains(r#""balance":7.50,"#), "{}", details.text);
}

#[tokio::test]
async fn a_decline_is_a_conflict_that_stays_one() {
    let client = Stack::start().await.client().await;
    let ledgers = ledgers(&client).await;

    let first = client.post_keyed(PATH, "k-1", transfer(&ledgers, &json!("10.01"))).await;
    let again = client.post_keyed(PATH, "k-1", transfer(&ledgers, &json!("10.01"))).await;

    assert_eq!(first.refusal(), (409, "INSUFFICIENT_FUNDS"));
    assert_eq!(first.body["response_code"], "650");
    assert_eq!(first.body["response_message"], "Insufficient Funds");
    assert!(!first.headers.contains_key("idempotent-replayed"));
    assert_eq!(again.refusal(), (409, "INSUFFICIENT_FUNDS"));
    assert_eq!(again.body["transaction_id"], first.body["transaction_id"]);
    assert_eq!(again.headers["idempotent-replayed"], "true");
    let id = first.body["transaction_id"].as_str().unwrap();
    let found = client.get(&format!("/accounts/customers/transactions/{id}")).await;
    assert_eq!(found.data()["response_code"], "650");
}

#[tokio::test]
async fn amounts_are_taken_in_any_plain_way_and_no_other() {
    let client = Stack::start().await.client().await;
    let ledgers = ledgers(&client).await;
    let send = async |amount: &str| {
        let body = transfer(&ledgers, &Value::Null).to_string().replace("null", amount);
        let body = axum::body::Body::from(body);
        client.send(http::Method::POST, PATH, &[crate::stack::JSON], body).await
    };

    for amount in ["1", "1.0", "1.00", r#""1""#, r#""1.00""#] {
        assert_eq!(send(amount).await.status, 200, "{amount}");
    }
    for amount in
        ["1e0", "-1", "0", "1.001", r#""+1""#, r#""1,0""#, r#"" 1""#, "true", "[1]", "null"]
    {
        assert_eq!(send(amount).await.bad(), ["amount"], "{amount}");
    }
}

#[tokio::test]
async fn every_bad_field_of_a_transfer_is_named() {
    let client = Stack::start().await.client().await;

    let reply = client.post(PATH, json!({"from_ledger_id": "x", "to": "y"})).await;
    let mut bad = reply.bad();
    bad.sort_unstable();
    assert_eq!(bad, ["amount", "from_ledger_id", "reference", "to", "to_ledger_id"]);

    let [from, _] = ledgers(&client).await;
    let reply = client.post(PATH, transfer(&[from.clone(), from], &json!(1))).await;
    assert_eq!(reply.bad(), ["to_ledger_id"]);
}

#[tokio::test]
async fn states_are_conflicts() {
    let client = Stack::start().await.client().await;
    let [from, to] = ledgers(&client).await;
    let euros = client.ledger("eur").await;

    let reply = client.post(PATH, transfer(&[from.clone(), euros], &json!(1))).await;
    assert_eq!(reply.refusal(), (409, "CURRENCY_MISMATCH"));

    client.put(&format!("/accounts/customers/ledgers/{to}"), json!({"active": false})).await.data();
    let reply = client.post(PATH, transfer(&[from, to.clone()], &json!(1))).await;
    assert_eq!(reply.refusal(), (409, "LEDGER_DISABLED"));

    let nobody = uuid::Uuid::now_v7().to_string();
    let reply = client.post(PATH, transfer(&[nobody, to], &json!(1))).await;
    assert_eq!(reply.refusal(), (404, "LEDGER_NOT_FOUND"));
}

#[tokio::test]
async fn an_inbound_payment_names_what_is_wrong_with_its_sender() {
    let client = Stack::start().await.client().await;
    let id = client.ledger("gbp").await;

    let body = json!({"amount": "1", "reference": "r", "name": "n", "sort_code": "1", "account_number": "2"});
    let reply = client.post(&format!("/sandbox/ledgers/{id}/inbound"), body).await;

    assert_eq!(reply.bad(), ["sort_code", "account_number"]);
}

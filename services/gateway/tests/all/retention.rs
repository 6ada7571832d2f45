use axum::body::Body;
use http::{Method, StatusCode};
use serde_json::json;

use crate::stack::{Client, Reply, Stack};

async fn erase(client: &Client, id: &str) -> Reply {
    let path = format!("/accounts/customers/{id}/personal_data");
    client.send(Method::DELETE, &path, &[], Body::empty()).await
}

fn told(reply: &Reply) -> (u16, &str) {
    (reply.status.as_u16(), reply.body["code"].as_str().unwrap_or_default())
}

/// Moves the end of the relationship into the past.
async fn ended(stack: &Stack, id: &str, ago: &'static str) {
    sqlx::query(
        "update customers set relationship_ended_at = now() - $2::text::interval
         where customer_id = $1::uuid",
    )
    .bind(id)
    .bind(ago)
    .execute(&stack.customer_pool)
    .await
    .unwrap();
}

#[tokio::test]
async fn personal_data_is_erased_when_the_law_lets_it_and_the_money_stays_on_record() {
    let stack = Stack::start().await;
    let client = stack.client().await;
    let ledger = client.ledger("gbp").await;
    let ledger = format!("/accounts/customers/ledgers/{ledger}");
    let id = client.get(&ledger).await.data()["customer_id"].as_str().unwrap().to_owned();
    let (details, retention) =
        (format!("/accounts/customers/{id}"), format!("/accounts/customers/{id}/retention"));
    let ends = json!({"relationship_ended_at": kit::time::now().date().to_string()});

    let going_on = erase(&client, &id).await;
    let active = client.put(&retention, ends.clone()).await;
    client.put(&details, json!({"active": false})).await;
    let ended_now = client.put(&retention, ends).await;
    ended(&stack, &id, "4 years").await;
    let too_early = erase(&client, &id).await;
    let until = client.get(&retention).await.data()["keep_until"].as_str().unwrap().to_owned();
    ended(&stack, &id, "5 years 1 hour").await;
    client.put(&retention, json!({"legal_hold": "true"})).await;
    let held = erase(&client, &id).await;
    client.put(&retention, json!({"legal_hold": false})).await;
    let erased = erase(&client, &id).await;

    assert_eq!(told(&going_on), (409, "RETENTION_REQUIRED"));
    assert_eq!(told(&active), (409, "CUSTOMER_ACTIVE"));
    assert_eq!(ended_now.status, StatusCode::OK, "{}", ended_now.text);
    assert_eq!(told(&too_early), (409, "RETENTION_REQUIRED"));
    assert!(
        too_early.body["message"].as_str().unwrap().ends_with(&until[..10]),
        "{}",
        too_early.text
    );
    assert_eq!(told(&held), (409, "LEGAL_HOLD"));
    assert_eq!(erased.status, StatusCode::OK);
    assert_eq!(erased.data()["customer_id"], id.as_str());
    assert!(erased.data()["erased_at"].is_string());
    assert_eq!(erase(&client, &id).await.data(), erased.data());
    let shown = client.get(&details).await;
    assert_eq!(shown.status, StatusCode::OK);
    for part in ["Joe", "Bloggs", "Baker", "1988", "acquired", "203"] {
        assert!(!shown.text.contains(part), "{part} in {}", shown.text);
    }
    let shown = client.get(&ledger).await;
    assert_eq!(shown.status, StatusCode::OK);
    assert_eq!(shown.data()["ledger_details"]["name"], "");
    assert_eq!(client.get("/accounts/customers/list").await.data()["total"], 1);
    assert_eq!(
        told(&client.put(&details, json!({"active": true})).await),
        (409, "CUSTOMER_ERASED")
    );
}

#[tokio::test]
async fn what_is_wrong_with_a_change_is_told_at_once() {
    let client = Stack::start().await.client().await;
    let path = format!("/accounts/customers/{}/retention", client.customer("Bloggs").await);

    let wrong = json!({"relationship_ended_at": "soon", "legal_hold": "perhaps", "until": 5});
    let wrong = client.put(&path, wrong).await;
    let nothing = client.put(&path, json!({})).await;
    let early = client.put(&path, json!({"relationship_ended_at": "1999-01-01"})).await;

    let parameters = |reply: &Reply| {
        let errors = reply.body["errors"].as_array().cloned().unwrap_or_default();
        let mut names: Vec<_> =
            errors.iter().map(|one| one["parameter"].as_str().unwrap().to_owned()).collect();
        names.sort();
        names
    };
    assert_eq!(parameters(&wrong), ["legal_hold", "relationship_ended_at", "until"]);
    assert_eq!(parameters(&nothing), ["body"]);
    assert_eq!(parameters(&early), ["relationship_ended_at"]);
}

#[tokio::test]
async fn erasing_needs_a_scope_of_its_own_and_a_customer_of_ones_own() {
    let stack = Stack::start().await;
    let owner = stack.client().await;
    let id = owner.customer("Bloggs").await;
    let writer = stack.client_who_may(&["customers:read", "customers:write"]).await;
    let stranger = stack.client().await;

    assert_eq!(told(&erase(&writer, &id).await), (403, "PERMISSION_DENIED"));
    assert_eq!(told(&erase(&stranger, &id).await), (404, "CUSTOMER_NOT_FOUND"));
    assert_eq!(told(&erase(&owner, "nobody").await), (404, "CUSTOMER_NOT_FOUND"));
    assert_eq!(told(&erase(&stack.stranger(), &id).await), (401, "UNAUTHENTICATED"));
}

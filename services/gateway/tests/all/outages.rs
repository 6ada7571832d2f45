use gateway::Settings;
use serde_json::json;

use crate::stack::{Stack, customer, nobody};

#[tokio::test]
async fn a_service_that_is_away_is_told_as_such() {
    let stack = Stack::start().await;
    let mut client = stack.client().await;
    let settings = Settings { customer: nobody(), ..stack.settings.clone() };
    client.router = gateway::router(&settings);

    let reply = client.get("/accounts/customers/list").await;
    assert_eq!(reply.refusal(), (503, "UNAVAILABLE"));
    assert!(reply.headers.contains_key("retry-after"));

    let reply = client.post("/accounts/create_customer", customer("Bloggs")).await;
    assert_eq!(reply.refusal(), (503, "UNAVAILABLE"));
    let reply = client.post("/accounts/create_customer", json!({"oops": 1})).await;
    assert_eq!(reply.refusal(), (503, "UNAVAILABLE"));
}

#[tokio::test]
async fn nobody_is_refused_because_tokens_cannot_be_looked_up() {
    let stack = Stack::start().await;
    let mut client = stack.client().await;
    let settings = Settings { access: nobody(), ..stack.settings.clone() };
    client.router = gateway::router(&settings);

    assert_eq!(client.get("/accounts/customers/list").await.refusal(), (503, "UNAVAILABLE"));
    client.token = None;
    assert_eq!(client.get("/accounts/customers/list").await.refusal(), (401, "UNAUTHENTICATED"));
}

#[tokio::test]
async fn there_is_no_sandbox_unless_it_is_asked_for() {
    let stack = Stack::start().await;
    let mut client = stack.client().await;
    let settings = Settings { sandbox: false, ..stack.settings.clone() };
    client.router = gateway::router(&settings);

    let id = uuid::Uuid::now_v7();
    let reply = client.post(&format!("/sandbox/ledgers/{id}/inbound"), json!({})).await;

    assert_eq!(reply.refusal(), (404, "PATH_NOT_FOUND"));
}

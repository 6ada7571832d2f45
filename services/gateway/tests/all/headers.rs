use axum::body::Body;
use http::Method;
use serde_json::json;

use crate::stack::{JSON, Stack, customer};

#[tokio::test]
async fn a_sane_request_id_is_kept_and_another_is_replaced() {
    let client = Stack::start().await.client().await;
    let path = "/accounts/customers/list";
    let send = async |id: &str| {
        client.send(Method::GET, path, &[("x-request-id", id)], Body::empty()).await
    };

    assert_eq!(send("mine-1").await.headers["x-request-id"], "mine-1");
    for bad in ["", "a b", &"x".repeat(129)] {
        let reply = send(bad).await;
        assert_eq!(reply.headers["x-request-id"].len(), 36, "{bad}");
    }
    let refused =
        client.send(Method::GET, "/x", &[("x-request-id", "mine-2")], Body::empty()).await;
    assert_eq!(refused.body["request_id"], "mine-2");
}

#[tokio::test]
async fn the_same_key_and_request_have_one_effect() {
    let client = Stack::start().await.client().await;
    let path = "/accounts/create_customer";

    let first = client.post_keyed(path, "k-1", customer("Bloggs")).await;
    let again = client.post_keyed(path, "k-1", customer("Bloggs")).await;

    assert_eq!(first.data(), again.data());
    assert!(!first.headers.contains_key("idempotent-replayed"));
    assert_eq!(again.headers["idempotent-replayed"], "true");
    let list = client.get("/accounts/customers/list").await;
    assert_eq!(list.data()["total"], 1);
}

#[tokio::test]
async fn the_same_key_and_another_body_are_refused_even_if_it_means_the_same() {
    let client = Stack::start().await.client().await;
    let path = "/accounts/create_customer";
    client.post_keyed(path, "k-1", customer("Bloggs")).await.data();

    let headers = [JSON, ("idempotency-key", "k-1")];
    let body = format!(" {}", customer("Bloggs"));
    let reply = client.send(Method::POST, path, &headers, Body::from(body)).await;

    assert_eq!(reply.refusal(), (409, "IDEMPOTENCY_KEY_REUSED"));
}

#[tokio::test]
async fn a_bad_key_is_told_with_everything_else() {
    let client = Stack::start().await.client().await;

    let path = "/accounts/create_customer?page=1";
    let mut body = customer("Bloggs");
    body["dob"] = json!("tomorrow");
    body["nick"] = json!("J");
    let reply = client.post_keyed(path, "a b", body).await;

    assert_eq!(reply.bad(), ["nick", "page", "Idempotency-Key", "dob"]);
    assert_eq!(client.get("/accounts/customers/list").await.data()["total"], 0);
}

#[tokio::test]
async fn nobody_on_the_way_keeps_an_answer() {
    let client = Stack::start().await.client().await;

    let reply = client.get("/accounts/customers/list").await;

    assert_eq!(reply.headers["cache-control"], "no-store");
    assert_eq!(reply.headers["content-type"], "application/json");
}

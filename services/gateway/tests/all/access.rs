use std::{convert::Infallible, time::Duration};

use axum::body::{Body, Bytes};
use http::Method;
use serde_json::json;
use tokio::time::sleep;
use tokio_stream::wrappers::ReceiverStream;

use crate::stack::{JSON, PASSWORD, Stack};

#[tokio::test]
async fn a_login_gives_a_token_until_the_logout() {
    let stack = Stack::start().await;
    let client = stack.client().await;
    assert_eq!(client.get("/accounts/customers/list").await.status, 200);

    let reply = client.post("/logout", json!({})).await;

    assert_eq!(reply.text, r#"{"status":1,"message":"Success","data":{}}"#);
    let refused = client.get("/accounts/customers/list").await;
    assert_eq!(refused.refusal(), (401, "UNAUTHENTICATED"));
    assert_eq!(refused.headers["www-authenticate"], "Bearer");
}

#[tokio::test]
async fn a_token_that_is_revoked_while_a_body_arrives_does_nothing_more() {
    let client = Stack::start().await.client().await;
    let (chunks, body) = tokio::sync::mpsc::channel(1);
    let body = Body::from_stream(ReceiverStream::new(body));
    let headers = [("content-type", "application/json")];

    let slow = client.send(Method::POST, "/accounts/create_customer", &headers, body);
    let meanwhile = async {
        chunks.send(Ok::<_, Infallible>(Bytes::from_static(b"{}"))).await.unwrap();
        sleep(Duration::from_millis(100)).await;
        client.post("/logout", json!({})).await.data();
        sleep(Duration::from_secs(2)).await;
        drop(chunks);
    };
    let (reply, ()) = tokio::join!(slow, meanwhile);

    assert_eq!(reply.refusal(), (401, "UNAUTHENTICATED"));
}

#[tokio::test]
async fn a_scope_that_is_lost_while_a_body_arrives_allows_nothing_more() {
    let stack = Stack::start().await;
    let client = stack.client_who_may(&["customers:read", "customers:write"]).await;
    let (chunks, body) = tokio::sync::mpsc::channel(1);
    let body = Body::from_stream(ReceiverStream::new(body));

    let slow = client.send(Method::POST, "/accounts/create_customer", &[JSON], body);
    let meanwhile = async {
        chunks.send(Ok::<_, Infallible>(Bytes::from_static(b"{}"))).await.unwrap();
        sleep(Duration::from_millis(100)).await;
        stack.let_user(&client, &["customers:read"]).await;
        sleep(Duration::from_secs(2)).await;
        drop(chunks);
    };
    let (reply, ()) = tokio::join!(slow, meanwhile);

    assert_eq!(reply.refusal(), (403, "PERMISSION_DENIED"));
    assert_eq!(reply.body["missing_scope"], "customers:write");
}

#[tokio::test]
async fn a_strangers_body_has_five_seconds_to_come() {
    let stranger = Stack::start().await.stranger();
    let start = std::time::Instant::now();
    let ask = async |path| {
        let body = Body::from_stream(tokio_stream::pending::<Result<Bytes, Infallible>>());
        stranger.send(Method::POST, path, &[JSON], body).await
    };

    let (login, callback) = tokio::join!(ask("/login"), ask("/callbacks/kyc/gbg_go"));

    for reply in [login, callback] {
        assert_eq!(reply.refusal(), (400, "BODY_INCOMPLETE"));
    }
    assert!((4..15).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_logout_needs_no_body() {
    let client = Stack::start().await.client().await;

    let reply = client.send(Method::POST, "/logout", &[], Body::empty()).await;

    assert_eq!(reply.status, 200);
}

#[tokio::test]
async fn a_login_tells_when_the_token_ends() {
    let stack = Stack::start().await;
    let email = stack.user(&access::SCOPES).await.to_uppercase();

    let reply =
        stack.stranger().post("/login", json!({"email": email, "password": PASSWORD})).await;

    assert_eq!(reply.data()["expires"].as_str().unwrap().len(), 19);
    assert_eq!(reply.data()["token"].as_str().unwrap().len(), 64);
}

#[tokio::test]
async fn a_wrong_pair_is_told_the_same_whichever_half_is_wrong() {
    let stack = Stack::start().await;
    let email = stack.user(&access::SCOPES).await;
    let login = async |email: &str, password: &str| {
        let body = json!({"email": email, "password": password});
        let reply = stack.stranger().post("/login", body).await;
        let (status, code) = reply.refusal();
        (status, code.to_owned(), reply.body["message"].clone())
    };

    let wrong_password = login(&email, "something else").await;

    assert_eq!(wrong_password.0, 401);
    assert_eq!(wrong_password.1, "WRONG_CREDENTIALS");
    assert_eq!(login("nobody@example.com", "something else").await, wrong_password);
}

#[tokio::test]
async fn after_ten_wrong_tries_there_is_a_pause() {
    let stack = Stack::start().await;
    let email = stack.user(&access::SCOPES).await;
    let body = json!({"email": email, "password": "something else"});
    for _ in 0..10 {
        assert_eq!(stack.stranger().post("/login", body.clone()).await.status, 401);
    }

    let reply = stack.stranger().post("/login", body).await;

    assert_eq!(reply.refusal(), (429, "TOO_MANY_ATTEMPTS"));
    assert!(reply.headers["retry-after"].to_str().unwrap().parse::<u32>().unwrap() > 0);
}

#[tokio::test]
async fn every_bad_field_of_a_login_is_named() {
    let stack = Stack::start().await;

    let reply = stack.stranger().post("/login", json!({"mail": "a@b.uk", "password": 5})).await;

    let mut bad = reply.bad();
    bad.sort_unstable();
    assert_eq!(bad, ["email", "mail", "password"]);
}

#[tokio::test]
async fn a_token_allows_what_its_scopes_say() {
    let stack = Stack::start().await;
    let reader = stack.client_who_may(&["customers:read"]).await;

    assert_eq!(reader.get("/accounts/customers/list").await.status, 200);
    let refused = reader.post("/accounts/create_customer", json!({})).await;
    assert_eq!(refused.refusal(), (403, "PERMISSION_DENIED"));
    let id = uuid::Uuid::now_v7();
    let refused = reader.get(&format!("/accounts/customers/ledgers/{id}")).await;
    assert_eq!(refused.refusal(), (403, "PERMISSION_DENIED"));
}

#[tokio::test]
async fn both_schemes_are_taken_in_any_case() {
    let stack = Stack::start().await;
    let token = stack.client().await.token.unwrap();
    for scheme in ["token", "Token", "Bearer", "bearer"] {
        let value = format!("{scheme} {token}");
        let headers = [("authorization", value.as_str())];
        let body = Body::empty();
        let path = "/accounts/customers/list";
        let reply = stack.stranger().send(Method::GET, path, &headers, body).await;
        assert_eq!(reply.status, 200, "{scheme}");
    }
}

use axum::body::Body;
use http::Method;
use serde_json::json;

use crate::stack::Stack;

#[tokio::test]
async fn without_a_token_every_path_is_refused_the_same() {
    let stranger = Stack::start().await.stranger();
    for path in
        ["/", "/accounts/customers/list", "/no/such/path", "/login/", "/accounts/customers/x"]
    {
        assert_eq!(stranger.get(path).await.refusal(), (401, "UNAUTHENTICATED"), "{path}");
    }
    let reply = stranger.post("/accounts/customers/list", json!({})).await;
    assert_eq!(reply.refusal(), (401, "UNAUTHENTICATED"));
}

#[tokio::test]
async fn with_a_token_an_unknown_path_is_not_found() {
    let client = Stack::start().await.client().await;
    for path in ["/", "/no/such/path", "/accounts/customers/list/", "/accounts"] {
        assert_eq!(client.get(path).await.refusal(), (404, "PATH_NOT_FOUND"), "{path}");
    }
}

#[tokio::test]
async fn a_wrong_method_is_told_the_right_ones() {
    let client = Stack::start().await.client().await;

    let reply = client.post("/accounts/customers/list", json!({})).await;
    assert_eq!(reply.refusal(), (405, "METHOD_NOT_ALLOWED"));
    assert_eq!(reply.headers["allow"], "GET,HEAD");

    let id = uuid::Uuid::now_v7();
    let path = format!("/accounts/customers/{id}");
    let reply = client.send(Method::DELETE, &path, &[], Body::empty()).await;
    let allowed = reply.headers["allow"].to_str().unwrap();
    assert!(allowed.contains("GET") && allowed.contains("PUT"), "{allowed}");

    assert_eq!(client.get("/login").await.refusal(), (405, "METHOD_NOT_ALLOWED"));
}

#[tokio::test]
async fn the_description_is_public_and_readable() {
    let stranger = Stack::start().await.stranger();

    let description = stranger.get("/openapi.json").await;
    assert_eq!(description.body["info"]["title"], "Lombard");
    assert_eq!(description.body["openapi"], "3.1.0");

    assert_eq!(stranger.get("/docs").await.headers["location"], "/docs/");
    let page = stranger.get("/docs/").await;
    assert!(page.text.contains("swagger-ui"), "{}", page.text);
    assert!(!page.text.contains("http://") && !page.text.contains("https://"));
    for asset in ["swagger-ui.css", "swagger-ui-bundle.js", "swagger-initializer.js", "index.css"] {
        let reply = stranger.get(&format!("/docs/{asset}")).await;
        assert_eq!((reply.status.as_u16(), reply.text.is_empty()), (200, false), "{asset}");
    }
    let script = stranger.get("/docs/swagger-initializer.js").await;
    assert!(script.text.contains("/openapi.json"));
}

#[tokio::test]
async fn a_parameter_that_no_path_has_is_refused() {
    let client = Stack::start().await.client().await;
    let id = uuid::Uuid::now_v7();
    for path in
        [format!("/accounts/customers/{id}?x=1"), format!("/accounts/customers/ledgers/{id}?x")]
    {
        assert_eq!(client.get(&path).await.bad(), ["x"], "{path}");
    }
    let path =
        "/accounts/customers/list?limits=5&limit=0&active=maybe&cursor=made-up&created_to=soon";
    let mut bad =
        client.get(path).await.bad().iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
    bad.sort_unstable();
    assert_eq!(bad, ["active", "created_to", "cursor", "limit", "limits"]);
}

#[tokio::test]
async fn an_id_that_is_none_is_missing_like_any_other() {
    let client = Stack::start().await.client().await;
    let missing = uuid::Uuid::now_v7().to_string();
    for id in [missing.as_str(), "x", "921rte4-7a22-5091-3741-37133j8d4s", "%FF", "%00"] {
        for (path, code) in [
            ("/accounts/customers/#", "CUSTOMER_NOT_FOUND"),
            ("/accounts/customers/#/ledgers", "CUSTOMER_NOT_FOUND"),
            ("/accounts/customers/#/verifications", "CUSTOMER_NOT_FOUND"),
            ("/accounts/customers/ledgers/#", "LEDGER_NOT_FOUND"),
            ("/accounts/customers/transactions/#", "LEDGER_OR_TRANSACTION_NOT_FOUND"),
            ("/accounts/customers/ledgers/transactions/#", "LEDGER_OR_TRANSACTION_NOT_FOUND"),
        ] {
            let reply = client.get(&path.replace('#', id)).await;
            assert_eq!(reply.refusal(), (404, code), "{path} {id}");
        }
        let path = format!("/accounts/customers/{id}");
        let reply = client.put(&path, json!({"active": true})).await;
        assert_eq!(reply.refusal(), (404, "CUSTOMER_NOT_FOUND"), "{id}");
        assert_eq!(client.put(&path, json!({"activ": true})).await.bad(), ["activ"], "{id}");
        let reply = client
            .put(&format!("/accounts/customers/ledgers/{id}"), json!({"active": "false"}))
            .await;
        assert_eq!(reply.refusal(), (404, "LEDGER_NOT_FOUND"), "{id}");
    }
}

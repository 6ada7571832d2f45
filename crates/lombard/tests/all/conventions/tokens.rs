//! Who may come in.

use reqwest::{Method, header::AUTHORIZATION};
use serde_json::json;
use uuid::Uuid;

use crate::{
    answers::{AUTHENTICATE, CREATE, LIST, count, data, individual, path_of, refusal},
    stack::{Client, login, login_as, platform, send},
};

async fn list_as(client: &Client, authorization: &str) -> u16 {
    let request = client.stranger().request(Method::GET, LIST);
    let answer = send(request.header(AUTHORIZATION, authorization)).await;
    if answer.0 != 200 {
        assert_eq!(refusal(&answer), (401, "UNAUTHENTICATED"), "{authorization}");
    }
    answer.0.as_u16()
}

#[tokio::test]
async fn a_token_is_taken_in_both_schemes() {
    let client = login().await;
    let token = &client.token;
    for scheme in ["token", "Token", "TOKEN", "Bearer", "bearer", "BEARER"] {
        assert_eq!(list_as(&client, &format!("{scheme} {token}")).await, 200, "{scheme}");
    }
    for wrong in [
        token.clone(),
        String::new(),
        "token".to_owned(),
        "token ".to_owned(),
        format!("Basic {token}"),
        format!("Digest {token}"),
        format!("token={token}"),
        format!("token:{token}"),
        format!("token {token}x"),
        format!("token {}", &token[1..]),
        format!("token {}", token.to_uppercase()),
        format!("token {token} {token}"),
        format!("token {{{{{token}}}}}"),
        format!("token {}", "0".repeat(64)),
        format!("token {}", "x".repeat(4000)),
        "token ä".to_owned(),
    ] {
        assert_eq!(list_as(&client, &wrong).await, 401, "{wrong}");
    }
}

#[tokio::test]
async fn without_a_token_every_path_but_the_public_ones_is_refused_the_same() {
    let client = login().await;
    let stranger = client.stranger();
    let customer = path_of(&Uuid::now_v7().to_string());
    let known = [
        CREATE,
        AUTHENTICATE,
        LIST,
        &customer,
        "/logout",
        "/accounts/internal_transfer",
        "/accounts/faster_payment",
        "/accounts/payments",
        "/accounts/payments/x",
    ];
    let unknown = [
        "/",
        "/accounts",
        "/nowhere",
        "/login/",
        "/openapi.yaml",
        "/openapi.json/",
        "/docsx",
        "//docs",
        "/docs/../accounts/customers/list",
        "/metrics",
        "/health",
    ];
    for path in known.into_iter().chain(unknown) {
        for method in [Method::GET, Method::POST, Method::PUT, Method::DELETE] {
            let answer = send(stranger.request(method.clone(), path).body("not json")).await;
            assert_eq!(refusal(&answer), (401, "UNAUTHENTICATED"), "{method} {path}");
            assert!(answer.1.contains_key("www-authenticate"));
        }
    }
    for path in ["/openapi.json", "/docs", "/docs/"] {
        assert_eq!(stranger.get(path).await.0, 200, "{path}");
    }
    let (status, headers, _) = stranger.get("/login").await;
    assert_eq!((status.as_u16(), headers["allow"].to_str().unwrap()), (405, "POST"));
}

#[tokio::test]
async fn a_revoked_token_is_an_unknown_one() {
    let client = login().await;
    let other = login_as(&platform().url, &client.email, &client.password).await;
    assert_eq!(count(&client).await, 0);

    assert_eq!(data(&client.post("/logout", &json!({})).await), &json!({}));

    for _ in 0..2 {
        assert_eq!(refusal(&client.get(LIST).await), (401, "UNAUTHENTICATED"));
        assert_eq!(refusal(&client.post("/logout", &json!({})).await), (401, "UNAUTHENTICATED"));
    }
    assert_eq!(count(&other).await, 0);
}

#[tokio::test]
async fn a_token_does_what_its_scopes_say() {
    let reader = login_with(&["customers:read"]).await;
    let writer = login_with(&["customers:write"]).await;
    let nobody = login_with(&[]).await;

    assert_eq!(count(&reader).await, 0);
    for client in [&reader, &nobody] {
        for path in [
            CREATE,
            AUTHENTICATE,
            "/accounts/customers/create_ledger",
            "/accounts/internal_transfer",
            "/accounts/reverse_transfer",
            "/accounts/faster_payment",
            "/accounts/sepa_credit",
            "/accounts/payments/x/cancel",
            "/accounts/confirm_payee",
        ] {
            let answer = client.post(path, &json!({"bad": 1})).await;
            assert_eq!(refusal(&answer), (403, "PERMISSION_DENIED"), "{path}");
        }
    }
    let id = data(&writer.post(CREATE, &individual()).await)["customer_id"].clone();
    let customer = path_of(id.as_str().unwrap());
    for client in [&writer, &nobody] {
        let payment = "/accounts/payments/x";
        let balance = "/accounts/customers/ledgers/x/balance";
        for path in [LIST, &customer, "/accounts/payments", payment, balance] {
            assert_eq!(refusal(&client.get(path).await), (403, "PERMISSION_DENIED"), "{path}");
        }
    }
    assert_eq!(refusal(&reader.get("/nowhere").await), (404, "PATH_NOT_FOUND"));
    data(&nobody.post("/logout", &json!({})).await);
}

/// Somebody of a new tenant whose tokens allow only this.
async fn login_with(scopes: &'static [&'static str]) -> Client {
    let platform = platform();
    let access = platform.stack.access().clone();
    let name = Uuid::now_v7().simple().to_string();
    let email = format!("{name}@lombard.test");
    let user = email.clone();
    let made = platform.run(async move {
        let tenant = access.ensure_tenant(&name).await.unwrap();
        access.ensure_user(tenant, &user, "correct horse battery staple", scopes).await.unwrap();
    });
    made.await;
    login_as(&platform.url, &email, "correct horse battery staple").await
}

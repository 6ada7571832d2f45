//! What holds on every path: media, authorisation, names of requests, refusals, limits, and the
//! description of it all.

mod bodies;
mod description;
mod tokens;

use reqwest::{Method, header::ALLOW};
use serde_json::json;
use uuid::Uuid;

use crate::{
    answers::{CREATE, LIST, bad, data, individual, path_of, refusal},
    stack::{login, send},
};

#[tokio::test]
async fn an_unknown_path_is_missing() {
    let client = login().await;
    for path in [
        "/",
        "/accounts",
        "/accounts/customers",
        "/accounts/customers/list/",
        "/ACCOUNTS/customers/list",
        "/v1/accounts/customers/list",
        "/accounts/customers/x/y",
        "/accounts/customers/ledgers/x/balances",
        "/accounts/payments/x/y",
        "/accounts//customers/list",
    ] {
        assert_eq!(refusal(&client.get(path).await), (404, "PATH_NOT_FOUND"), "{path}");
        let answer = client.post(path, &json!({})).await;
        assert_eq!(refusal(&answer), (404, "PATH_NOT_FOUND"), "{path}");
    }
}

#[tokio::test]
async fn a_wrong_method_is_told_the_right_ones() {
    let client = login().await;
    let customer = path_of(&Uuid::now_v7().to_string());
    for (path, allowed) in [
        ("/login", vec!["POST"]),
        ("/logout", vec!["POST"]),
        (CREATE, vec!["POST"]),
        ("/accounts/customers/authenticate", vec!["POST"]),
        ("/accounts/customers/create_ledger", vec!["POST"]),
        ("/accounts/customers/ledgers/x/balance", vec!["GET"]),
        ("/accounts/internal_transfer", vec!["POST"]),
        ("/accounts/reverse_transfer", vec!["POST"]),
        ("/accounts/faster_payment", vec!["POST"]),
        ("/accounts/sepa_credit", vec!["POST"]),
        ("/accounts/payments", vec!["GET"]),
        ("/accounts/payments/x", vec!["GET"]),
        ("/accounts/payments/x/cancel", vec!["POST"]),
        ("/accounts/confirm_payee", vec!["POST"]),
        (LIST, vec!["GET"]),
        (&format!("{customer}/verifications"), vec!["GET"]),
        (&format!("{customer}/ledgers"), vec!["GET"]),
        (&customer, vec!["GET", "PUT"]),
        ("/accounts/customers/ledgers/x", vec!["GET", "PUT"]),
        ("/accounts/customers/ledgers/transactions/x", vec!["GET"]),
        ("/accounts/customers/transactions/x", vec!["GET"]),
        ("/sandbox/ledgers/x/inbound", vec!["POST"]),
    ] {
        for method in [Method::GET, Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
            if allowed.contains(&method.as_str()) {
                continue;
            }
            let answer = send(client.request(method.clone(), path).json(&json!({}))).await;
            assert_eq!(refusal(&answer), (405, "METHOD_NOT_ALLOWED"), "{method} {path}");
            let told = answer.1[ALLOW].to_str().unwrap();
            let mut told: Vec<_> = told.split(',').map(str::trim).collect();
            told.retain(|method| *method != "HEAD");
            told.sort_unstable();
            assert_eq!(told, allowed, "{method} {path}");
        }
    }
}

#[tokio::test]
async fn a_request_is_named_by_its_sender_or_by_us() {
    let client = login().await;
    let named = |method: Method, path: &str, id: &str| {
        send(client.request(method, path).header("X-Request-Id", id))
    };
    for id in ["a", "Mine-1_2.3:4/5", &"x".repeat(64)] {
        for (method, path, status) in [
            (Method::GET, LIST, 200),
            (Method::GET, "/nowhere", 404),
            (Method::PUT, LIST, 405),
            (Method::POST, CREATE, 400),
        ] {
            let (answered, headers, body) = named(method, path, id).await;
            assert_eq!(answered, status, "{path}");
            assert_eq!(headers["x-request-id"], id, "{path}");
            if status != 200 {
                assert_eq!(body["request_id"], id, "{path}");
            }
        }
    }
    for insane in ["", "a b", "ä", "a\u{9}b", &"x".repeat(1000)] {
        let (status, headers, _) = named(Method::GET, LIST, insane).await;
        assert_eq!(status, 200);
        let made = headers["x-request-id"].to_str().unwrap();
        assert!(Uuid::parse_str(made).is_ok(), "{insane:?}: {made}");
    }
    let (one, other) = (client.get(LIST).await, client.get(LIST).await);
    assert_ne!(one.1["x-request-id"], other.1["x-request-id"]);
    let answer = client.stranger().get(LIST).await;
    assert!(Uuid::parse_str(answer.2["request_id"].as_str().unwrap()).is_ok());
}

#[tokio::test]
async fn a_query_that_a_path_does_not_know_is_refused_with_all_else() {
    let client = login().await;
    let id = data(&client.post(CREATE, &individual()).await)["customer_id"].clone();
    let customer = path_of(id.as_str().unwrap());

    let answer = client.get(&format!("{customer}?x=1&y=&x=2")).await;
    assert_eq!(bad(&answer), ["x", "y"]);
    let answer = client.put(&format!("{customer}?x=1"), &json!({"dob": "x", "nick": 1})).await;
    assert_eq!(bad(&answer), ["dob", "nick", "x"]);
    let answer = client.post(&format!("{CREATE}?x=1"), &individual()).await;
    assert_eq!(bad(&answer), ["x"]);
    for path in [format!("{customer}/verifications"), format!("{customer}/ledgers")] {
        let answer = client.get(&format!("{path}?limit=0&limits=1")).await;
        assert_eq!(bad(&answer), ["limit", "limits"], "{path}");
        let answer = client.get(&format!("{path}?limit=&cursor=")).await;
        assert_eq!(data(&answer)["total"], 0, "{path}");
    }
    assert_eq!(data(&client.get(LIST).await)["total"], 1);
}

//! Accounts with providers, how decisions are made, and callbacks, as the surface has them.

use axum::body::Body;
use http::Method;
use serde_json::json;

use crate::stack::Stack;

const PROVIDER: &str = "/kyc/providers/gbg_go";

fn account() -> serde_json::Value {
    json!({
        "account_name": "client",
        "secret": "correct horse",
        "profile_id": "d1546e85",
        "verdicts": {"Decision: Perhaps": "rejected"},
        "callback_secret": "0123456789abcdef"
    })
}

#[tokio::test]
async fn an_account_goes_in_and_comes_out_without_its_secrets() {
    let client = Stack::start().await.client().await;

    let set = client.put(PROVIDER, account()).await;
    let got = client.get(PROVIDER).await;
    let listed = client.get("/kyc/providers").await;
    let deleted = client.send(Method::DELETE, PROVIDER, &[], Body::empty()).await;
    let gone = client.get(PROVIDER).await;

    let expected = json!({
        "provider": "gbg_go",
        "account_name": "client",
        "profile_id": "d1546e85",
        "profile_version": "latest",
        "verdicts": {
            "DECISION: ACCEPT": "verified",
            "DECISION: MANUAL REVIEW": "in_review",
            "DECISION: PERHAPS": "rejected",
            "DECISION: REJECT": "rejected"
        },
        "is_default": true,
        "has_callback_secret": true,
        "created": set.data()["created"],
        "last_update": set.data()["last_update"]
    });
    assert_eq!(set.data(), &expected);
    assert_eq!(got.data(), &expected);
    assert_eq!(listed.data(), &json!({"total": 1, "list": [expected]}));
    assert_eq!(deleted.data(), &json!({}));
    assert_eq!(gone.refusal(), (404, "PROVIDER_NOT_FOUND"));
}

#[tokio::test]
async fn every_bad_field_of_an_account_is_named() {
    let client = Stack::start().await.client().await;

    let body = json!({"secret": "x", "verdicts": {"PASS": "good"}, "url": "http://10.0.0.1"});
    let reply = client.put(PROVIDER, body).await;

    let mut bad = reply.bad();
    bad.sort_unstable();
    assert_eq!(bad, ["account_name", "profile_id", "url", "verdicts.PASS"]);
    let unknown = client.put("/kyc/providers/somebody", account()).await;
    assert_eq!(unknown.refusal(), (404, "PROVIDER_NOT_FOUND"));
}

#[tokio::test]
async fn only_who_may_administer_keeps_accounts_and_policies() {
    let stack = Stack::start().await;
    let scopes: Vec<_> = access::SCOPES.into_iter().filter(|scope| *scope != "admin").collect();
    let client = stack.client_who_may(&scopes).await;

    for reply in [
        client.get("/kyc/providers").await,
        client.get(PROVIDER).await,
        client.put(PROVIDER, account()).await,
        client.send(Method::DELETE, PROVIDER, &[], Body::empty()).await,
        client.get("/kyc/review_policy").await,
        client.put("/kyc/review_policy", json!({"four_eyes": true})).await,
    ] {
        assert_eq!(reply.refusal(), (403, "PERMISSION_DENIED"));
    }
}

#[tokio::test]
async fn a_policy_is_what_was_said() {
    let client = Stack::start().await.client().await;

    let before = client.get("/kyc/review_policy").await;
    let bad = client.put("/kyc/review_policy", json!({})).await;
    let set = client.put("/kyc/review_policy", json!({"four_eyes": true})).await;
    let after = client.get("/kyc/review_policy").await;

    assert_eq!(before.data(), &json!({"four_eyes": false}));
    assert_eq!(bad.bad(), ["four_eyes"]);
    assert_eq!((set.data(), after.data()), (after.data(), &json!({"four_eyes": true})));
}

#[tokio::test]
async fn a_callback_needs_no_token_and_a_signature() {
    let stranger = Stack::start().await.stranger();
    let call = |body: &'static str| {
        let stranger = stranger.clone();
        async move {
            let headers = [("x-signature", "t=1700000000,v1=00")];
            stranger.send(Method::POST, "/callbacks/kyc/gbg_go", &headers, body.into()).await
        }
    };

    let refused = call("{\"instanceId\": \"one\"}").await;
    let malformed = call("[]").await;
    let other = stranger.send(Method::POST, "/callbacks/other", &[], Body::empty()).await;

    assert_eq!(refused.refusal(), (401, "CALLBACK_REFUSED"));
    assert_eq!(malformed.bad(), ["body"]);
    assert_eq!(other.refusal(), (401, "UNAUTHENTICATED"));
}

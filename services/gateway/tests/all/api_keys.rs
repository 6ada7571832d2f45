use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::stack::{Client, Reply, Stack};

const LIST: &str = "/accounts/customers/list";

/// A key of the client's own user, and a client who calls with it.
async fn key(client: &Client, fields: Value) -> (String, Client) {
    let mut body = json!({"name": "till", "scopes": ["customers:read"]});
    body.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
    let made = client.post("/access/keys", body).await;
    let token = made.data()["secret"].as_str().unwrap().to_owned();
    let id = made.data()["api_key_id"].as_str().unwrap().to_owned();
    (id, Client { token: Some(token), ..client.clone() })
}

/// Calls until the answer has a status, and tells how long that took.
async fn until(client: &Client, status: u16) -> (Duration, Reply) {
    let start = Instant::now();
    loop {
        let reply = client.get(LIST).await;
        if reply.status == status {
            return (start.elapsed(), reply);
        }
        assert!(start.elapsed() < Duration::from_secs(30), "{reply:?}");
        sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn a_key_is_taken_where_a_token_is_and_does_what_its_scopes_say() {
    let client = Stack::start().await.client().await;

    let (id, program) = key(&client, json!({})).await;

    program.get(LIST).await.data();
    let refused = program.post("/accounts/create_customer", json!({})).await;
    assert_eq!(refused.refusal(), (403, "PERMISSION_DENIED"));
    assert_eq!(refused.body["missing_scope"], "customers:write");
    let refused = program.get("/access/keys").await;
    assert_eq!(refused.refusal(), (403, "PERMISSION_DENIED"));
    let listed = client.get("/access/keys").await;
    let listed = &listed.data()["list"][0];
    assert_eq!((&listed["api_key_id"], &listed["name"]), (&json!(id), &json!("till")));
    assert!(listed.get("secret").is_none());
}

#[tokio::test]
async fn a_revocation_reaches_another_gateway_within_five_seconds() {
    let stack = Stack::start().await;
    let client = stack.client().await;
    let (id, program) = key(&client, json!({})).await;
    let elsewhere = stack.elsewhere(&program);
    program.get(LIST).await.data();
    elsewhere.get(LIST).await.data();

    client.post(&format!("/access/keys/{id}/revoke"), json!({})).await.data();

    let (here, there) = tokio::join!(until(&program, 401), until(&elsewhere, 401));
    assert!(here.0 < Duration::from_secs(5) && there.0 < Duration::from_secs(5), "{here:?}");
}

#[tokio::test]
async fn fewer_scopes_reach_another_gateway_within_five_seconds() {
    let stack = Stack::start().await;
    let client = stack.client().await;
    let (id, program) = key(&client, json!({})).await;
    let elsewhere = stack.elsewhere(&program);
    elsewhere.get(LIST).await.data();

    let change = json!({"scopes": ["ledgers:read"]});
    client.put(&format!("/access/keys/{id}"), change).await.data();

    let (after, reply) = until(&elsewhere, 403).await;
    assert!(after < Duration::from_secs(5), "{after:?}");
    assert_eq!(reply.body["missing_scope"], "customers:read");
}

#[tokio::test]
async fn both_secrets_are_good_while_one_takes_over() {
    let client = Stack::start().await.client().await;
    let (id, old) = key(&client, json!({})).await;

    let path = format!("/access/keys/{id}/rotate");
    let refused = client.post(&path, json!({"old_expires": "2999-01-01"})).await;
    assert_eq!(refused.bad(), ["old_expires"]);
    let in_an_hour = kit::time::now().saturating_add(time::Duration::hours(1));
    let format = &time::format_description::well_known::Rfc3339;
    let old_expires = in_an_hour.format(format).unwrap();
    let rotated = client.post(&path, json!({"old_expires": old_expires})).await;

    let secret = rotated.data()["secret"].as_str().unwrap().to_owned();
    let new = Client { token: Some(secret), ..client.clone() };
    old.get(LIST).await.data();
    new.get(LIST).await.data();
}

#[tokio::test]
async fn a_key_cannot_log_out_and_stays_good() {
    let client = Stack::start().await.client().await;
    let (_, program) = key(&client, json!({})).await;

    let refused = program.post("/logout", json!({})).await;

    assert_eq!(refused.refusal(), (409, "NOT_A_LOGIN"));
    program.get(LIST).await.data();
}

#[tokio::test]
async fn a_key_works_from_its_networks_alone() {
    let client = Stack::start().await.client().await;
    let fields = json!({"allowed_addresses": ["198.51.100.0/24", "2001:db8::/32"]});
    let (_, program) = key(&client, fields).await;
    let from = |peer| Client { peer, ..program.clone() };

    from("198.51.100.9:1").get(LIST).await.data();
    from("[2001:db8:1::9]:1").get(LIST).await.data();
    from("[::ffff:198.51.100.9]:1").get(LIST).await.data();
    for elsewhere in ["192.0.2.1:1", "198.51.101.1:1", "[2001:db9::1]:1"] {
        let refused = from(elsewhere).get(LIST).await;
        assert_eq!(refused.refusal(), (403, "ADDRESS_NOT_ALLOWED"), "{elsewhere}");
    }
    let headers = [("x-forwarded-for", "198.51.100.9")];
    let body = axum::body::Body::empty();
    let forged = program.send(http::Method::GET, LIST, &headers, body).await;
    assert_eq!(forged.refusal(), (403, "ADDRESS_NOT_ALLOWED"));
}

#[tokio::test]
async fn every_bad_field_of_a_key_is_named() {
    let client = Stack::start().await.client().await;
    let body = json!({
        "user_id": "me",
        "scopes": ["all"],
        "allowed_addresses": "everywhere",
        "expires": "2001-01-01",
        "requests_per_second": 1.5,
        "secret": "mine"
    });

    let reply = client.post("/access/keys", body).await;

    let mut bad = reply.bad();
    bad.sort_unstable();
    let expected = [
        "allowed_addresses",
        "expires",
        "name",
        "requests_per_second",
        "scopes",
        "secret",
        "user_id",
    ];
    assert_eq!(bad, expected);
}

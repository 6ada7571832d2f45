use axum::body::Body;
use http::Method;
use serde_json::json;

use crate::{
    stack::{JSON, Stack},
    verifications::JPEG,
};

const ZONE: &str = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\n\
                    L898902C36UTO7408122F1204159ZE184226B<<<<<10";

#[tokio::test]
async fn what_a_zone_says_is_read_as_evidence() {
    let client = Stack::start().await.client().await;
    let customer_id = client.customer("Eriksson").await;
    let body = json!({
        "customer_id": customer_id,
        "third_party": "gb_group",
        "id_type": "passport",
        "front": {"image": JPEG, "mime_type": "image/jpeg", "mrz": ZONE}
    });
    let started = client.post("/accounts/customers/authenticate", body).await;
    let id = started.data()["verification_id"].as_str().unwrap().to_owned();

    let evidence = client.get(&format!("/accounts/verifications/{id}/evidence")).await;

    let found = &evidence.data()["mrz_findings"][0];
    assert_eq!(found["check_digits"], "match");
    // The specimen expired in 2012.
    assert_eq!(found["expiry"], "mismatch");
    assert_eq!((&found["side"], &found["format"]), (&json!("front"), &json!("td3")));
    assert_eq!(evidence.data()["sanctions_matches"], json!([]));
}

#[tokio::test]
async fn a_zone_that_is_too_long_is_named() {
    let client = Stack::start().await.client().await;
    let customer_id = client.customer("Eriksson").await;
    let body = json!({
        "customer_id": customer_id,
        "third_party": "gb_group",
        "id_type": "passport",
        "front": {
            "image": JPEG,
            "mime_type": "image/jpeg",
            "mrz": "<".repeat(501)
        }
    });

    let reply = client.post("/accounts/customers/authenticate", body).await;

    assert_eq!(reply.bad(), ["front.mrz"]);
}

#[tokio::test]
async fn the_evidence_of_another_tenant_s_verification_is_not_there() {
    let stack = Stack::start().await;
    let client = stack.client().await;
    let customer_id = client.customer("Bloggs").await;
    let body = json!({
        "customer_id": customer_id,
        "third_party": "gb_group",
        "id_type": "passport",
        "front": {"image": JPEG, "mime_type": "image/jpeg"}
    });
    let started = client.post("/accounts/customers/authenticate", body).await;
    let id = started.data()["verification_id"].as_str().unwrap().to_owned();

    let other = stack.client().await;
    for id in [&*id, "no-id"] {
        let reply = other.get(&format!("/accounts/verifications/{id}/evidence")).await;

        assert_eq!(reply.refusal(), (404, "VERIFICATION_NOT_FOUND"));
    }
}

#[tokio::test]
async fn the_threshold_of_screening_is_set_and_read() {
    let stack = Stack::start().await;
    let client = stack.client().await;

    let default = client.get("/kyc/screening").await;
    let set = client.put("/kyc/screening", json!({"threshold": 700})).await;
    let read = client.get("/kyc/screening").await;

    assert_eq!(default.data()["threshold"], 800);
    assert_eq!((&set.data()["threshold"], &read.data()["threshold"]), (&json!(700), &json!(700)));
    for bad in [json!({"threshold": 499}), json!({"threshold": "high"}), json!({})] {
        assert_eq!(client.put("/kyc/screening", bad).await.bad(), ["threshold"]);
    }
    let officer = stack.client_who_may(&["customers:read", "kyc:write"]).await;
    let refused = officer.put("/kyc/screening", json!({"threshold": 700})).await;
    assert_eq!(refused.refusal(), (403, "PERMISSION_DENIED"));
}

#[tokio::test]
async fn the_threshold_of_screening_is_set_once_for_one_key() {
    let client = Stack::start().await.client().await;
    let put = async |threshold| {
        let headers = [JSON, ("idempotency-key", "one")];
        let body = Body::from(json!({"threshold": threshold}).to_string());
        client.send(Method::PUT, "/kyc/screening", &headers, body).await
    };

    put(700).await.data();
    client.put("/kyc/screening", json!({"threshold": 600})).await.data();
    let again = put(700).await;

    assert_eq!(again.data()["threshold"], 700);
    assert_eq!(again.headers["idempotent-replayed"], "true");
    assert_eq!(client.get("/kyc/screening").await.data()["threshold"], 600);
    assert_eq!(put(800).await.refusal(), (409, "IDEMPOTENCY_KEY_REUSED"));
}

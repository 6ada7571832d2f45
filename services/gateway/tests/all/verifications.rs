use serde_json::{Value, json};

use crate::stack::Stack;

const PATH: &str = "/accounts/customers/authenticate";

/// A grey pixel as a JPEG, in base64.
pub(crate) const JPEG: &str = "\
    /9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ\
    EBAQEBAQEBAQEBAQEBAQEBAQEBAQH/wAALCAABAAEBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAAAP/EABQQAQAAAAAA\
    AAAAAAAAAAAAAAD/2gAIAQEAAD8AP//Z";

fn documents(customer_id: &str, image: &str) -> Value {
    json!({
        "customer_id": customer_id,
        "third_party": "gb_group",
        "id_type": "driving_licesce",
        "front": {"image": image, "mime_type": "image/jpeg"},
        "back": {"image": image, "mime_type": "image/jpeg"},
        "additional_data": {"image": image, "mime_type": "image/jpeg"}
    })
}

#[tokio::test]
async fn a_verification_starts_and_is_listed() {
    let client = Stack::start().await.client().await;
    let customer_id = client.customer("Bloggs").await;

    let started = client.post(PATH, documents(&customer_id, JPEG)).await;

    assert_eq!(started.data()["verification_status"], "pending");
    let list = client.get(&format!("/accounts/customers/{customer_id}/verifications")).await;
    let row = &list.data()["list"][0];
    let expected = json!({
        "verification_id": started.data()["verification_id"],
        "verification_status": row["verification_status"],
        "third_party": "gb_group",
        "id_type": "driving_license",
        "created": row["created"],
        "last_update": row["last_update"]
    });
    assert_eq!(row, &expected);
    let again = client.post(PATH, documents(&customer_id, JPEG)).await;
    assert_eq!(again.refusal(), (409, "VERIFICATION_IN_PROGRESS"));
}

#[tokio::test]
async fn the_sample_s_images_are_none() {
    let client = Stack::start().await.client().await;
    let customer_id = client.customer("Bloggs").await;

    let reply = client.post(PATH, documents(&customer_id, "64BITFORMAT")).await;

    assert_eq!(reply.bad(), ["front.image", "back.image", "additional_data.image"]);
}

#[tokio::test]
async fn every_bad_field_of_a_verification_is_named() {
    let client = Stack::start().await.client().await;

    let body =
        json!({"customer_id": "x", "third_party": "us_group", "id_type": "card", "front": {}});
    let reply = client.post(PATH, body).await;

    let mut bad = reply.bad();
    bad.sort_unstable();
    assert!(
        bad.starts_with(&["customer_id", "front.image", "front.mime_type", "id_type"]),
        "{bad:?}"
    );
    assert!(bad.contains(&"third_party"), "{bad:?}");
}

#[tokio::test]
async fn documents_of_the_greatest_size_are_taken() {
    let client = Stack::start().await.client().await;
    let customer_id = client.customer("Bloggs").await;
    // 4 MiB when decoded.
    let image = |more: usize| {
        let mut image = JPEG.to_owned();
        image.push_str(&"AAAA".repeat((4 * 1024 * 1024 - 159) / 3));
        image.push_str(if more == 0 { "AA==" } else { "AAA=" });
        image
    };

    let reply = client.post(PATH, documents(&customer_id, &image(1))).await;
    assert_eq!(reply.bad(), ["front.image", "back.image", "additional_data.image"]);

    let reply = client.post(PATH, documents(&customer_id, &image(0))).await;
    assert_eq!(reply.data()["verification_status"], "pending");
}

#[tokio::test]
async fn a_verification_is_listed_played_and_remembered() {
    let client = Stack::start().await.client().await;
    let customer_id = client.customer("Bloggs").await;
    let started = client.post(PATH, documents(&customer_id, JPEG)).await;
    let id = started.data()["verification_id"].as_str().unwrap();
    let decision = json!({"decision": "reject", "reason": "FORGED"});

    let decide = format!("/accounts/verifications/{id}/decision");
    let mut early = decision.clone();
    early["evidence_version"] = json!(1);
    let early = client.post(&decide, early).await;
    let pending = client.get("/accounts/verifications?status=pending").await;
    let played =
        client.post(&format!("/sandbox/verifications/{id}/decide"), decision.clone()).await;
    let rejected = client.get("/accounts/verifications?status=rejected&limit=1").await;
    let history = client.get(&format!("/accounts/verifications/{id}/history")).await;

    assert_eq!(early.refusal(), (409, "VERIFICATION_NOT_IN_REVIEW"));
    assert_eq!(pending.data()["list"][0]["customer_id"], customer_id.as_str());
    assert_eq!(played.data()["verification_status"], "rejected");
    assert_eq!(rejected.data()["total"], 1);
    assert_eq!(rejected.data()["list"][0], *played.data());
    let transitions = history.data()["transitions"].as_array().unwrap();
    let statuses: Vec<_> = transitions.iter().map(|one| &one["verification_status"]).collect();
    assert_eq!(statuses, ["pending", "rejected"]);
    assert_eq!(transitions[1]["reasons"], json!(["FORGED"]));
}

#[tokio::test]
async fn a_decision_has_all_its_bad_fields_named() {
    let client = Stack::start().await.client().await;
    let path = format!("/accounts/verifications/{}/decision", uuid::Uuid::now_v7());

    let bad = client.post(&path, json!({"decision": "maybe", "reason": "no code", "why": 1})).await;
    let nobody = client
        .post(&path, json!({"decision": "approve", "reason": "FINE", "evidence_version": 1}))
        .await;
    let filter = client.get("/accounts/verifications?status=lost&colour=red").await;

    let mut names = bad.bad();
    names.sort_unstable();
    assert_eq!(names, ["decision", "evidence_version", "reason", "why"]);
    assert_eq!(nobody.refusal(), (404, "VERIFICATION_NOT_FOUND"));
    assert_eq!(filter.bad(), ["status", "colour"]);
}

//! Verifications of identities: documents in every form that is taken or refused, and how an attempt
//! ends.

mod documents;
mod outcomes;

use std::time::{Duration, Instant};

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use tokio::{task::JoinSet, time::sleep};

use crate::{
    answers::{
        AUTHENTICATE, CREATE_LEDGER, bad, count, create, data, details, individual, path_of,
        refusal, with,
    },
    stack::{Answer, Client, login},
};

/// A grey pixel as a JPEG, in base64.
pub(crate) const JPEG: &str = "\
    /9j/4AAQSkZJRgABAQAAAQABAAD/2wBDAAEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ\
    EBAQEBAQEBAQEBAQEBAQEBAQEBAQH/wAALCAABAAEBAREA/8QAFAABAAAAAAAAAAAAAAAAAAAAAP/EABQQAQAAAAAA\
    AAAAAAAAAAAAAAD/2gAIAQEAAD8AP//Z";
/// The beginning of a PDF file, in base64.
pub(crate) const PDF: &str = "JVBERi0xLjcK";

/// Longer than any sandbox outcome takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A customer of that last name, who decides how a verification ends.
async fn customer(client: &Client, last_name: &str) -> String {
    create(client, &with(individual(), "/last_name", json!(last_name))).await
}

/// A passport, which needs no more than its front.
fn passport(customer: &str) -> Value {
    json!({
        "customer_id": customer,
        "third_party": "gb_group",
        "id_type": "passport",
        "front": {"image": JPEG, "mime_type": "image/jpeg"},
    })
}

/// A passport on a front of this image.
fn passport_on(customer: &str, image: &str, mime_type: &str) -> Value {
    with(passport(customer), "/front", json!({"image": image, "mime_type": mime_type}))
}

async fn authenticate(client: &Client, body: &Value) -> Answer {
    client.post(AUTHENTICATE, body).await
}

/// Starts a verification; its id.
async fn start(client: &Client, customer: &str) -> String {
    let answer = authenticate(client, &passport(customer)).await;
    assert_eq!(data(&answer)["verification_status"], "pending");
    data(&answer)["verification_id"].as_str().unwrap().to_owned()
}

async fn verifications(client: &Client, customer: &str) -> Value {
    data(&client.get(&format!("{}/verifications", path_of(customer))).await).clone()
}

/// Waits until the customer's newest attempt is of that status.
async fn wait_for(client: &Client, customer: &str, status: &str) {
    let start = Instant::now();
    loop {
        let list = verifications(client, customer).await;
        if list["list"][0]["verification_status"] == status {
            return;
        }
        assert!(start.elapsed() < PATIENCE, "never {status}: {list}");
        sleep(Duration::from_millis(50)).await;
    }
}

/// Waits until the customer's details say so; they follow the attempt.
async fn wait_for_details(client: &Client, customer: &str, status: &str) -> Value {
    let start = Instant::now();
    loop {
        let details = details(client, customer).await;
        if details["verification_status"] == status {
            return details;
        }
        assert!(start.elapsed() < PATIENCE, "never {status}: {details}");
        sleep(Duration::from_millis(50)).await;
    }
}

fn base64(content: &[u8]) -> String {
    STANDARD.encode(content)
}

#[tokio::test]
async fn an_attempt_that_is_pending_or_in_review_bars_another_one() {
    let client = login().await;
    let (slow, refer) = (customer(&client, "Slow").await, customer(&client, "Refer").await);

    start(&client, &slow).await;
    start(&client, &refer).await;
    wait_for(&client, &refer, "in_review").await;

    for customer in [slow, refer] {
        let answer = authenticate(&client, &passport(&customer)).await;
        assert_eq!(refusal(&answer), (409, "VERIFICATION_IN_PROGRESS"));
        let wrong = with(passport(&customer), "/third_party", json!("nobody"));
        assert_eq!(bad(&authenticate(&client, &wrong).await), ["third_party"]);
        assert_eq!(verifications(&client, &customer).await["total"], 1);
    }
}

#[tokio::test]
async fn of_many_attempts_at_the_same_time_one_is_made() {
    let client = login().await;
    let id = customer(&client, "Slow").await;
    let mut asking = JoinSet::new();
    for _ in 0..8 {
        let (client, body) = (client.clone(), passport(&id));
        asking.spawn(async move { authenticate(&client, &body).await });
    }

    let answers = asking.join_all().await;

    let (made, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.0 == 200);
    assert_eq!(made.len(), 1);
    for answer in refused {
        assert_eq!(refusal(answer), (409, "VERIFICATION_IN_PROGRESS"));
    }
    assert_eq!(verifications(&client, &id).await["total"], 1);
}

#[tokio::test]
async fn a_disabled_customer_is_neither_verified_nor_given_a_ledger() {
    let client = login().await;
    let id = customer(&client, "Bloggs").await;
    data(&client.put(&path_of(&id), &json!({"active": false})).await);
    let ledger = json!({
        "customer_id": id, "currency": "gbp", "primary_use": ["payments"], "owner": "me"
    });

    for (path, body) in [(AUTHENTICATE, passport(&id)), (CREATE_LEDGER, ledger)] {
        let answer = client.post(path, &body).await;
        assert_eq!(refusal(&answer), (409, "CUSTOMER_DISABLED"), "{path}");
        let answer = client.post(path, &with(body.clone(), "/customer_id", json!("x"))).await;
        assert_eq!(bad(&answer), ["customer_id"], "{path}");

        data(&client.put(&path_of(&id), &json!({"active": true})).await);
        assert_eq!(client.post(path, &body).await.0, 200, "{path}");
        data(&client.put(&path_of(&id), &json!({"active": false})).await);
    }
}

#[tokio::test]
async fn somebody_else_s_customer_is_no_customer() {
    let (client, other) = (login().await, login().await);
    let id = customer(&client, "Bloggs").await;

    let nobody = "859f4eef-6a53-4110-8757-371844df8e8c";
    for (client, id) in [(&other, id.as_str()), (&client, nobody)] {
        let answer = authenticate(client, &passport(id)).await;
        assert_eq!(refusal(&answer), (404, "CUSTOMER_NOT_FOUND"));
        let answer = client.get(&format!("{}/verifications", path_of(id))).await;
        assert_eq!(refusal(&answer), (404, "CUSTOMER_NOT_FOUND"));
    }
    assert_eq!(verifications(&client, &id).await, json!({"total": 0, "list": []}));
    assert_eq!(count(&other).await, 0);
}

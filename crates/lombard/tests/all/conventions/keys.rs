//! `Idempotency-Key`, as far as customers have to do with it.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    answers::{AUTHENTICATE, CREATE, bad, count, create, data, details, individual, path_of, refusal, with},
    authenticate::JPEG,
    stack::{Answer, Client, login, send},
};

const REPLAYED: &str = "idempotent-replayed";

async fn keyed(client: &Client, method: Method, path: &str, key: &str, body: &Value) -> Answer {
    send(client.request(method, path).header("Idempotency-Key", key).json(body)).await
}

#[tokio::test]
async fn the_same_request_has_its_effect_once() {
    let client = login().await;
    let id = create(&client, &individual()).await;
    let front = json!({"image": JPEG, "mime_type": "image/jpeg"});
    let passport = json!({
        "customer_id": id, "third_party": "gb_group", "id_type": "passport", "front": front
    });
    for (method, path, body) in [
        (Method::POST, CREATE, individual()),
        (Method::POST, AUTHENTICATE, passport),
        (Method::PUT, &path_of(&id), json!({"email": "joe@example.com"})),
    ] {
        let first = keyed(&client, method.clone(), path, "k", &body).await;
        let again = keyed(&client, method, path, "k", &body).await;

        assert_eq!(data(&first), data(&again), "{path}");
        assert!(!first.1.contains_key(REPLAYED), "{path}");
        assert_eq!(again.1[REPLAYED], "true", "{path}");
    }
    assert_eq!(count(&client).await, 2);
}

#[tokio::test]
async fn another_request_with_the_key_is_refused() {
    let client = login().await;
    data(&keyed(&client, Method::POST, CREATE, "k", &individual()).await);

    let other = with(individual(), "/first_name", json!("Jane"));
    let answer = keyed(&client, Method::POST, CREATE, "k", &other).await;
    assert_eq!(refusal(&answer), (409, "IDEMPOTENCY_KEY_REUSED"));
    let id = create(&client, &individual()).await;
    let (jane, john) = (json!({"first_name": "Jane"}), json!({"first_name": "John"}));
    data(&keyed(&client, Method::PUT, &path_of(&id), "k", &jane).await);
    let answer = keyed(&client, Method::PUT, &path_of(&id), "k", &john).await;
    assert_eq!(refusal(&answer), (409, "IDEMPOTENCY_KEY_REUSED"));

    assert_eq!(details(&client, &id).await["first_name"], "Jane");
    assert_eq!(count(&client).await, 2);
}

#[tokio::test]
async fn a_refusal_is_not_kept_and_a_key_is_a_tenant_s_own() {
    let (client, other) = (login().await, login().await);
    let bad_one = with(individual(), "/dob", json!("x"));

    assert_eq!(bad(&keyed(&client, Method::POST, CREATE, "k", &bad_one).await), ["dob"]);
    for client in [&client, &other] {
        let answer = keyed(client, Method::POST, CREATE, "k", &individual()).await;
        assert!(!answer.1.contains_key(REPLAYED));
        data(&answer);
    }
    // Bad parameters are told before a key that was used.
    assert_eq!(bad(&keyed(&client, Method::POST, CREATE, "k", &bad_one).await), ["dob"]);
    let nobody = path_of("859f4eef-6a53-4110-8757-371844df8e8c");
    for _ in 0..2 {
        let answer = keyed(&client, Method::PUT, &nobody, "n", &json!({"active": true})).await;
        assert_eq!(refusal(&answer), (404, "CUSTOMER_NOT_FOUND"));
    }
}

#[tokio::test]
async fn a_bad_key_is_named_with_everything_else() {
    let client = login().await;
    for key in ["a b", "", "ä", &"x".repeat(256)] {
        let answer = keyed(&client, Method::POST, CREATE, key, &individual()).await;
        assert_eq!(bad(&answer), ["Idempotency-Key"], "{key}");
        let wrong = with(individual(), "/dob", json!("x"));
        let answer = keyed(&client, Method::POST, CREATE, key, &wrong).await;
        assert_eq!(bad(&answer), ["Idempotency-Key", "dob"], "{key}");
    }
    assert_eq!(count(&client).await, 0);
    for key in ["!", "~", &"x".repeat(255)] {
        data(&keyed(&client, Method::POST, CREATE, key, &individual()).await);
    }
}

#[tokio::test]
async fn requests_at_the_same_time_with_one_key_have_one_outcome() {
    let client = login().await;
    let mut asking = tokio::task::JoinSet::new();
    for _ in 0..8 {
        let client = client.clone();
        asking.spawn(async move { keyed(&client, Method::POST, CREATE, "k", &individual()).await });
    }
    let answers = asking.join_all().await;

    let first = data(&answers[0]);
    assert!(answers.iter().all(|answer| data(answer) == first));
    assert_eq!(answers.iter().filter(|answer| !answer.1.contains_key(REPLAYED)).count(), 1);
    assert_eq!(count(&client).await, 1);
}

//! What is a key, and how far it reaches.

use std::collections::BTreeSet;

use reqwest::{Method, header::HeaderValue};
use serde_json::{Value, json};

use super::{Asked, everything};
use crate::scene::{CREATE_CUSTOMER, Scene, customer, send, with};

#[tokio::test]
async fn a_key_that_is_none_is_named_with_whatever_else_is_wrong() {
    let scene = Scene::new().await;
    let long = "k".repeat(256);

    for asked in everything(&scene).await {
        for key in ["a b", "a\tb", "clé", &long] {
            let value = HeaderValue::from_bytes(key.as_bytes()).unwrap();
            let keyed = |body: &Value| {
                let request = scene.written(asked.method.clone(), &asked.path, &body.to_string());
                request.header("Idempotency-Key", value.clone())
            };

            let reply = send(keyed(&asked.body)).await;
            let worse = send(keyed(&with(asked.body.clone(), "zz", &json!(1)))).await;

            assert_eq!(reply.bad(), ["Idempotency-Key"], "{key} {asked:?}");
            assert_eq!(worse.bad(), ["Idempotency-Key", "zz"], "{key} {asked:?}");
        }
        let request = scene.written(asked.method.clone(), &asked.path, &asked.body.to_string());
        let twice = request.header("Idempotency-Key", "a").header("Idempotency-Key", "b");
        assert_eq!(send(twice).await.bad(), ["Idempotency-Key"], "{asked:?}");
    }
}

#[tokio::test]
async fn a_key_may_be_any_visible_characters_up_to_255() {
    let scene = Scene::new().await;
    let asked = Asked::post(CREATE_CUSTOMER, customer("Keyed"));
    let visible: String = ('!'..='~').collect();
    let mut created = BTreeSet::new();

    for key in ["k", "K", &visible, &"k".repeat(255)] {
        let first = asked.send(&scene, key).await;
        assert!(!first.is_replayed() && asked.send(&scene, key).await.is_replayed(), "{key}");
        created.insert(first.text("customer_id"));
    }

    assert_eq!(created.len(), 4);
}

#[tokio::test]
async fn tenants_do_not_share_keys() {
    let (one, other) = (Scene::new().await, Scene::new().await);
    let asked = Asked::post(CREATE_CUSTOMER, customer("Keyed"));

    let ours = asked.send(&one, "k-1").await;
    let theirs = asked.send(&other, "k-1").await;

    assert!(!ours.is_replayed() && !theirs.is_replayed());
    assert_ne!(ours.text("customer_id"), theirs.text("customer_id"));
}

#[tokio::test]
async fn a_login_takes_no_notice_of_a_key() {
    let scene = Scene::new().await;
    let body = json!({"email": scene.client.email, "password": scene.client.password});
    let login = async |key: &str| {
        let request = scene.written(Method::POST, "/login", &body.to_string());
        send(request.header("Idempotency-Key", key)).await
    };

    let (first, again, odd) = (login("k-1").await, login("k-1").await, login("a b").await);

    assert_ne!(first.text("token"), again.text("token"));
    assert!(!again.is_replayed());
    odd.data();
}

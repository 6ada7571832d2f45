//! The `Idempotency-Key`: one effect and one answer for each, on every POST and PUT.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    authenticate::JPEG,
    scene::{
        CREATE_CUSTOMER, CREATE_LEDGER, FASTER_PAYMENT, PAYMENTS, REVERSE, Reply, Scene, TRANSFER,
        customer, faster_payment, inbound, inbound_path, ledger, ledger_path, send, transfer,
    },
};

mod keys;
mod races;
mod refusals;

const AUTHENTICATE: &str = "/accounts/customers/authenticate";

/// Something that can be asked for under a key.
#[derive(Debug, Clone)]
struct Asked {
    method: Method,
    path: String,
    body: Value,
    /// A list that grows by one with each effect; empty when nothing grows.
    grows: String,
}

impl Asked {
    fn post(path: &str, body: Value) -> Self {
        Self { method: Method::POST, path: path.to_owned(), body, grows: String::new() }
    }

    fn put(path: &str, body: Value) -> Self {
        Self { method: Method::PUT, ..Self::post(path, body) }
    }

    fn growing(self, list: String) -> Self {
        Self { grows: list, ..self }
    }

    /// How often it has been done, going by the list that grows.
    async fn count(&self, scene: &Scene) -> u64 {
        if self.grows.is_empty() {
            return 0;
        }
        scene.get(&self.grows).await.data()["total"].as_u64().unwrap()
    }

    async fn send(&self, scene: &Scene, key: &str) -> Reply {
        let request = scene.written(self.method.clone(), &self.path, &self.body.to_string());
        send(request.header("Idempotency-Key", key)).await
    }
}

fn passport(customer: &str) -> Value {
    json!({
        "customer_id": customer,
        "third_party": "gb_group",
        "id_type": "passport",
        "front": {"image": JPEG, "mime_type": "image/jpeg"},
    })
}

/// One of each operation with an effect, all of which can be done.
async fn everything(scene: &Scene) -> Vec<Asked> {
    let holder = scene.customer("Bloggs").await;
    let [from, to] = scene.pair("100").await;
    let verifications = format!("/accounts/customers/{holder}/verifications");
    let ledgers = format!("/accounts/customers/{holder}/ledgers");
    let sent = format!("/accounts/customers/transactions/{from}?in_out=out");
    let received = format!("/accounts/customers/transactions/{from}?in_out=in");
    let moved = scene.post(TRANSFER, &transfer(&from, &to, "2")).await.text("transaction_id");
    let payer = scene.ledger("gbp").await;
    scene.fund(&payer, "100").await;
    vec![
        Asked::post(CREATE_CUSTOMER, customer("Keyed"))
            .growing("/accounts/customers/list".to_owned()),
        Asked::put(&format!("/accounts/customers/{holder}"), json!({"first_name": "Jim"})),
        Asked::post(AUTHENTICATE, passport(&holder)).growing(verifications),
        Asked::post(CREATE_LEDGER, ledger(&holder, "gbp")).growing(ledgers),
        Asked::put(&ledger_path(&to), json!({"active": true, "overdraft_limit": "5"})),
        Asked::post(TRANSFER, transfer(&from, &to, "1")).growing(sent),
        Asked::post(REVERSE, json!({"transaction_id": moved})).growing(received.clone()),
        Asked::post(FASTER_PAYMENT, faster_payment(&payer, "1")).growing(PAYMENTS.to_owned()),
        Asked::post(&inbound_path(&from), inbound("1")).growing(received),
    ]
}

#[tokio::test]
async fn every_post_and_put_is_answered_the_same_again_under_its_key() {
    let scene = Scene::new().await;

    for asked in everything(&scene).await {
        let before = asked.count(&scene).await;
        let first = asked.send(&scene, "k-1").await;
        let again = asked.send(&scene, "k-1").await;
        let third = asked.send(&scene, "k-1").await;

        first.data();
        let effects = u64::from(!asked.grows.is_empty());
        assert_eq!(asked.count(&scene).await, before + effects, "{asked:?}");
        assert!(first.headers.get("idempotent-replayed").is_none(), "{asked:?}");
        for replay in [again, third] {
            assert!(replay.is_replayed(), "{asked:?}");
            assert_eq!((replay.status, &replay.text), (200, &first.text), "{asked:?}");
        }
    }
    // The keys of two operations never meet, so the one key was nine.
}

#[tokio::test]
async fn a_key_stands_for_one_body_to_the_byte() {
    let scene = Scene::new().await;

    for asked in everything(&scene).await {
        asked.send(&scene, "k-1").await.data();
        let spaced = asked.body.to_string().replacen(':', ": ", 1);
        let spaced = scene.written(asked.method.clone(), &asked.path, &spaced);

        let reply = send(spaced.header("Idempotency-Key", "k-1")).await;
        let again = asked.send(&scene, "k-1").await;

        assert_eq!(reply.refusal(), (409, "IDEMPOTENCY_KEY_REUSED"), "{asked:?}");
        assert!(!reply.is_replayed());
        assert!(again.is_replayed(), "{asked:?}");
    }
}

#[tokio::test]
async fn a_key_stands_for_one_path() {
    let scene = Scene::new().await;
    let [one, two] = scene.pair("1").await;
    let disable = json!({"active": false});
    let customer_path = |id: &str| format!("/accounts/customers/{id}");
    let [jim, joe] = [scene.customer("Jim").await, scene.customer("Joe").await];

    for (here, there) in [
        (
            Asked::put(&ledger_path(&one), disable.clone()),
            Asked::put(&ledger_path(&two), disable.clone()),
        ),
        (
            Asked::put(&customer_path(&jim), disable.clone()),
            Asked::put(&customer_path(&joe), disable.clone()),
        ),
    ] {
        here.send(&scene, "k-1").await.data();
        let reply = there.send(&scene, "k-1").await;

        assert_eq!(reply.refusal(), (409, "IDEMPOTENCY_KEY_REUSED"), "{there:?}");
        assert_eq!(scene.get(&there.path).await.data()["active"], true);
    }
}

#[tokio::test]
async fn a_replay_has_no_second_effect_and_tells_what_was_then() {
    let scene = Scene::new().await;
    let holder = scene.customer("Bloggs").await;
    let issue = Asked::post(CREATE_LEDGER, ledger(&holder, "gbp"));
    let issued = issue.send(&scene, "k-1").await;
    let id = issued.text("ledger_id");
    let disable = Asked::put(&ledger_path(&id), json!({"active": false}));
    let receive = Asked::post(&inbound_path(&id), inbound("5"));
    let received = receive.send(&scene, "k-1").await;
    disable.send(&scene, "k-1").await.data();
    scene.set_ledger(&id, true).await;
    scene.put(&format!("/accounts/customers/{holder}"), &json!({"last_name": "New"})).await;

    let renamed_again = issue.send(&scene, "k-1").await;
    scene.put(&format!("/accounts/customers/{holder}"), &json!({"last_name": "Bloggs"})).await;
    let issued_again = issue.send(&scene, "k-1").await;
    let disabled_again = disable.send(&scene, "k-1").await;
    let received_again = receive.send(&scene, "k-1").await;

    // Nobody's name is kept with a key: the holder's is always the present one.
    assert_eq!(renamed_again.data()["ledger_details"]["name"], "Joe New");
    assert_eq!(issued_again.text, issued.text);
    assert_eq!(received_again.text, received.text);
    assert!(disabled_again.is_replayed());
    let now = scene.details(&id).await;
    assert_eq!((&now["active"], &now["ledger_details"]["balance"]), (&json!(true), &json!(5.0)));
    assert_eq!(
        scene.get(&format!("/accounts/customers/{holder}/ledgers")).await.data()["total"],
        1
    );
}

#[tokio::test]
async fn without_a_key_two_equal_requests_are_two() {
    let scene = Scene::new().await;
    let [from, to] = scene.pair("10").await;
    let body = transfer(&from, &to, "1");

    let one = scene.post(TRANSFER, &body).await.text("transaction_id");
    let two = scene.post(TRANSFER, &body).await.text("transaction_id");

    assert_ne!(one, two);
    assert_eq!(scene.balance(&to).await, "2.00");
}

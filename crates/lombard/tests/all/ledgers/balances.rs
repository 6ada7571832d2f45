//! What was on a ledger at a time.

use std::time::Duration;

use serde_json::{Value, json};
use uuid::Uuid;

use crate::scene::{NOBODY, Scene, balance_path, names, rows};

async fn balance(scene: &Scene, ledger: &str, at: &str) -> Value {
    scene.get(&format!("{}?at={at}", balance_path(ledger))).await.data().clone()
}

#[tokio::test]
async fn the_balance_of_now_is_told_with_the_last_transaction() {
    let scene = Scene::new().await;
    let [ledger, empty] = [scene.ledger("gbp").await, scene.ledger("usd").await];
    scene.fund(&ledger, "9438.9").await;
    let last = scene.fund(&ledger, "0.09").await;

    let found = scene.get(&balance_path(&ledger)).await;
    let nothing = scene.get(&balance_path(&empty)).await;

    let data = found.data();
    assert_eq!(names(data), ["ledger_id", "currency", "balance", "at", "transaction_id"]);
    assert_eq!((&data["ledger_id"], &data["currency"]), (&json!(ledger), &json!("gbp")));
    assert_eq!(data["transaction_id"], last.as_str());
    assert!(found.text.contains(r#""balance":9438.99,"at":"2"#), "{}", found.text);
    assert_eq!(names(nothing.data()), ["ledger_id", "currency", "balance", "at"]);
    assert!(nothing.text.contains(r#""currency":"usd","balance":0.00,"#), "{}", nothing.text);
}

#[tokio::test]
async fn a_second_counts_with_what_was_recorded_in_it_and_the_one_before_without() {
    let scene = Scene::new().await;
    let ledger = scene.ledger("gbp").await;
    scene.fund(&ledger, "1").await;
    // The next is recorded in a later second.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let second = scene.fund(&ledger, "2").await;
    let page = scene.transactions(&ledger, "").await;
    let [newer, older] = rows(&page) else { panic!("{page}") };
    let [newer, older] = [newer, older].map(|row| row["date_time"].as_str().unwrap().to_owned());

    let then = balance(&scene, &ledger, &older).await;
    let later = balance(&scene, &ledger, &newer).await;

    assert_eq!((&then["balance"], &then["at"]), (&json!(1.0), &json!(older.replace('/', "-"))));
    assert_eq!((&later["balance"], &later["transaction_id"]), (&json!(3.0), &json!(second)));
}

#[tokio::test]
async fn a_time_may_be_written_in_many_ways() {
    let scene = Scene::new().await;
    let ledger = scene.ledger("gbp").await;
    scene.fund(&ledger, "1").await;

    for (given, told, balance_then) in [
        ("2020-03-31", "2020-03-31 23:59:59", json!(0.0)),
        ("2020/03/31", "2020-03-31 23:59:59", json!(0.0)),
        ("2020-03-31%2012:00:00", "2020-03-31 12:00:00", json!(0.0)),
        ("2020-03-31T12:00:00.25%2B01:00", "2020-03-31 11:00:00", json!(0.0)),
        ("2999-12-31", "2999-12-31 23:59:59", json!(1.0)),
    ] {
        let found = balance(&scene, &ledger, given).await;

        assert_eq!((&found["at"], &found["balance"]), (&json!(told), &balance_then), "{given}");
        assert_eq!(found.get("transaction_id").is_some(), balance_then == json!(1.0));
    }
    assert_eq!(balance(&scene, &ledger, "").await["balance"], 1.0);
}

#[tokio::test]
async fn what_is_wrong_with_the_query_is_named() {
    let scene = Scene::new().await;
    let ledger = scene.ledger("gbp").await;

    for (query, bad) in [
        ("at=soon", vec!["at"]),
        ("at=2020-02-30&day=1", vec!["at", "day"]),
        ("at=2020-01-01&at=2020-01-01", vec!["at"]),
        ("limit=1", vec!["limit"]),
    ] {
        for id in [ledger.as_str(), NOBODY, "x"] {
            let reply = scene.get(&format!("{}?{query}", balance_path(id))).await;
            assert_eq!(reply.bad(), bad, "{id} {query}");
        }
    }
}

#[tokio::test]
async fn a_ledger_that_is_not_the_tenants_has_no_balance() {
    let (scene, stranger) = (Scene::new().await, Scene::new().await);
    let ledger = scene.ledger("gbp").await;

    for (who, id) in [
        (&stranger, ledger.as_str()),
        (&scene, NOBODY),
        (&scene, "x"),
        (&scene, &Uuid::now_v7().to_string()),
    ] {
        let reply = who.get(&balance_path(id)).await;
        assert_eq!(reply.refusal(), (404, "LEDGER_NOT_FOUND"), "{id}");
    }
}

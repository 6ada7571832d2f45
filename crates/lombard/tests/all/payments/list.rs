//! Payments read, one and many.

use serde_json::{Value, json};
use uuid::Uuid;

use super::{once_in, to_number};
use crate::scene::{
    FASTER_PAYMENT, NOBODY, PAYMENTS, Scene, details_of, faster_payment, names, payment_path, rows,
};

async fn pay(scene: &Scene, from: &str, number: &str) -> String {
    scene.post(FASTER_PAYMENT, &to_number(from, number, "1")).await.text("payment_id")
}

async fn list(scene: &Scene, query: &str) -> Value {
    scene.get(&format!("{PAYMENTS}?{query}")).await.data().clone()
}

fn ids(page: &Value) -> Vec<&str> {
    rows(page).iter().map(|row| row["payment_id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn payments_are_listed_newest_first_by_ledger_and_by_status() {
    let scene = Scene::new().await;
    let [one, other] = scene.pair("10").await;
    scene.fund(&other, "10").await;
    let first = pay(&scene, &one, "12345678").await;
    let second = pay(&scene, &one, "00000002").await;
    let third = pay(&scene, &other, "12345678").await;
    once_in(&scene, &first, "settled").await;
    once_in(&scene, &second, "rejected").await;
    once_in(&scene, &third, "settled").await;

    for (query, expected) in [
        (String::new(), vec![&third, &second, &first]),
        ("ledger_id=&status=&limit=&cursor=".to_owned(), vec![&third, &second, &first]),
        (format!("ledger_id={one}"), vec![&second, &first]),
        ("status=settled".to_owned(), vec![&third, &first]),
        (format!("ledger_id={one}&status=rejected"), vec![&second]),
        (format!("ledger_id={other}&status=cancelled"), vec![]),
    ] {
        let page = list(&scene, &query).await;

        assert_eq!(
            (ids(&page), &page["total"]),
            (expected.iter().map(|id| id.as_str()).collect(), &json!(expected.len()))
        );
        assert!(page.get("next_cursor").is_none());
    }
    let page = list(&scene, "limit=1").await;
    let row = &rows(&page)[0];
    let one = scene.get(&payment_path(&third)).await;
    assert_eq!(&details_of(row.clone()), one.data());
    assert_eq!((&row["rejection_reason"], &row["return_transaction_id"]), (&json!(""), &json!("")));
    assert_eq!(names(row)[..3], ["payment_id", "type", "payment_status"]);
}

#[tokio::test]
async fn pages_follow_each_other_while_new_payments_are_made() {
    let scene = Scene::new().await;
    let from = scene.ledger("gbp").await;
    scene.fund(&from, "10").await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(pay(&scene, &from, "12345678").await);
    }
    made.reverse();

    let first = list(&scene, "limit=2").await;
    pay(&scene, &from, "12345678").await;
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = list(&scene, &format!("limit=2&cursor={cursor}")).await;
    let cursor = second["next_cursor"].as_str().unwrap();
    let last = list(&scene, &format!("limit=2&cursor={cursor}")).await;

    assert_eq!([ids(&first), ids(&second), ids(&last)].concat(), made);
    assert_eq!((&first["total"], &second["total"]), (&json!(5), &json!(6)));
    assert!(last.get("next_cursor").is_none());
}

#[tokio::test]
async fn what_is_wrong_with_a_query_is_named() {
    let scene = Scene::new().await;
    let one = payment_path(NOBODY);

    for (path, bad) in [
        (
            format!("{PAYMENTS}?status=done&limit=0&ledger_id=x&page=2"),
            vec!["ledger_id", "limit", "page", "status"],
        ),
        (format!("{PAYMENTS}?cursor=x"), vec!["cursor"]),
        (format!("{PAYMENTS}?limit=1001"), vec!["limit"]),
        (format!("{PAYMENTS}?ledger_id={NOBODY}&ledger_id={NOBODY}"), vec!["ledger_id"]),
        (format!("{one}?verbose=1"), vec!["verbose"]),
    ] {
        assert_eq!(scene.get(&path).await.bad(), bad, "{path}");
    }
}

#[tokio::test]
async fn a_payment_that_is_not_the_tenants_does_not_exist() {
    let (scene, stranger) = (Scene::new().await, Scene::new().await);
    let from = scene.ledger("gbp").await;
    scene.fund(&from, "10").await;
    let id = scene.post(FASTER_PAYMENT, &faster_payment(&from, "1")).await.text("payment_id");

    for (who, id) in [
        (&stranger, id.as_str()),
        (&scene, NOBODY),
        (&scene, "not-an-id"),
        (&scene, &Uuid::now_v7().to_string()),
        (&scene, &from),
    ] {
        let reply = who.get(&payment_path(id)).await;
        assert_eq!(reply.refusal(), (404, "PAYMENT_NOT_FOUND"), "{id}");
    }
    assert_eq!(list(&stranger, "").await["total"], 0);
    let theirs = stranger.get(&format!("{PAYMENTS}?ledger_id={from}")).await;
    assert_eq!(theirs.refusal(), (404, "LEDGER_NOT_FOUND"));
}

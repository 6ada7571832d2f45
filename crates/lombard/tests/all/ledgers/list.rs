//! A customer's ledgers.

use std::collections::HashSet;

use serde_json::{Value, json};

use super::{issue, list_path};
use crate::scene::{NOBODY, Scene, ledger, names, rows, with};

#[tokio::test]
async fn a_customers_ledgers_are_listed_newest_first_as_in_their_details() {
    let (scene, stranger) = (Scene::new().await, Scene::new().await);
    let [customer, other] = [scene.customer("Bloggs").await, scene.customer("Smith").await];
    scene.ledger_of(&other, "gbp").await;
    let mut ids = Vec::new();
    for currency in ["gbp", "eur", "usd"] {
        ids.insert(0, scene.ledger_of(&customer, currency).await);
    }
    scene.fund(&ids[2], "12.30").await;
    scene.set_ledger(&ids[1], false).await;

    let page = scene.get(&list_path(&customer)).await;

    assert_eq!(names(page.data()), ["total", "list"]);
    assert_eq!(page.data()["total"], 3);
    for (row, id) in rows(page.data()).iter().zip(&ids) {
        assert_eq!(row, &scene.details(id).await);
    }
    assert_eq!(rows(page.data()).len(), 3);
    assert!(page.text.contains(r#""balance":12.30,"#), "{}", page.text);
    for (who, id) in [(&stranger, customer.as_str()), (&scene, NOBODY), (&scene, "x")] {
        assert_eq!(who.get(&list_path(id)).await.refusal(), (404, "CUSTOMER_NOT_FOUND"));
    }
}

#[tokio::test]
async fn a_customers_ledgers_are_paged() {
    let scene = Scene::new().await;
    let customer = scene.customer("Bloggs").await;
    let path = list_path(&customer);
    let mut ids = Vec::new();
    for _ in 0..4 {
        ids.insert(0, scene.ledger_of(&customer, "gbp").await);
    }
    let listed = |page: &Value| -> Vec<String> {
        rows(page).iter().map(|row| row["ledger_id"].as_str().unwrap().to_owned()).collect()
    };

    let first = scene.get(&format!("{path}?limit=2")).await.data().clone();
    let newer = scene.ledger_of(&customer, "gbp").await;
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = scene.get(&format!("{path}?limit=2&cursor={cursor}")).await.data().clone();

    assert_eq!((listed(&first), &first["total"]), (ids[..2].to_vec(), &json!(4)));
    assert_eq!((listed(&second), &second["total"]), (ids[2..].to_vec(), &json!(5)));
    assert!(second.get("next_cursor").is_none());
    assert_eq!(listed(scene.get(&format!("{path}?limit=1&cursor=")).await.data()), [newer]);
    assert!(scene.get(&format!("{path}?limit=5")).await.data().get("next_cursor").is_none());
    for (query, bad) in [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=many", "limit"),
        ("cursor=made-up", "cursor"),
        ("page=2", "page"),
    ] {
        assert_eq!(scene.get(&format!("{path}?{query}")).await.bad(), [bad], "{query}");
        let nowhere = scene.get(&format!("{}?{query}", list_path(NOBODY))).await;
        assert_eq!(nowhere.bad(), [bad], "bad parameters before missing things: {query}");
    }
}

#[tokio::test]
async fn the_list_of_customers_counts_ledgers_and_joins_their_uses() {
    let scene = Scene::new().await;
    let [with_two, with_none] = [scene.customer("Two").await, scene.customer("None").await];
    let body = ledger(&with_two, "gbp");
    issue(&scene, &body).await;
    issue(&scene, &with(body, "primary_use", &json!(["fee", "payments"]))).await;

    let page = scene.get("/accounts/customers/list").await;

    let row = |id: &str| rows(page.data()).iter().find(|row| row["customer_id"] == id).unwrap();
    let (two, none) = (row(&with_two), row(&with_none));
    assert_eq!((&two["ledger_count"], &none["ledger_count"]), (&json!(2), &json!(0)));
    let uses: HashSet<_> =
        two["primary_use"].as_array().unwrap().iter().map(|word| word.as_str().unwrap()).collect();
    assert_eq!(uses, HashSet::from(["payments", "settlement", "fee"]));
    assert_eq!(two["primary_use"].as_array().unwrap().len(), 3);
    assert_eq!(none["primary_use"], json!([]));
}

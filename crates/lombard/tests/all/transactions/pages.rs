//! Lists that take several answers.

use serde_json::{Value, json};
use tokio::task::JoinSet;

use super::{fund_with, references};
use crate::scene::{Scene, TRANSFER, names, rows, transfer, with};

#[tokio::test]
async fn pages_follow_each_other_whatever_comes_in_between() {
    let scene = Scene::new().await;
    let id = scene.ledger("gbp").await;
    for reference in ["1", "2", "3", "4", "5"] {
        fund_with(&scene, &id, reference).await;
    }
    let next = |page: &Value| page["next_cursor"].as_str().unwrap().to_owned();

    let first = scene.transactions(&id, "limit=2").await;
    fund_with(&scene, &id, "6").await;
    let second = scene.transactions(&id, &format!("limit=2&cursor={}", next(&first))).await;
    fund_with(&scene, &id, "7").await;
    let third = scene.transactions(&id, &format!("limit=2&cursor={}", next(&second))).await;
    let again = scene.transactions(&id, &format!("limit=2&cursor={}", next(&first))).await;

    assert_eq!((references(&first), &first["total"]), (vec!["5", "4"], &json!(5)));
    assert_eq!((references(&second), &second["total"]), (vec!["3", "2"], &json!(6)));
    assert_eq!((references(&third), &third["total"]), (vec!["1"], &json!(7)));
    assert_eq!(names(&first), ["total", "list", "next_cursor"]);
    assert_eq!(names(&third), ["total", "list"]);
    assert_eq!(references(&again), ["3", "2"]);
    assert_eq!(references(&scene.transactions(&id, "limit=1").await), ["7"]);
    for query in ["limit=7", "limit=1000", ""] {
        let page = scene.transactions(&id, query).await;
        assert_eq!((rows(&page).len(), names(&page)), (7, vec!["total", "list"]), "{query}");
    }
}

#[tokio::test]
async fn pages_of_what_a_filter_lets_through_follow_each_other() {
    let scene = Scene::new().await;
    let [ledger, other] = scene.pair("100").await;
    for reference in ["a", "b", "c"] {
        let body = with(transfer(&ledger, &other, "1"), "reference", &json!(reference));
        scene.post(TRANSFER, &body).await.data();
        fund_with(&scene, &ledger, "noise").await;
    }

    let (mut seen, mut query) = (Vec::new(), "in_out=out&limit=1".to_owned());
    loop {
        let page = scene.transactions(&ledger, &query).await;
        assert_eq!(page["total"], 3);
        seen.extend(references(&page).into_iter().map(str::to_owned));
        let Some(cursor) = page.get("next_cursor") else { break };
        query = format!("in_out=out&limit=1&cursor={}", cursor.as_str().unwrap());
    }

    assert_eq!(seen, ["c", "b", "a"]);
}

#[tokio::test]
async fn a_page_has_a_hundred_rows_where_nothing_else_is_asked_for() {
    let scene = Scene::new().await;
    let id = scene.ledger("gbp").await;
    let mut paying = JoinSet::new();
    for _ in 0..101 {
        let (scene, id) = (scene.clone(), id.clone());
        paying.spawn(async move { scene.fund(&id, "1").await });
    }
    assert_eq!(paying.join_all().await.len(), 101);

    let page = scene.transactions(&id, "").await;
    let cursor = page["next_cursor"].as_str().unwrap();
    let rest = scene.transactions(&id, &format!("cursor={cursor}")).await;

    assert_eq!((rows(&page).len(), &page["total"]), (100, &json!(101)));
    assert_eq!((rows(&rest).len(), names(&rest)), (1, vec!["total", "list"]));
    assert_eq!(rows(&rest)[0]["balance_after"], "1.00");
    let exact = scene.transactions(&id, "limit=101").await;
    assert_eq!((rows(&exact).len(), names(&exact)), (101, vec!["total", "list"]));
}

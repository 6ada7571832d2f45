//! The list: its rows, and its pages.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::{
    answers::{CREATE_LEDGER, LIST, bad, company, create, data, individual, keys, with},
    stack::{Client, login},
};

async fn list(client: &Client, query: &str) -> Value {
    data(&client.get(&format!("{LIST}?{query}")).await).clone()
}

fn ids(page: &Value) -> Vec<String> {
    let rows = page["list"].as_array().unwrap().iter();
    rows.map(|row| row["customer_id"].as_str().unwrap().to_owned()).collect()
}

async fn issue(client: &Client, customer: &str, currency: &str, uses: &[&str]) {
    let body = json!({
        "customer_id": customer, "currency": currency, "primary_use": uses, "owner": "me"
    });
    data(&client.post(CREATE_LEDGER, &body).await);
}

#[tokio::test]
async fn a_tenant_without_customers_has_an_empty_list() {
    assert_eq!(list(&login().await, "").await, json!({"total": 0, "list": []}));
}

#[tokio::test]
async fn a_row_counts_the_ledgers_and_unites_their_uses() {
    let client = login().await;
    let without = create(&client, &company()).await;
    let with_ledgers = create(&client, &individual()).await;
    issue(&client, &with_ledgers, "gbp", &["payments", "settlement"]).await;
    issue(&client, &with_ledgers, "eur", &["payments", "float"]).await;
    issue(&client, &with_ledgers, "usd", &["escrow"]).await;
    data(&client.put(&format!("/accounts/customers/{without}"), &json!({"active": false})).await);

    let page = list(&client, "").await;

    assert_eq!(ids(&page), [with_ledgers, without.clone()]);
    assert_eq!(page["list"][0]["ledger_count"], 3);
    let uses: BTreeSet<_> =
        page["list"][0]["primary_use"].as_array().unwrap().iter().map(Value::as_str).collect();
    assert_eq!(page["list"][0]["primary_use"].as_array().unwrap().len(), uses.len());
    assert_eq!(uses, ["escrow", "float", "payments", "settlement"].map(Some).into());
    let expected = json!({
        "customer_id": without,
        "first_name": "",
        "middle_name": "",
        "last_name": "",
        "customer_type": "company",
        "ledger_count": 0,
        "primary_use": [],
        "verified": false,
        "active": false,
        "company_name": "Acme Ltd"
    });
    assert_eq!(page["list"][1], expected);
    let documented = &keys(&expected)[..9];
    assert_eq!(keys(&page["list"][0]), documented);
    assert_eq!(&keys(&page["list"][1])[..9], documented);
}

#[tokio::test]
async fn pages_are_newest_first_and_stable_under_inserts() {
    let client = login().await;
    let mut made = Vec::new();
    for _ in 0..5 {
        made.push(create(&client, &individual()).await);
    }
    made.reverse();

    let first = list(&client, "limit=2").await;
    create(&client, &individual()).await;
    let second =
        list(&client, &format!("limit=2&cursor={}", first["next_cursor"].as_str().unwrap())).await;
    create(&client, &individual()).await;
    let third =
        list(&client, &format!("limit=2&cursor={}", second["next_cursor"].as_str().unwrap())).await;

    let seen = [&first, &second, &third].map(ids).concat();
    assert_eq!(seen, made);
    assert_eq!(
        (&first["total"], &second["total"], &third["total"]),
        (&json!(5), &json!(6), &json!(7))
    );
    assert_eq!(keys(&first), ["total", "list", "next_cursor"]);
    assert_eq!(keys(&third), ["total", "list"]);
}

#[tokio::test]
async fn a_full_last_page_has_no_next_one() {
    let client = login().await;
    for _ in 0..2 {
        create(&client, &individual()).await;
    }
    for query in ["limit=2", "limit=1000", "", "limit=", "cursor=&limit=2"] {
        let page = list(&client, query).await;
        assert_eq!((ids(&page).len(), page.get("next_cursor")), (2, None), "{query}");
    }
}

#[tokio::test]
async fn a_page_has_a_hundred_rows_unless_told_otherwise() {
    let client = login().await;
    let mut making = tokio::task::JoinSet::new();
    for _ in 0..101 {
        let client = client.clone();
        making.spawn(async move { create(&client, &individual()).await });
    }
    let made: BTreeSet<_> = making.join_all().await.into_iter().collect();

    let first = list(&client, "").await;
    let rest = list(&client, &format!("cursor={}", first["next_cursor"].as_str().unwrap())).await;
    let all = list(&client, "limit=1000").await;

    assert_eq!((ids(&first).len(), ids(&rest).len(), &first["total"]), (100, 1, &json!(101)));
    assert_eq!([ids(&first), ids(&rest)].concat(), ids(&all));
    assert_eq!(ids(&all).into_iter().collect::<BTreeSet<_>>(), made);
}

#[tokio::test]
async fn a_page_that_cannot_be_is_refused() {
    let client = login().await;
    for limit in ["0", "1001", "-1", "1.5", "x", "+5", "99999999999999999999", "0x10", "5%20"] {
        let answer = client.get(&format!("{LIST}?limit={limit}")).await;
        assert_eq!(bad(&answer), ["limit"], "{limit}");
    }
    for cursor in ["x", "0", "AAAA", "859f4eef-6a53-4110-8757-371844df8e8c", "%00", "%FF"] {
        let answer = client.get(&format!("{LIST}?cursor={cursor}")).await;
        assert_eq!(bad(&answer), ["cursor"], "{cursor}");
    }
}

#[tokio::test]
async fn a_cursor_goes_on_under_its_filter() {
    let client = login().await;
    let mut made = Vec::new();
    for name in ["Ann", "Joe", "Ann", "Joe", "Ann"] {
        made.push(create(&client, &with(individual(), "/first_name", json!(name))).await);
    }

    let first = list(&client, "name=ann&limit=2").await;
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = list(&client, &format!("name=ann&limit=2&cursor={cursor}")).await;

    let anns = [made[4].clone(), made[2].clone(), made[0].clone()];
    assert_eq!([ids(&first), ids(&second)].concat(), anns);
    assert_eq!((&first["total"], &second["total"]), (&json!(3), &json!(3)));
    assert_eq!(second.get("next_cursor"), None);
}

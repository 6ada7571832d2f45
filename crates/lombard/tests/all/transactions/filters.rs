//! Which of them a list holds.

use std::time::Duration;

use serde_json::{Value, json};
use time::{OffsetDateTime, PrimitiveDateTime, macros::format_description};

use super::{fund_with, references};
use crate::scene::{NOBODY, Scene, TRANSACTIONS, TRANSFER, rows, transfer, with};

/// The same moment as filters may write it.
fn written(at: OffsetDateTime) -> [String; 6] {
    let print = |pattern: &_| at.format(pattern).unwrap();
    let dashed = print(format_description!("[year]-[month]-[day] [hour]:[minute]:[second]"));
    let with_t = dashed.replace(' ', "T");
    let east = at.saturating_add(time::Duration::HOUR);
    let east = east.format(format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]"));
    [
        dashed.replace(' ', "%20"),
        dashed.replace(' ', "+"),
        dashed.replace('-', "/").replace(' ', "%20"),
        format!("{with_t}Z"),
        format!("{with_t}%2B00:00"),
        format!("{}%2B01:00", east.unwrap()),
    ]
}

fn moment(row: &Value) -> OffsetDateTime {
    let slashes = format_description!("[year]/[month]/[day] [hour]:[minute]:[second]");
    PrimitiveDateTime::parse(row["date_time"].as_str().unwrap(), slashes).unwrap().assume_utc()
}

#[tokio::test]
async fn a_list_is_bounded_by_moments_that_count() {
    let scene = Scene::new().await;
    let id = scene.ledger("gbp").await;
    fund_with(&scene, &id, "first").await;
    tokio::time::sleep(Duration::from_millis(1100)).await;
    fund_with(&scene, &id, "second").await;
    let page = scene.transactions(&id, "").await;
    let [second, first] = rows(&page) else { panic!("{page}") };
    let one_second = Duration::from_secs(1);
    let listed = async |query: String| -> Vec<String> {
        let page = scene.transactions(&id, &query).await;
        let found = references(&page).into_iter().map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(page["total"], found.len(), "{query}");
        found
    };

    for at in written(moment(first)) {
        assert_eq!(listed(format!("from_date={at}")).await, ["second", "first"], "{at}");
        assert_eq!(listed(format!("to_date={at}")).await, ["first"], "{at}");
        assert_eq!(listed(format!("from_date={at}&to_date={at}")).await, ["first"], "{at}");
    }
    for at in written(moment(second)) {
        assert_eq!(listed(format!("from_date={at}")).await, ["second"], "{at}");
        assert_eq!(listed(format!("to_date={at}")).await, ["second", "first"], "{at}");
    }
    for at in written(moment(first) - one_second) {
        assert!(listed(format!("to_date={at}")).await.is_empty(), "{at}");
    }
    for at in written(moment(second) + one_second) {
        assert!(listed(format!("from_date={at}")).await.is_empty(), "{at}");
    }
    let [late, early] = [&written(moment(second))[0], &written(moment(first))[0]];
    assert!(listed(format!("from_date={late}&to_date={early}")).await.is_empty());
}

#[tokio::test]
async fn a_bare_date_counts_from_its_first_second_to_its_last() {
    let scene = Scene::new().await;
    let id = scene.ledger("gbp").await;
    fund_with(&scene, &id, "only").await;
    let page = scene.transactions(&id, "").await;
    let today = moment(&rows(&page)[0]).date();
    let total = async |query: String| scene.transactions(&id, &query).await["total"].clone();

    for (day, from, to) in
        [(today.previous_day().unwrap(), 1, 0), (today, 1, 1), (today.next_day().unwrap(), 0, 1)]
    {
        for day in [day.to_string(), day.to_string().replace('-', "/")] {
            assert_eq!(total(format!("from_date={day}")).await, from, "from {day}");
            assert_eq!(total(format!("to_date={day}")).await, to, "to {day}");
        }
    }
    assert_eq!(total(format!("from_date={today}&to_date={today}")).await, 1);
    assert_eq!(total("from_date=0001-01-01&to_date=9999-12-31".to_owned()).await, 1);
}

#[tokio::test]
async fn a_list_is_narrowed_by_type_and_direction() {
    let scene = Scene::new().await;
    let [ledger, other] = scene.pair("100").await;
    for (from, to, reference) in [(&ledger, &other, "went"), (&other, &ledger, "came back")] {
        let body = with(transfer(from, to, "5"), "reference", &json!(reference));
        scene.post(TRANSFER, &body).await.data();
    }

    for (query, expected) in [
        ("", &["came back", "went", "testing"][..]),
        ("type=&in_out=&from_date=&to_date=", &["came back", "went", "testing"]),
        ("type=internal_transfer", &["came back", "went"]),
        ("type=interal_transfer", &["came back", "went"]),
        ("type=faster_payment", &["testing"]),
        ("type=sepa_credit", &[]),
        ("type=swift_credit", &[]),
        ("in_out=in", &["came back", "testing"]),
        ("in_out=out", &["went"]),
        ("type=internal_transfer&in_out=in", &["came back"]),
        ("type=faster_payment&in_out=out", &[]),
        ("to_date=2020-01-01&in_out=in", &[]),
        ("from_date=2020-01-01&in_out=out&type=interal_transfer", &["went"]),
    ] {
        let page = scene.transactions(&ledger, query).await;

        assert_eq!(references(&page), expected, "{query}");
        assert_eq!(page["total"], expected.len(), "{query}");
        assert!(page.get("next_cursor").is_none());
    }
}

#[tokio::test]
async fn a_parameter_that_is_no_filter_or_has_no_such_value_is_named() {
    let scene = Scene::new().await;
    let id = scene.ledger("gbp").await;
    let transaction = scene.fund(&id, "1").await;

    for (query, bad) in [
        ("type=cheque", vec!["type"]),
        ("type=Faster_Payment", vec!["type"]),
        ("in_out=sideways", vec!["in_out"]),
        ("in_out=IN", vec!["in_out"]),
        ("from_date=yesterday", vec!["from_date"]),
        ("to_date=2020-02-30", vec!["to_date"]),
        ("to_date=2020-01-01%2025:00:00", vec!["to_date"]),
        ("from_date=2020-01-01T00:00:00", vec!["from_date"]),
        ("from_date=1577836800", vec!["from_date"]),
        ("limit=0", vec!["limit"]),
        ("limit=1001", vec!["limit"]),
        ("limit=-1", vec!["limit"]),
        ("limit=1.0", vec!["limit"]),
        ("limit=99999999999999999999", vec!["limit"]),
        ("cursor=made-up", vec!["cursor"]),
        ("from=2020-01-01", vec!["from"]),
        ("Type=faster_payment", vec!["Type"]),
        ("in_out=in&in_out=out", vec!["in_out"]),
        (
            "type=x&in_out=x&from_date=x&to_date=x&limit=x&cursor=x&x=x",
            vec!["cursor", "from_date", "in_out", "limit", "to_date", "type", "x"],
        ),
    ] {
        for path in TRANSACTIONS {
            for id in [&id, &transaction, NOBODY, "no-id"] {
                let reply = scene.get(&format!("{path}/{id}?{query}")).await;

                assert_eq!(reply.bad(), bad, "{path}/{id}?{query}");
            }
        }
    }
}

//! Transfers between ledgers: their shape, and what they are refused or declined for. How amounts
//! are written is in [`crate::amounts`].

use reqwest::Method;
use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::scene::{Scene, TRANSACTIONS, TRANSFER, details_of, names, rows, send, transfer};

mod metadata;
mod parameters;
mod reversals;
mod states;

#[tokio::test]
async fn a_transfer_is_told_at_the_top_and_in_data_and_moves_the_money() {
    let scene = Scene::new().await;
    let [from, to] = scene.pair("10").await;

    let reply = scene.post(TRANSFER, &transfer(&from, &to, "2.50")).await;

    let id = reply.text("transaction_id");
    let outcome = format!(
        r#""response_code":"1","response_message":"Transaction Success","transaction_id":"{id}""#
    );
    let expected = format!(r#"{{"status":1,"message":"Success",{outcome},"data":{{{outcome}}}}}"#);
    assert_eq!((reply.status, reply.text.as_str()), (200, expected.as_str()));
    assert_eq!(scene.balance(&from).await, "7.50");
    assert_eq!(scene.balance(&to).await, "2.50");
    assert_eq!(rows(&scene.transactions(&from, "").await)[0]["transaction_id"], id.as_str());
}

#[tokio::test]
async fn a_ledger_can_be_emptied_to_the_last_penny_and_no_further() {
    let scene = Scene::new().await;
    let [from, to] = scene.pair("0.03").await;

    let spent = scene.post(TRANSFER, &transfer(&from, &to, "0.03")).await;
    let more = scene.post(TRANSFER, &transfer(&from, &to, "0.01")).await;
    let back = scene.post(TRANSFER, &transfer(&to, &from, "0.01")).await;

    assert_eq!((spent.status, more.status, back.status), (200, 409, 200));
    assert_eq!(scene.balance(&from).await, "0.01");
    assert_eq!(scene.balance(&to).await, "0.02");
}

#[tokio::test]
async fn two_ledgers_of_one_customer_can_pay_each_other() {
    let scene = Scene::new().await;
    let customer = scene.customer("Bloggs").await;
    let from = scene.ledger_of(&customer, "gbp").await;
    let to = scene.ledger_of(&customer, "gbp").await;
    scene.fund(&from, "1").await;

    scene.post(TRANSFER, &transfer(&from, &to, "1")).await.data();

    assert_eq!(scene.balance(&to).await, "1.00");
}

#[tokio::test]
async fn want_of_funds_is_an_outcome_recorded_on_the_senders_ledger_only() {
    let scene = Scene::new().await;
    let [from, to] = scene.pair("10").await;

    let reply = scene.post(TRANSFER, &transfer(&from, &to, "10.01")).await;

    assert_eq!(reply.refusal(), (409, "INSUFFICIENT_FUNDS"));
    let outcome = json!({
        "response_code": "650", "response_message": "Insufficient Funds",
        "transaction_id": reply.body["transaction_id"],
    });
    for (field, value) in outcome.as_object().unwrap() {
        assert_eq!(&reply.body[field], value);
    }
    let id = reply.body["transaction_id"].as_str().unwrap();
    let page = scene.transactions(&from, "").await;
    let row = &rows(&page)[0];
    let expected = json!({
        "transaction_id": id, "date_time": row["date_time"], "name": "Joe Bloggs",
        "account_number": row["account_number"], "sort_code": "040052", "reference": "rent",
        "amount": "10.01", "currency": "gbp", "in_out": "out", "type": "internal_transfer",
        "response_code": "650", "response_message": "Insufficient Funds",
        "linked_transaction_id": "", "balance_after": "10.00", "reverses_transaction_id": "",
        "payment_id": "", "user_id": row["user_id"], "api_key_id": "",
    });
    assert_eq!((row, &page["total"]), (&expected, &json!(2)));
    let one = scene.get(&format!("{}/{id}", TRANSACTIONS[1])).await;
    assert_eq!(one.data(), &details_of(expected));
    assert_eq!(scene.transactions(&to, "").await["total"], 0);
    assert_eq!([scene.balance(&from).await, scene.balance(&to).await], ["10.00", "0.00"]);
    assert_eq!(scene.transactions(&from, "in_out=out").await["total"], 1);
    assert!(names(&reply.body).starts_with(&["status", "message", "code"]));
}

#[tokio::test]
async fn a_decline_stays_one_under_its_key_when_funds_arrive() {
    let scene = Scene::new().await;
    let [from, to] = scene.pair("10").await;
    let body = transfer(&from, &to, "20").to_string();
    let ask = async || {
        let request = scene.written(Method::POST, TRANSFER, &body);
        send(request.header("Idempotency-Key", "k-1").header("X-Request-Id", "mine")).await
    };

    let first = ask().await;
    scene.fund(&from, "90").await;
    let again = ask().await;
    let anew = scene.post(TRANSFER, &serde_json::from_str(&body).unwrap()).await;

    assert_eq!(first.refusal(), (409, "INSUFFICIENT_FUNDS"));
    assert!(!first.is_replayed() && again.is_replayed());
    assert_eq!((first.status, first.text), (again.status, again.text));
    assert_eq!(anew.status, 200);
    assert_eq!(scene.balance(&from).await, "80.00");
    assert_eq!(scene.transactions(&from, "").await["total"], 4);
}

#[tokio::test]
async fn many_transfers_at_once_spend_what_is_there_and_no_more() {
    let scene = Scene::new().await;
    let [from, to] = scene.pair("10").await;
    let mut paying = JoinSet::new();
    for _ in 0..40 {
        let (scene, body) = (scene.clone(), transfer(&from, &to, "0.50"));
        paying.spawn(async move { scene.post(TRANSFER, &body).await });
    }

    let answers = paying.join_all().await;

    let paid = answers.iter().filter(|reply| reply.status == 200).count();
    let declined = answers.iter().filter(|reply| reply.body["response_code"] == "650").count();
    assert_eq!((paid, declined), (20, 20));
    assert_eq!([scene.balance(&from).await, scene.balance(&to).await], ["0.00", "10.00"]);
    assert_eq!(scene.transactions(&from, "in_out=out").await["total"], 40);
    assert_eq!(scene.transactions(&to, "in_out=in").await["total"], 20);
}

#[tokio::test]
async fn transfers_both_ways_at_once_neither_block_each_other_nor_lose_a_penny() {
    let scene = Scene::new().await;
    let [one, two] = scene.pair("20").await;
    scene.fund(&two, "20").await;
    let mut paying = JoinSet::new();
    for place in 0..40 {
        let (from, to) = if place % 2 == 0 { (&one, &two) } else { (&two, &one) };
        let (scene, body) = (scene.clone(), transfer(from, to, "1"));
        paying.spawn(async move { scene.post(TRANSFER, &body).await });
    }

    for reply in paying.join_all().await {
        reply.data();
    }

    for ledger in [&one, &two] {
        assert_eq!(scene.balance(ledger).await, "20.00");
        let page = scene.transactions(ledger, "").await;
        assert_eq!(page["total"], 41);
        // Each balance is the one before and the amount.
        let minor = |text: &Value| text.as_str().unwrap().replace('.', "").parse::<i64>().unwrap();
        for pair in rows(&page).windows(2) {
            let [newer, older] = pair else { panic!("{pair:?}") };
            let amount = minor(&newer["amount"]);
            let moved = if newer["in_out"] == "in" { amount } else { -amount };
            let before = minor(&older["balance_after"]);
            assert_eq!(minor(&newer["balance_after"]), before + moved);
        }
    }
}

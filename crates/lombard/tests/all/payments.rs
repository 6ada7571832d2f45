//! Payments to somebody elsewhere. The last digits of an account number tell the sandbox what is to
//! become of a payment: 00000001 settles after two seconds, 00000002 is rejected, 00000003 settles and
//! comes back, 00000004 settles once the rail has been down; all others settle at once.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::scene::{
    FASTER_PAYMENT, Scene, TRANSACTIONS, details_of, faster_payment, names, payment_path, rows,
    sepa_credit, with,
};

mod cancel;
mod list;
mod outcomes;
mod parameters;
mod payees;

/// How long a payment may take to end.
const PATIENCE: Duration = Duration::from_secs(30);

/// A payment that ends as the sandbox has it for this account number.
fn to_number(from: &str, number: &str, amount: &str) -> Value {
    with(faster_payment(from, amount), "account_number", &json!(number))
}

/// A payment's details once `is_there` says so.
async fn once(scene: &Scene, id: &str, is_there: impl Fn(&Value) -> bool) -> Value {
    let start = Instant::now();
    loop {
        let payment = scene.get(&payment_path(id)).await.data().clone();
        if is_there(&payment) {
            return payment;
        }
        assert!(start.elapsed() < PATIENCE, "{payment}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn once_in(scene: &Scene, id: &str, status: &str) -> Value {
    once(scene, id, |payment| payment["payment_status"] == status).await
}

/// The available balance as it is printed.
async fn available(scene: &Scene, ledger: &str) -> String {
    scene.details(ledger).await["ledger_details"]["available"].to_string()
}

#[tokio::test]
async fn a_payment_is_told_at_the_top_and_in_data() {
    let scene = Scene::new().await;
    let from = scene.ledger("gbp").await;
    scene.fund(&from, "10").await;

    let reply = scene.post(FASTER_PAYMENT, &to_number(&from, "00000001", "2.50")).await;

    let (id, status) = (reply.text("payment_id"), reply.text("payment_status"));
    let outcome = format!(
        r#""response_code":"1","response_message":"Transaction Success","payment_id":"{id}","payment_status":"{status}""#
    );
    let expected = format!(r#"{{"status":1,"message":"Success",{outcome},"data":{{{outcome}}}}}"#);
    assert_eq!((reply.status, reply.text.as_str()), (200, expected.as_str()));
    assert_eq!(status, "accepted");
    assert_eq!(available(&scene, &from).await, "7.5");
    assert_eq!(scene.balance(&from).await, "10.00", "held, not gone");
}

#[tokio::test]
async fn a_payment_leaves_the_ledger_when_it_has_settled() {
    let scene = Scene::new().await;
    let from = scene.ledger("gbp").await;
    scene.fund(&from, "10").await;

    let id = scene.post(FASTER_PAYMENT, &faster_payment(&from, "2.50")).await.text("payment_id");
    let settled = once_in(&scene, &id, "settled").await;

    let transaction = settled["transaction_id"].as_str().unwrap();
    let expected = json!({
        "payment_id": id, "type": "faster_payment", "payment_status": "settled",
        "response_code": "1", "response_message": "Transaction Success", "ledger_id": from,
        "name": "Dave Bloggs", "account_number": "12345678", "sort_code": "400052",
        "reference": "rent", "amount": "2.50", "currency": "gbp", "transaction_id": transaction,
        "created": settled["created"], "last_update": settled["last_update"],
    });
    assert_eq!((&settled, names(&settled)), (&expected, names(&expected)));
    assert_eq!(scene.balance(&from).await, "7.50");
    assert_eq!(available(&scene, &from).await, "7.5");
    let page = scene.transactions(&from, "in_out=out").await;
    let [row] = rows(&page) else { panic!("{page}") };
    let expected = json!({
        "transaction_id": transaction, "date_time": row["date_time"], "name": "Dave Bloggs",
        "account_number": "12345678", "sort_code": "400052", "reference": "rent",
        "amount": "2.50", "currency": "gbp", "in_out": "out", "type": "faster_payment",
        "response_code": "1", "response_message": "Transaction Success",
        "linked_transaction_id": "", "balance_after": "7.50", "reverses_transaction_id": "",
        "payment_id": id, "user_id": "", "api_key_id": "",
    });
    assert_eq!(row, &expected);
    let one = scene.get(&format!("{}/{transaction}", TRANSACTIONS[0])).await;
    assert_eq!(one.data(), &details_of(expected));
}

#[tokio::test]
async fn euros_go_to_an_iban() {
    let scene = Scene::new().await;
    let from = scene.ledger("eur").await;
    let came = json!({
        "amount": "10", "reference": "testing", "name": "Jeanne Dupont",
        "iban": "DE89370400440532013000", "bic_swift": "COBADEFFXXX",
    });
    scene.post(&crate::scene::inbound_path(&from), &came).await.data();
    let known = with(sepa_credit(&from, "1"), "bic_swift", &json!("COBADEFFXXX"));

    for body in [sepa_credit(&from, "1"), known] {
        let id = scene.post(crate::scene::SEPA_CREDIT, &body).await.text("payment_id");
        let settled = once_in(&scene, &id, "settled").await;

        assert_eq!(
            (&settled["type"], &settled["currency"]),
            (&json!("sepa_credit"), &json!("eur"))
        );
        assert_eq!(settled["iban"], "DE89370400440532013000");
        assert_eq!(settled.get("bic_swift"), body.get("bic_swift"));
        assert!(settled.get("sort_code").is_none());
    }
    assert_eq!(scene.balance(&from).await, "8.00");
}

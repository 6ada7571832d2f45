//! Whose an account is. Account numbers that end so tell the sandbox what to say: 00000011 is Jane
//! Smith's, 00000012 another's, 00000013 nobody can tell; all others match.

use serde_json::{Value, json};

use crate::scene::{CONFIRM_PAYEE, Scene, with};

fn payee(name: &str, number: &str) -> Value {
    json!({"name": name, "sort_code": "400052", "account_number": number})
}

#[tokio::test]
async fn the_bank_says_how_well_a_name_fits() {
    let scene = Scene::new().await;

    for (body, said) in [
        (payee("Dave Bloggs", "12345678"), json!({"match": "match"})),
        (payee("jane smith", "00000011"), json!({"match": "match"})),
        (
            payee("Jane Smyth", "00000011"),
            json!({"match": "close_match", "held_name": "Jane Smith"}),
        ),
        (payee("Dave Bloggs", "00000011"), json!({"match": "no_match"})),
        (payee("Jane Smith", "00000012"), json!({"match": "no_match"})),
        (payee("Jane Smith", "00000013"), json!({"match": "unavailable"})),
        (
            json!({"name": "Jeanne Dupont", "iban": "DE89370400440532013000"}),
            json!({"match": "match"}),
        ),
    ] {
        let reply = scene.post(CONFIRM_PAYEE, &body).await;

        assert_eq!(reply.data(), &said, "{body}");
    }
}

#[tokio::test]
async fn what_is_wrong_with_the_question_is_named() {
    let scene = Scene::new().await;
    let good = payee("Dave Bloggs", "12345678");

    for (body, bad) in [
        (json!({}), vec!["iban", "name", "sort_code"]),
        (with(good.clone(), "name", &Value::Null), vec!["name"]),
        (with(good.clone(), "name", &json!("<b>")), vec!["name"]),
        (with(good.clone(), "sort_code", &json!("4")), vec!["sort_code"]),
        (with(good.clone(), "account_number", &Value::Null), vec!["account_number"]),
        (json!({"name": "Jeanne", "iban": "DE00"}), vec!["iban"]),
        (
            json!({"name": 1, "sort_code": "x", "account_number": "y", "amount": "1"}),
            vec!["account_number", "amount", "name", "sort_code"],
        ),
        (with(good.clone(), "reference", &json!("x")), vec!["reference"]),
    ] {
        let reply = scene.post(CONFIRM_PAYEE, &body).await;

        assert_eq!(reply.bad(), bad, "{body}");
    }
}

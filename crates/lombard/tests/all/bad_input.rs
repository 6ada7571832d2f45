//! Bad parameters of customers and verifications: one answer names them all, whatever is wrong with
//! each, and nothing is stored.

use serde_json::{Value, json};

use crate::{
    answers::{
        AUTHENTICATE, CREATE, bad, company, count, create, data, details, individual, path_of,
    },
    authenticate::JPEG,
    stack::{Client, login},
};

/// Values that no text field takes, each wrong in its own way.
fn no_texts() -> [Value; 6] {
    [json!(5), json!(-0.5), json!(true), json!(["a"]), json!({"a": "b"}), json!([])]
}

/// A body with every text field of it set to one value.
fn all_fields(value: &Value, fields: &[&str], lines: &[&str]) -> Value {
    let mut body = json!({"address": {}});
    for field in fields {
        body[*field] = value.clone();
    }
    for line in lines {
        body["address"][*line] = value.clone();
    }
    body
}

const FIELDS: [&str; 7] =
    ["company_name", "dob", "email", "first_name", "last_name", "middle_name", "phone"];
const LINES: [&str; 6] = ["city", "iso_country", "postal_code", "refinement", "region", "street"];

/// The names of all of them, in the order of the alphabet.
fn names(more: &[&'static str]) -> Vec<String> {
    let lines = LINES.iter().map(|line| format!("address.{line}"));
    let others = FIELDS.iter().chain(more).map(|name| (*name).to_owned());
    let mut names: Vec<_> = lines.chain(others).collect();
    names.sort_unstable();
    names
}

async fn verifications(client: &Client, id: &str) -> Value {
    data(&client.get(&format!("{}/verifications", path_of(id))).await)["total"].clone()
}

#[tokio::test]
async fn every_field_of_a_new_customer_with_a_wrong_type_is_named() {
    let client = login().await;
    create(&client, &individual()).await;
    for value in no_texts() {
        let mut body = all_fields(&value, &FIELDS, &LINES);
        body["customer_type"] = value.clone();
        let answer = client.post(CREATE, &body).await;
        assert_eq!(bad(&answer), names(&["customer_type"]), "{value}");
    }
    assert_eq!(count(&client).await, 1);
}

#[tokio::test]
async fn every_field_of_a_customer_that_breaks_a_rule_is_named() {
    let client = login().await;
    let id = create(&client, &company()).await;
    let before = details(&client, &id).await;
    for value in ["<script>", "a\u{0}", "a\nb", "☺☺☺☺☺☺☺", &"x".repeat(300)] {
        let value = json!(value);
        let mut body = all_fields(&value, &FIELDS, &LINES);
        let answer = client.put(&path_of(&id), &body).await;
        assert_eq!(bad(&answer), names(&[]), "{value}");

        body["customer_type"] = json!("company");
        let answer = client.post(CREATE, &body).await;
        assert_eq!(bad(&answer), names(&[]), "{value}");
        body["customer_type"] = value.clone();
        let answer = client.post(CREATE, &body).await;
        assert_eq!(bad(&answer), names(&["customer_type"]), "{value}");
    }
    assert_eq!(details(&client, &id).await, before);
    assert_eq!(count(&client).await, 1);
}

#[tokio::test]
async fn unknown_fields_wrong_types_broken_rules_and_missing_fields_are_told_together() {
    let client = login().await;
    let body = json!({
        "customer_type": "individual",
        "first_name": 5,
        "company_name": "Acme",
        "address": {"number": "123456789012", "street": ["x"], "town": "London"},
        "dob": "1988-02-30",
        "email": "joe@example.com",
        "phone": "020 3982 6580",
        "gender": "m",
    });

    let answer = client.post(&format!("{CREATE}?dry_run=1"), &body).await;

    let all = [
        "address.iso_country",
        "address.number",
        "address.street",
        "address.town",
        "company_name",
        "dob",
        "dry_run",
        "first_name",
        "gender",
        "last_name",
    ];
    assert_eq!(bad(&answer), all);
    assert_eq!(count(&client).await, 0);
}

#[tokio::test]
async fn an_empty_request_lacks_every_required_field() {
    let client = login().await;

    let empty = client.post(CREATE, &json!({})).await;
    let unknown = client.post(CREATE, &json!({"x": 1})).await;
    let individual = client.post(CREATE, &json!({"customer_type": "individual"})).await;
    let company = client.post(CREATE, &json!({"customer_type": "company"})).await;
    let authenticate = client.post(AUTHENTICATE, &json!({})).await;

    let address = ["address", "address.iso_country"];
    let person = ["dob", "first_name", "last_name"];
    assert_eq!(bad(&empty), [&address[..], &["customer_type"], &person].concat());
    assert_eq!(bad(&unknown), [&address[..], &["customer_type"], &person, &["x"]].concat());
    assert_eq!(bad(&individual), [&address[..], &person].concat());
    assert_eq!(bad(&company), [&address[..], &["company_name"]].concat());
    assert_eq!(bad(&authenticate), ["customer_id", "front", "id_type", "third_party"]);
    assert_eq!(count(&client).await, 0);
}

#[tokio::test]
async fn every_field_of_a_change_with_a_wrong_type_is_named() {
    let client = login().await;
    let id = create(&client, &company()).await;
    let before = details(&client, &id).await;
    for value in no_texts().into_iter().filter(|value| !value.is_boolean()) {
        let mut body = all_fields(&value, &FIELDS, &LINES);
        body["active"] = value.clone();
        body["verified"] = value.clone();
        let answer = client.put(&path_of(&id), &body).await;
        assert_eq!(bad(&answer), names(&["active", "verified"]), "{value}");
    }
    assert_eq!(details(&client, &id).await, before);
}

#[tokio::test]
async fn every_bad_field_of_a_verification_is_named_at_once() {
    let client = login().await;
    let id = create(&client, &individual()).await;
    let image = |image: &str, mime_type: &str| json!({"image": image, "mime_type": mime_type});
    for (body, all) in [
        (
            json!({
                "customer_id": "x", "third_party": "us_group", "id_type": "library_card",
                "front": image("64BITFORMAT", "image/jpeg"), "back": image(JPEG, "image/gif"),
                "additional_data": image(JPEG, "application/pdf"), "selfie": image(JPEG, "image/jpeg")
            }),
            &[
                "additional_data.image",
                "back.mime_type",
                "customer_id",
                "front.image",
                "id_type",
                "selfie",
                "third_party",
            ][..],
        ),
        (
            json!({
                "customer_id": 5, "third_party": ["gb_group"], "id_type": {}, "front": JPEG,
                "back": [], "additional_data": 5
            }),
            &["additional_data", "back", "customer_id", "front", "id_type", "third_party"],
        ),
        (
            json!({
                "customer_id": "", "third_party": null, "id_type": "", "front": {},
                "back": {"image": null}, "additional_data": {"mime_type": "image/png", "size": 5}
            }),
            &[
                "additional_data.image",
                "additional_data.size",
                "back.image",
                "back.mime_type",
                "customer_id",
                "front.image",
                "front.mime_type",
                "id_type",
                "third_party",
            ],
        ),
        (
            json!({
                "customer_id": id, "third_party": "gb_group", "id_type": "id_card",
                "front": image("64BITFORMAT", "image/gif")
            }),
            &["back", "front.image", "front.mime_type"],
        ),
        (
            json!({
                "customer_id": id, "third_party": "gb_group", "id_type": "passport",
                "front": {"image": JPEG, "mime_type": "image/jpeg", "mime": "x"}, "extra": null
            }),
            &["extra", "front.mime"],
        ),
        (
            json!({
                "customer_id": "859f4eef-6a53-4110-8757-371844df8e8c", "third_party": "gb_group",
                "id_type": "passport", "front": image(JPEG, "image/png")
            }),
            &["front.image"],
        ),
    ] {
        assert_eq!(bad(&client.post(AUTHENTICATE, &body).await), all, "{body}");
    }
    for id in [
        "859f4eef",
        "859f4eef6a53411087",
        "{859f4eef-6a53-4110-8757-371844df8e8c}",
        "921rte4-7a22-5091-3741-37133j8d4s",
    ] {
        let body = json!({
            "customer_id": id, "third_party": "gb_group", "id_type": "passport",
            "front": image(JPEG, "image/jpeg")
        });
        assert_eq!(bad(&client.post(AUTHENTICATE, &body).await), ["customer_id"], "{id}");
    }
    assert_eq!(verifications(&client, &id).await, 0);
    assert_eq!(details(&client, &id).await["verification_status"], "unverified");
}

#[tokio::test]
async fn a_refusal_does_not_repeat_what_it_refuses() {
    let client = login().await;
    let mut body = individual();
    for field in FIELDS {
        body[field] = json!("<Xyzzy-Canary>");
    }

    let (status, _, answer) = client.post(CREATE, &body).await;

    assert_eq!(status, 400);
    assert!(!answer.to_string().contains("Xyzzy"), "{answer}");
}

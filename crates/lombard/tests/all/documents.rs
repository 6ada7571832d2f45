//! The samples of the documents about customers, letter by letter: only ids are put in, and images,
//! of which the documents have none.

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    answers::{
        AUTHENTICATE, CREATE, CREATE_LEDGER, LIST, bad, data, details, keys, path_of, refusal,
        send_text,
    },
    authenticate::{JPEG, PDF},
    stack::{Client, login},
};

const CREATE_SAMPLE: &str = r#"{
"customer_type": "individual",
"first_name": "Joe",
"last_name": "Bloggs",
"address": {
"number": "44",
"refinement": "Suite 2, 4th Floor",
"street": "Baker Street",
"city": "London",
"postal_code": "W1U7AL",
"iso_country": "GB"
},
"dob": "1988-10-03",
"email": "support@acquired.com",
"phone": "+44(0)203 982 6580"
}"#;

const AUTHENTICATE_SAMPLE: &str = r#"{
"customer_id":"859f4eef-6a53-4110-8757-371844df8e8c",
"third_party":"gb_group",
"id_type":"driving_licesce",
"front":{
"image":"64BITFORMAT",
"mime_type":"image/jpeg"
},
"back":{
"image":"64BITFORMAT",
"mime_type":"image/jpeg"
},
"additional_data":{
"image":"65BITFORMAT",
"mime_type":"application/pdf"
}
}"#;

/// The id in the samples.
const SAMPLE_ID: &str = "859f4eef-6a53-4110-8757-371844df8e8c";

/// What the sample of the details shows, as the request that makes it so.
const DETAILS_SAMPLE: &str = r#"{
"customer_type": "individual",
"first_name": "Joe",
"last_name": "Bloggs",
"address": {
"number": "5",
"refinement": "Flat 2B",
"street": "St John’s Place",
"region": "London",
"city": "London",
"postal_code": "W1U 7AL",
"iso_country": "GB"
},
"dob": "1988-03-10",
"email": "testing@test.com",
"phone": "+44(0)7763270200"
}"#;

const UPDATE_SAMPLE: &str = r#"{
"address": {
"number": "123",
"refinement": "Flat B",
"street": "Fulham Road",
"region": "Middlesex",
"city": "London",
"postal_code": "W69ER",
"iso_country": "GB"
},
"dob": "1988-10-03",
"email": "hello@acquired.com",
"phone": "44 0 203 982 6580"
}"#;

const DISABLE_SAMPLE: &str = r#"{
"active": false
}"#;

async fn create(client: &Client, sample: &str) -> String {
    let answer = send_text(client, Method::POST, CREATE, sample).await;
    let data = data(&answer);
    assert_eq!(keys(data), ["customer_id"]);
    data["customer_id"].as_str().unwrap().to_owned()
}

async fn update(client: &Client, customer: &str, sample: &str) {
    let answer = send_text(client, Method::PUT, &path_of(customer), sample).await;
    assert_eq!(data(&answer), &json!({"customer_id": customer}));
}

/// That a value is what the documents call a `string` of 24: `YYYY-MM-DD HH:MM:SS`.
fn assert_time(value: &Value) {
    let form: String = value.as_str().unwrap().replace(|c: char| c.is_ascii_digit(), "9");
    assert_eq!(form, "9999-99-99 99:99:99");
}

#[tokio::test]
async fn a_customer_is_created_by_the_sample() {
    let client = login().await;

    let id = create(&client, CREATE_SAMPLE).await;

    assert_eq!(id.len(), 36);
    assert_eq!(Uuid::parse_str(&id).unwrap().get_version_num(), 7);
    let details = details(&client, &id).await;
    let sent: Value = serde_json::from_str(CREATE_SAMPLE).unwrap();
    for (name, value) in sent.as_object().unwrap() {
        assert_eq!(&details[name], value, "{name}");
    }
}

#[tokio::test]
async fn details_are_shown_as_in_the_sample() {
    let client = login().await;

    let id = create(&client, DETAILS_SAMPLE).await;

    let mut details = details(&client, &id).await;
    let documented = [
        "customer_id",
        "active",
        "customer_type",
        "name",
        "address",
        "dob",
        "email",
        "phone",
        "created",
        "last_update",
    ];
    let extensions = ["first_name", "last_name", "verified", "verification_status"];
    let mut known = [&documented[..], &extensions].concat();
    let mut shown = keys(&details);
    assert!(
        shown.iter().filter(|name| documented.contains(name)).eq(&documented),
        "the order of the sample: {shown:?}"
    );
    shown.sort_unstable();
    known.sort_unstable();
    assert_eq!(shown, known);
    for time in ["created", "last_update"] {
        assert_time(&details[time]);
        details.as_object_mut().unwrap().shift_remove(time);
    }
    let expected = json!({
        "customer_id": id,
        "active": true,
        "customer_type": "individual",
        "name": "Joe Bloggs",
        "first_name": "Joe",
        "last_name": "Bloggs",
        "address": {
            "number": "5",
            "refinement": "Flat 2B",
            "street": "St John’s Place",
            "region": "London",
            "city": "London",
            "postal_code": "W1U 7AL",
            "iso_country": "GB"
        },
        "dob": "1988-03-10",
        "email": "testing@test.com",
        "phone": "+44(0)7763270200",
        "verified": false,
        "verification_status": "unverified"
    });
    assert_eq!(details, expected);
}

#[tokio::test]
async fn a_customer_is_updated_by_the_sample() {
    let client = login().await;
    let id = create(&client, CREATE_SAMPLE).await;

    update(&client, &id, UPDATE_SAMPLE).await;

    let details = details(&client, &id).await;
    let sent: Value = serde_json::from_str(UPDATE_SAMPLE).unwrap();
    for (name, value) in sent.as_object().unwrap() {
        assert_eq!(&details[name], value, "{name}");
    }
    assert_eq!(details["name"], "Joe Bloggs");
    assert_eq!(details["active"], true);
}

#[tokio::test]
async fn a_customer_is_disabled_by_the_sample_and_enabled_as_the_table_has_it() {
    let client = login().await;
    let id = create(&client, CREATE_SAMPLE).await;

    update(&client, &id, DISABLE_SAMPLE).await;
    assert_eq!(details(&client, &id).await["active"], false);

    // Acceptable Values: "true" "false".
    update(&client, &id, r#"{"active": "true"}"#).await;
    assert_eq!(details(&client, &id).await["active"], true);
}

#[tokio::test]
async fn the_sample_of_authenticate_has_three_images_that_are_none() {
    let client = login().await;
    let id = create(&client, CREATE_SAMPLE).await;
    let images = ["additional_data.image", "back.image", "front.image"];

    let stranger = send_text(&client, Method::POST, AUTHENTICATE, AUTHENTICATE_SAMPLE).await;
    let sample = AUTHENTICATE_SAMPLE.replace(SAMPLE_ID, &id);
    let own = send_text(&client, Method::POST, AUTHENTICATE, &sample).await;

    assert_eq!(bad(&stranger), images);
    assert_eq!(bad(&own), images);
}

#[tokio::test]
async fn the_sample_of_authenticate_passes_with_real_images() {
    let client = login().await;
    let id = create(&client, CREATE_SAMPLE).await;
    let sample = AUTHENTICATE_SAMPLE.replace("64BITFORMAT", JPEG).replace("65BITFORMAT", PDF);

    let stranger = send_text(&client, Method::POST, AUTHENTICATE, &sample).await;
    let sample = sample.replace(SAMPLE_ID, &id);
    let own = send_text(&client, Method::POST, AUTHENTICATE, &sample).await;

    assert_eq!(refusal(&stranger), (404, "CUSTOMER_NOT_FOUND"));
    let started = data(&own);
    assert_eq!(keys(started), ["verification_id", "verification_status"]);
    assert!(Uuid::parse_str(started["verification_id"].as_str().unwrap()).is_ok());
    assert_eq!(started["verification_status"], "pending");
}

#[tokio::test]
async fn the_list_has_the_fields_of_the_sample_in_one_type_each() {
    let client = login().await;
    let id = create(&client, CREATE_SAMPLE).await;
    for currency in ["gbp", "eur"] {
        let body = json!({
            "customer_id": id, "currency": currency, "primary_use": ["payments"], "owner": "me"
        });
        let (status, _, answer) = client.post(CREATE_LEDGER, &body).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
    }

    let answer = client.get(LIST).await;

    let expected = json!({
        "total": 1,
        "list": [{
            "customer_id": id,
            "first_name": "Joe",
            "middle_name": "",
            "last_name": "Bloggs",
            "customer_type": "individual",
            "ledger_count": 2,
            "primary_use": ["payments"],
            "verified": false,
            "active": true
        }]
    });
    assert_eq!(data(&answer), &expected);
    assert_eq!(keys(&data(&answer)["list"][0]), keys(&expected["list"][0]));
}

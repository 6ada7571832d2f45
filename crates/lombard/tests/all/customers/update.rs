//! What can be changed of a customer.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::{task::JoinSet, time::sleep};

use crate::{
    answers::{bad, company, create, data, details, individual, path_of, with},
    stack::{Client, login},
};

fn full() -> Value {
    let mut body = with(individual(), "/middle_name", json!("B"));
    body["address"] = json!({
        "number": "44", "refinement": "Flat 1", "street": "Baker Street", "region": "Middlesex",
        "city": "London", "postal_code": "W1U 7AL", "iso_country": "GB"
    });
    body["email"] = json!("joe@example.com");
    body["phone"] = json!("020 3982 6580");
    body
}

/// That a change is refused for these parameters and changes nothing.
async fn refused(client: &Client, id: &str, change: &Value, parameters: &[&str]) {
    let before = details(client, id).await;
    let answer = client.put(&path_of(id), change).await;
    assert_eq!(bad(&answer), parameters, "{change}");
    assert_eq!(details(client, id).await, before, "{change}");
}

#[tokio::test]
async fn each_field_is_changed_alone() {
    let client = login().await;
    let id = create(&client, &full()).await;
    let mut expected = details(&client, &id).await;

    for (pointer, value) in [
        ("/first_name", "Jane"),
        ("/middle_name", "Ann"),
        ("/last_name", "Doe"),
        ("/address/number", "1a"),
        ("/address/refinement", "Attic"),
        ("/address/street", "St John’s Place"),
        ("/address/region", "Kent"),
        ("/address/city", "Dover"),
        ("/address/postal_code", "CT16"),
        ("/dob", "1990-01-31"),
        ("/email", "jane@example.com"),
        ("/phone", "+33 1 42 68 53 00"),
        ("/address/iso_country", "FR"),
    ] {
        let change = match pointer.strip_prefix("/address/") {
            Some(line) => json!({"address": {line: value}}),
            None => json!({&pointer[1..]: value}),
        };
        let answer = client.put(&path_of(&id), &change).await;
        assert_eq!(data(&answer), &json!({"customer_id": id}));
        *expected.pointer_mut(pointer).unwrap() = json!(value);
        let name = ["first_name", "middle_name", "last_name"]
            .map(|part| expected[part].as_str().unwrap().to_owned());
        expected["name"] = json!(name.join(" "));
        let mut shown = details(&client, &id).await;
        shown["last_update"] = expected["last_update"].clone();
        assert_eq!(shown, expected, "{pointer}");
    }
}

#[tokio::test]
async fn a_company_changes_its_name_and_contact() {
    let client = login().await;
    let id = create(&client, &company()).await;

    let change = json!({"company_name": "Acme & Co", "first_name": "Ann", "dob": "1990-01-31"});
    data(&client.put(&path_of(&id), &change).await);

    let shown = details(&client, &id).await;
    assert_eq!((&shown["name"], &shown["first_name"]), (&json!("Acme & Co"), &json!("Ann")));
}

#[tokio::test]
async fn an_update_of_nothing_is_refused() {
    let client = login().await;
    let id = create(&client, &full()).await;
    for nothing in [
        json!({}),
        json!({"first_name": null}),
        json!({"email": "", "active": ""}),
        json!({"active": null}),
        json!({"address": {}}),
        json!({"address": null}),
        json!({"address": ""}),
        json!({"middle_name": " ", "address": {"city": "\t"}}),
        json!({"address": {"city": "", "street": null}}),
    ] {
        let before = details(&client, &id).await;
        let answer = client.put(&path_of(&id), &nothing).await;
        assert_eq!(bad(&answer).len(), 1, "{nothing}");
        assert_eq!(details(&client, &id).await, before);
    }
    let answer = client.put(&path_of("x"), &json!({})).await;
    assert_eq!(bad(&answer).len(), 1, "bad parameters are told before missing things");
}

#[tokio::test]
async fn what_is_absent_null_or_empty_stays_as_it_is() {
    let client = login().await;
    let id = create(&client, &full()).await;
    let before = details(&client, &id).await;

    let change = json!({
        "first_name": "Jane", "middle_name": null, "last_name": "", "email": "", "phone": null,
        "address": {"city": "", "street": " ", "iso_country": null}, "dob": ""
    });
    data(&client.put(&path_of(&id), &change).await);

    let shown = details(&client, &id).await;
    assert_eq!(shown["name"], "Jane B Bloggs");
    for name in ["middle_name", "last_name", "email", "phone", "address", "dob"] {
        assert_eq!(shown[name], before[name], "{name}");
    }
}

#[tokio::test]
async fn the_same_values_again_are_no_change() {
    let client = login().await;
    let id = create(&client, &full()).await;
    let before = details(&client, &id).await;
    sleep(Duration::from_millis(1100)).await;

    let mut same = full();
    same.as_object_mut().unwrap().shift_remove("customer_type");
    same["address"]["iso_country"] = json!("gb");
    same["first_name"] = json!(" Joe ");
    for change in [same, json!({"active": true}), json!({"active": "true"})] {
        data(&client.put(&path_of(&id), &change).await);
        assert_eq!(details(&client, &id).await, before, "{change}");
    }
    data(&client.put(&path_of(&id), &json!({"address": {"city": "Leeds"}})).await);
    assert!(details(&client, &id).await["last_update"].as_str() > before["last_update"].as_str());
}

#[tokio::test]
async fn a_customer_is_disabled_and_enabled_however_often() {
    let client = login().await;
    let id = create(&client, &individual()).await;
    for (sent, active) in [
        (json!(false), false),
        (json!("false"), false),
        (json!("true"), true),
        (json!(true), true),
        (json!(false), false),
    ] {
        let answer = client.put(&path_of(&id), &json!({"active": sent})).await;
        assert_eq!(data(&answer), &json!({"customer_id": id}));
        assert_eq!(details(&client, &id).await["active"], active);
    }
    for sent in
        [json!("yes"), json!("True"), json!(1), json!(0), json!("0"), json!({}), json!([true])]
    {
        refused(&client, &id, &json!({"active": sent}), &["active"]).await;
    }
}

#[tokio::test]
async fn a_bad_change_is_told_whole_and_changes_nothing() {
    let client = login().await;
    let id = create(&client, &full()).await;
    let acme = create(&client, &company()).await;

    let change = json!({
        "first_name": 5, "middle_name": "<b>", "last_name": "x".repeat(51), "company_name": "Acme",
        "address": {"number": "123456789012", "city": "\u{0}", "iso_country": "UK", "town": "x"},
        "dob": "1988-02-30", "email": "x", "phone": "1", "active": "maybe", "customer_id": "x",
        "customer_type": "company", "verified": true
    });
    let all = [
        "active",
        "address.city",
        "address.iso_country",
        "address.number",
        "address.town",
        "company_name",
        "customer_id",
        "customer_type",
        "dob",
        "email",
        "first_name",
        "last_name",
        "middle_name",
        "phone",
        "verified",
    ];
    refused(&client, &id, &change, &all).await;
    refused(&client, &id, &json!({"company_name": "Acme"}), &["company_name"]).await;
    refused(&client, &acme, &json!({"company_name": "x".repeat(101)}), &["company_name"]).await;
    refused(&client, &id, &json!({"email": "jane@example.com", "dob": "x"}), &["dob"]).await;
    refused(&client, &id, &json!({"address": "44 Baker Street"}), &["address"]).await;
    refused(&client, &id, &json!({"address": ["London"]}), &["address"]).await;
}

#[tokio::test]
async fn a_phone_is_read_in_the_country_that_the_customer_then_has() {
    let client = login().await;
    let id = create(&client, &individual()).await;
    let french = json!({"phone": "01 42 68 53 00", "address": {"iso_country": "FR"}});
    let icelandic = json!({"phone": "545 1234"});

    refused(&client, &id, &icelandic, &["phone"]).await;
    data(&client.put(&path_of(&id), &french).await);

    let shown = details(&client, &id).await;
    assert_eq!(
        (&shown["phone"], &shown["address"]["iso_country"]),
        (&json!("01 42 68 53 00"), &json!("FR"))
    );
}

#[tokio::test]
async fn changes_at_the_same_time_do_not_undo_each_other() {
    let client = login().await;
    let id = create(&client, &full()).await;
    let changes = [
        json!({"first_name": "Jane"}),
        json!({"middle_name": "Ann"}),
        json!({"last_name": "Doe"}),
        json!({"address": {"city": "Dover"}}),
        json!({"address": {"street": "High Street"}}),
        json!({"dob": "1990-01-31"}),
        json!({"email": "jane@example.com"}),
        json!({"phone": "+33 1 42 68 53 00"}),
        json!({"active": false}),
    ];
    let mut changing = JoinSet::new();
    for change in changes.clone() {
        let (client, path) = (client.clone(), path_of(&id));
        changing.spawn(async move { client.put(&path, &change).await });
    }

    for answer in changing.join_all().await {
        assert_eq!(data(&answer), &json!({"customer_id": id}));
    }

    let shown = details(&client, &id).await;
    for change in changes {
        for (name, value) in change.as_object().unwrap() {
            match value.as_object() {
                Some(lines) => lines.iter().for_each(|(line, value)| {
                    assert_eq!(&shown[name][line], value, "{line}");
                }),
                None => assert_eq!(&shown[name], value, "{name}"),
            }
        }
    }
}

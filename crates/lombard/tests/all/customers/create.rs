//! What a new customer may be, and how it is shown then.

use serde_json::{Value, json};

use crate::{
    answers::{CREATE, bad, company, count, create, data, details, individual, keys, with},
    stack::login,
};

#[tokio::test]
async fn an_individual_needs_names_a_birth_and_a_country() {
    let client = login().await;

    let id = create(&client, &individual()).await;

    let shown = details(&client, &id).await;
    assert_eq!(shown["name"], "Joe Bloggs");
    assert_eq!(shown["address"], json!({"iso_country": "GB"}));
    for absent in ["middle_name", "company_name", "email", "phone"] {
        assert!(shown.get(absent).is_none(), "{absent}");
    }
    for pointer in ["/customer_type", "/first_name", "/last_name", "/dob", "/address/iso_country"] {
        let named = pointer.trim_start_matches('/').replace('/', ".");
        let answer = client.post(CREATE, &with(individual(), pointer, Value::Null)).await;
        assert_eq!(bad(&answer), [named.as_str()]);
        for nothing in [Value::Null, json!("")] {
            let mut body = individual();
            *body.pointer_mut(pointer).unwrap() = nothing;
            assert_eq!(bad(&client.post(CREATE, &body).await), [named.as_str()], "{body}");
        }
    }
    let answer = client.post(CREATE, &with(individual(), "/address", Value::Null)).await;
    assert!(bad(&answer)[0].starts_with("address"), "{}", answer.2);
    assert_eq!(count(&client).await, 1);
}

#[tokio::test]
async fn a_company_needs_its_name_and_a_country() {
    let client = login().await;

    let bare = create(&client, &company()).await;
    let mut with_contact = individual();
    with_contact["customer_type"] = json!("company");
    with_contact["company_name"] = json!("Acme (Holdings) Ltd & Sons");
    let with_contact = create(&client, &with_contact).await;

    let shown = details(&client, &bare).await;
    assert_eq!((&shown["name"], &shown["company_name"]), (&json!("Acme Ltd"), &json!("Acme Ltd")));
    assert_eq!(shown["customer_type"], "company");
    for absent in ["first_name", "middle_name", "last_name", "dob"] {
        assert!(shown.get(absent).is_none(), "{absent}");
    }
    let shown = details(&client, &with_contact).await;
    assert_eq!(shown["name"], "Acme (Holdings) Ltd & Sons");
    assert_eq!((&shown["first_name"], &shown["dob"]), (&json!("Joe"), &json!("1988-10-03")));
    let answer = client.post(CREATE, &with(company(), "/company_name", Value::Null)).await;
    assert_eq!(bad(&answer), ["company_name"]);
    let answer = client.post(CREATE, &with(individual(), "/company_name", json!("Acme"))).await;
    assert_eq!(bad(&answer), ["company_name"]);
}

#[tokio::test]
async fn details_are_in_the_documented_order() {
    let client = login().await;
    let mut body = with(individual(), "/middle_name", json!("B"));
    body["customer_type"] = json!("company");
    body["company_name"] = json!("Acme");
    body["email"] = json!("joe@example.com");
    body["phone"] = json!("+44 20 3982 6580");

    let id = create(&client, &body).await;

    let shown = details(&client, &id).await;
    let documented = [
        "customer_id",
        "active",
        "customer_type",
        "name",
        "first_name",
        "middle_name",
        "last_name",
        "company_name",
        "address",
        "dob",
        "email",
        "phone",
        "created",
        "last_update",
        "verified",
        "verification_status",
    ];
    assert_eq!(keys(&shown), documented);
    assert_eq!(shown["active"], true);
    assert_eq!(
        (&shown["verified"], &shown["verification_status"]),
        (&json!(false), &json!("unverified"))
    );
    assert_eq!(shown["created"], shown["last_update"]);
}

#[tokio::test]
async fn what_is_optional_may_be_null_or_empty() {
    let client = login().await;
    for nothing in [Value::Null, json!(""), json!("  ")] {
        let mut body = individual();
        for name in ["middle_name", "company_name", "email", "phone"] {
            body[name] = nothing.clone();
        }
        for line in ["number", "refinement", "street", "region", "city", "postal_code"] {
            body["address"][line] = nothing.clone();
        }
        let id = create(&client, &body).await;
        let shown = details(&client, &id).await;
        assert_eq!(shown["address"], json!({"iso_country": "GB"}));
        assert!(shown.get("email").is_none() && shown.get("middle_name").is_none());
    }
}

#[tokio::test]
async fn only_two_types_of_customer_are_known() {
    let client = login().await;
    for kind in [json!("person"), json!("Individual"), json!("1"), json!(1), json!(["individual"])]
    {
        let answer = client.post(CREATE, &with(individual(), "/customer_type", kind)).await;
        assert_eq!(bad(&answer), ["customer_type"]);
    }
}

#[tokio::test]
async fn two_equal_customers_are_two() {
    let client = login().await;

    let (one, other) =
        (client.post(CREATE, &individual()).await, client.post(CREATE, &individual()).await);

    assert_ne!(data(&one)["customer_id"], data(&other)["customer_id"]);
    assert_eq!(count(&client).await, 2);
}

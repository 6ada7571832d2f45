//! Which customers the list shows.

use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use crate::{
    answers::{LIST, bad, company, create, data, details, individual, path_of, with},
    stack::{Client, login},
};

async fn total(client: &Client, query: &str) -> i64 {
    let answer = client.get(&format!("{LIST}?{query}")).await;
    let data = data(&answer);
    let total = data["total"].as_i64().unwrap();
    assert_eq!(data["list"].as_array().unwrap().len(), usize::try_from(total).unwrap(), "{query}");
    total
}

#[tokio::test]
async fn type_and_state_filter() {
    let client = login().await;
    create(&client, &individual()).await;
    create(&client, &individual()).await;
    let acme = create(&client, &company()).await;
    data(&client.put(&path_of(&acme), &json!({"active": false})).await);

    for (query, expected) in [
        ("", 3),
        ("customer_type=individual", 2),
        ("customer_type=company", 1),
        ("active=true", 2),
        ("active=false", 1),
        ("verified=false", 3),
        ("verified=true", 0),
        ("customer_type=company&active=false&verified=false", 1),
        ("customer_type=company&active=true", 0),
        (
            "customer_type=&active=&verified=&email=&name=&created_from=&created_to=&limit=&cursor=",
            3,
        ),
    ] {
        assert_eq!(total(&client, query).await, expected, "{query}");
    }
}

#[tokio::test]
async fn an_email_is_compared_whole_and_in_any_case() {
    let client = login().await;
    for email in ["Joe.Bloggs@Example.com", "joe.bloggs2@example.com", "JÜRGEN@example.com"] {
        create(&client, &with(individual(), "/email", json!(email))).await;
    }
    create(&client, &individual()).await;
    for (query, expected) in [
        ("joe.bloggs@example.com", 1),
        ("JOE.BLOGGS@EXAMPLE.COM", 1),
        ("j%C3%BCrgen@example.com", 1),
        ("ju%CC%88rgen@example.com", 1),
        ("joe.bloggs@example.co", 0),
        ("joe_bloggs@example.com", 0),
    ] {
        assert_eq!(total(&client, &format!("email={query}")).await, expected, "{query}");
    }
}

#[tokio::test]
async fn a_name_is_compared_by_its_beginning_and_in_any_case() {
    let client = login().await;
    let middle = with(individual(), "/middle_name", json!("Édouard"));
    create(&client, &middle).await;
    create(&client, &individual()).await;
    create(&client, &with(individual(), "/first_name", json!("Joe_l"))).await;
    create(&client, &with(company(), "/company_name", json!("Joe’s & Sons"))).await;
    // A contact's name is not the customer's.
    create(&client, &with(company(), "/first_name", json!("Joe"))).await;
    for (query, expected) in [
        ("joe", 4),
        ("JOE%20BLOGGS", 1),
        ("joe%20b", 1),
        ("joe%20%C3%A9douard%20bloggs", 1),
        ("joe%20e%CC%81d", 1),
        ("bloggs", 0),
        ("joe_", 1),
        ("jo_", 0),
        ("joe%E2%80%99s%20%26%20s", 1),
        ("joe%20bloggs%20x", 0),
    ] {
        assert_eq!(total(&client, &format!("name={query}")).await, expected, "{query}");
    }
    // What no name can hold begins none.
    for query in ["%25", "j%25", "%5C", "%2A", "%00", "joe%00", "%FF"] {
        let answer = client.get(&format!("{LIST}?name={query}")).await;
        assert!(answer.0 == 400 || data(&answer)["total"] == 0, "{query}");
    }
    assert_eq!(total(&client, "name=joe%20").await, 2, "the space counts");
}

/// The same moment in every form, escaped for a query.
fn forms(created: &str) -> Vec<String> {
    let rfc = created.replace(' ', "T");
    let mut forms = vec![
        created.replace(' ', "%20"),
        created.replace(' ', "+"),
        created.replace('-', "/").replace(' ', "%20"),
        format!("{rfc}Z"),
        format!("{rfc}%2B00:00"),
        format!("{rfc}-00:00"),
    ];
    let (day, time) = created.split_once(' ').unwrap();
    let (hour, rest) = time.split_once(':').unwrap();
    // An hour further east, where the day is the same unless it is about to end.
    if let Some(later) = hour.parse::<u32>().unwrap().checked_add(1).filter(|hour| *hour < 24) {
        forms.push(format!("{day}T{later:02}:{rest}%2B01:00"));
        forms.push(format!("{day}T{later:02}:{rest}+01:00"));
    }
    forms
}

#[tokio::test]
async fn creation_is_compared_with_any_form_of_time_both_ends_included() {
    let client = login().await;
    let first = create(&client, &individual()).await;
    sleep(Duration::from_millis(1100)).await;
    let second = create(&client, &individual()).await;
    let created = async |id: &str| -> String {
        let shown: Value = details(&client, id).await;
        shown["created"].as_str().unwrap().to_owned()
    };
    let (first, second) = (created(&first).await, created(&second).await);
    assert!(first < second);

    for (early, late) in forms(&first).iter().zip(forms(&second)) {
        for (query, expected) in [
            (format!("created_from={early}"), 2),
            (format!("created_from={late}"), 1),
            (format!("created_to={late}"), 2),
            (format!("created_to={early}"), 1),
            (format!("created_from={early}&created_to={late}"), 2),
            (format!("created_from={late}&created_to={early}"), 0),
        ] {
            assert_eq!(total(&client, &query).await, expected, "{query}");
        }
    }
    let (first_day, last_day) = (&first[..10], &second[..10]);
    for day in [last_day.to_owned(), last_day.replace('-', "/")] {
        assert_eq!(total(&client, &format!("created_to={day}")).await, 2, "{day}");
    }
    for day in [first_day.to_owned(), first_day.replace('-', "/")] {
        assert_eq!(total(&client, &format!("created_from={day}")).await, 2, "{day}");
    }
    assert_eq!(total(&client, "created_from=9999-12-31").await, 0);
    assert_eq!(total(&client, "created_to=9999-12-31%2023:59:59").await, 2);
    assert_eq!(total(&client, "created_to=0001-01-01").await, 0);
}

#[tokio::test]
async fn a_time_that_is_none_is_refused() {
    let client = login().await;
    for time in [
        "yesterday",
        "2020-02-30",
        "2020-13-01",
        "2020-04-24%2025:00:00",
        "2020-04-24%2008:34",
        "24/04/2020",
        "2020-04-24T08:34:35",
        "1587717275",
        "%2B2020-04-24",
        "-2020-04-24",
        "0000-00-00%2000:00:00",
        "%00",
        "2020-04-24%2008:34:35%20GMT",
    ] {
        let answer = client.get(&format!("{LIST}?created_from={time}&created_to={time}")).await;
        assert_eq!(bad(&answer), ["created_from", "created_to"], "{time}");
    }
}

#[tokio::test]
async fn every_bad_parameter_of_the_query_is_named_at_once() {
    let client = login().await;

    let query = "limit=0&cursor=x&customer_type=person&active=yes&verified=1&email=x&name=%3Cb%3E\
        &created_from=soon&created_to=later&limits=5&Name=Joe&phone=1&page=1&page=2";
    let answer = client.get(&format!("{LIST}?{query}")).await;

    let all = [
        "Name",
        "active",
        "created_from",
        "created_to",
        "cursor",
        "customer_type",
        "email",
        "limit",
        "limits",
        "name",
        "page",
        "phone",
        "verified",
    ];
    assert_eq!(bad(&answer), all);
    for repeated in ["limit=5&limit=5", "name=a&name=b", "active=true&active=", "email=&email="] {
        let answer = client.get(&format!("{LIST}?{repeated}")).await;
        let name = repeated.split('=').next().unwrap();
        assert_eq!(bad(&answer), [name], "{repeated}");
    }
}

//! How an attempt ends: by the customer's name, as the sandbox decides.

use serde_json::{Value, json};

use super::{
    authenticate, customer, details, passport, start, verifications, wait_for, wait_for_details,
};
use crate::{
    answers::{bad, create, data, individual, keys, path_of, with},
    stack::login,
};

#[tokio::test]
async fn a_last_name_decides_the_outcome() {
    let client = login().await;
    let mut started = Vec::new();
    for (last_name, status) in [
        ("Bloggs", "verified"),
        ("Refer", "in_review"),
        ("Sanction", "in_review"),
        ("Reject", "rejected"),
        ("Resubmit", "resubmission_required"),
        ("Expire", "expired"),
        ("Outage", "verified"),
        ("Slow", "pending"),
    ] {
        let id = customer(&client, last_name).await;
        start(&client, &id).await;
        started.push((id, status));
    }
    let born = with(individual(), "/dob", json!("1900-01-01"));
    let born = create(&client, &born).await;
    start(&client, &born).await;
    started.push((born, "in_review"));

    for (id, status) in started {
        wait_for(&client, &id, status).await;
        let details = wait_for_details(&client, &id, status).await;
        assert_eq!(details["verified"], status == "verified", "{status}");
    }
    let verified = client.get("/accounts/customers/list?verified=true").await;
    assert_eq!(data(&verified)["total"], 2);
    assert!(data(&verified)["list"].as_array().unwrap().iter().all(|row| row["verified"] == true));
    let others = client.get("/accounts/customers/list?verified=false").await;
    assert_eq!(data(&others)["total"], 7);
}

#[tokio::test]
async fn attempts_are_listed_newest_first_with_their_reasons() {
    let client = login().await;
    let id = customer(&client, "Reject").await;
    let mut started = Vec::new();
    for _ in 0..3 {
        started.push(start(&client, &id).await);
        wait_for(&client, &id, "rejected").await;
    }
    started.reverse();

    let list = verifications(&client, &id).await;

    assert_eq!(list["total"], 3);
    let rows = list["list"].as_array().unwrap();
    let ids: Vec<_> = rows.iter().map(|row| row["verification_id"].as_str().unwrap()).collect();
    assert_eq!(ids, started);
    for row in rows {
        let mut names = keys(row);
        names.retain(|name| *name != "reasons");
        let documented = [
            "verification_id",
            "verification_status",
            "third_party",
            "id_type",
            "created",
            "last_update",
        ];
        assert_eq!(names, documented);
        assert!(row["reasons"].as_array().is_some_and(|reasons| !reasons.is_empty()), "{row}");
        let (third_party, id_type) = (&row["third_party"], &row["id_type"]);
        assert_eq!((third_party, id_type), (&json!("gb_group"), &json!("passport")));
        assert_eq!(row["created"].as_str().unwrap().len(), 19);
    }
}

#[tokio::test]
async fn the_list_of_attempts_is_paged() {
    let client = login().await;
    let id = customer(&client, "Reject").await;
    for _ in 0..3 {
        start(&client, &id).await;
        wait_for(&client, &id, "rejected").await;
    }
    let all = verifications(&client, &id).await["list"].clone();
    let path = format!("{}/verifications", path_of(&id));

    let first = client.get(&format!("{path}?limit=2")).await;
    let cursor = data(&first)["next_cursor"].as_str().unwrap().to_owned();
    let second = client.get(&format!("{path}?limit=2&cursor={cursor}")).await;

    assert_eq!(keys(data(&second)), ["total", "list"]);
    assert_eq!((&data(&first)["total"], &data(&second)["total"]), (&json!(3), &json!(3)));
    assert_eq!(data(&first)["list"], json!([all[0], all[1]]));
    assert_eq!(data(&second)["list"], json!([all[2]]));
    let answer = client.get(&format!("{path}?limit=0&cursor=x&status=pending&page=2&page=3")).await;
    assert_eq!(bad(&answer), ["cursor", "limit", "page", "status"]);
}

#[tokio::test]
async fn a_change_of_name_birth_or_country_takes_the_verification_back() {
    let client = login().await;
    for (change, is_identity) in [
        (json!({"first_name": "Jo"}), true),
        (json!({"middle_name": "B"}), true),
        (json!({"last_name": "Blogs"}), true),
        (json!({"dob": "1988-10-04"}), true),
        (json!({"address": {"iso_country": "FR"}}), true),
        (json!({"first_name": "Joe", "dob": "1988-10-03"}), false),
        (json!({"address": {"iso_country": "gb"}}), false),
        (json!({"address": {"city": "Leeds"}}), false),
        (json!({"email": "joe@example.com"}), false),
        (json!({"active": false}), false),
    ] {
        let id = customer(&client, "Bloggs").await;
        start(&client, &id).await;
        wait_for_details(&client, &id, "verified").await;

        data(&client.put(&path_of(&id), &change).await);

        let after = details(&client, &id).await;
        let expected = if is_identity { "unverified" } else { "verified" };
        assert_eq!(after["verification_status"], expected, "{change}");
        assert_eq!(after["verified"], !is_identity, "{change}");
        let record = verifications(&client, &id).await;
        assert_eq!(record["list"][0]["verification_status"], "verified", "{change}");
    }
}

#[tokio::test]
async fn a_result_for_earlier_details_does_not_verify_the_new_ones() {
    let client = login().await;
    let id = customer(&client, "Outage").await;
    start(&client, &id).await;

    data(&client.put(&path_of(&id), &json!({"first_name": "Jane"})).await);

    assert_eq!(details(&client, &id).await["verification_status"], "unverified");
    wait_for(&client, &id, "verified").await;
    tokio::time::sleep(std::time::Duration::from_millis(500)).await;
    assert_eq!(details(&client, &id).await["verification_status"], "unverified");

    data(&client.put(&path_of(&id), &json!({"last_name": "Bloggs"})).await);
    start(&client, &id).await;
    wait_for_details(&client, &id, "verified").await;
    assert_eq!(verifications(&client, &id).await["total"], 2);
}

#[tokio::test]
async fn a_company_is_verified_by_its_own_name() {
    let client = login().await;
    let body: Value = with(crate::answers::company(), "/company_name", json!("Reject"));
    let id = create(&client, &body).await;

    data(&authenticate(&client, &passport(&id)).await);

    wait_for_details(&client, &id, "rejected").await;
}

use serde_json::json;

use crate::stack::{Stack, customer};

#[tokio::test]
async fn a_customer_is_read_as_documented() {
    let client = Stack::start().await.client().await;
    let mut body = customer("Bloggs");
    body["address"]["number"] = json!(44);
    let created = client.post("/accounts/create_customer", body).await;
    let id = created.data()["customer_id"].as_str().unwrap();

    let reply = client.get(&format!("/accounts/customers/{id}")).await;

    let data = reply.data();
    let (created, updated) =
        (data["created"].as_str().unwrap(), data["last_update"].as_str().unwrap());
    assert_eq!((created.len(), updated.len()), (19, 19));
    let expected = format!(
        concat!(
            r#"{{"status":1,"message":"Success","data":{{"customer_id":"{}","active":true,"#,
            r#""customer_type":"individual","name":"Joe Bloggs","first_name":"Joe","#,
            r#""last_name":"Bloggs","address":{{"number":"44","refinement":"Suite 2, 4th Floor","#,
            r#""street":"Baker Street","city":"London","postal_code":"W1U7AL","#,
            r#""iso_country":"GB"}},"dob":"1988-10-03","email":"support@acquired.com","#,
            r#""phone":"+44(0)203 982 6580","created":"{}","last_update":"{}","#,
            r#""verified":false,"verification_status":"unverified"}}}}"#
        ),
        id, created, updated
    );
    assert_eq!(reply.text, expected);
}

#[tokio::test]
async fn an_update_changes_what_it_names() {
    let client = Stack::start().await.client().await;
    let path = format!("/accounts/customers/{}", client.customer("Bloggs").await);

    let reply = client.put(&path, json!({"address": {"city": "Leeds"}, "active": "false"})).await;

    let expected = path.rsplit('/').next().unwrap();
    assert_eq!(reply.data(), &json!({"customer_id": expected}));
    let details = client.get(&path).await;
    assert_eq!(details.data()["address"]["city"], "Leeds");
    assert_eq!(details.data()["address"]["street"], "Baker Street");
    assert_eq!(details.data()["active"], false);
}

#[tokio::test]
async fn an_update_of_nothing_is_refused() {
    let client = Stack::start().await.client().await;
    let path = format!("/accounts/customers/{}", client.customer("Bloggs").await);

    for body in [json!({}), json!({"email": null}), json!({"phone": ""}), json!({"address": {}})] {
        let reply = client.put(&path, body).await;
        assert_eq!(reply.bad(), ["body"], "{}", reply.text);
    }
}

#[tokio::test]
async fn a_row_of_the_list_is_as_documented() {
    let client = Stack::start().await.client().await;
    client.ledger("gbp").await;

    let reply = client.get("/accounts/customers/list").await;

    let row = &reply.data()["list"][0];
    let expected = json!({
        "customer_id": row["customer_id"],
        "first_name": "Joe",
        "middle_name": "",
        "last_name": "Bloggs",
        "customer_type": "individual",
        "ledger_count": 1,
        "primary_use": ["payments", "settlement"],
        "verified": false,
        "active": true
    });
    assert_eq!(row, &expected);
    assert_eq!(reply.data()["total"], 1);
    assert!(reply.data().get("next_cursor").is_none());
}

#[tokio::test]
async fn a_company_shows_its_name() {
    let client = Stack::start().await.client().await;
    let body = json!({
        "customer_type": "company",
        "company_name": "Acme Ltd",
        "address": {"iso_country": "gb"}
    });
    client.post("/accounts/create_customer", body).await.data();

    let reply = client.get("/accounts/customers/list?customer_type=company&name=acme").await;

    let row = &reply.data()["list"][0];
    assert_eq!((&row["company_name"], &row["first_name"]), (&json!("Acme Ltd"), &json!("")));
    assert_eq!((&row["ledger_count"], &row["primary_use"]), (&json!(0), &json!([])));
}

#[tokio::test]
async fn the_list_is_paged_and_filtered() {
    let client = Stack::start().await.client().await;
    for last_name in ["One", "Two", "Three"] {
        client.customer(last_name).await;
    }

    let first = client.get("/accounts/customers/list?limit=2").await;
    let cursor = first.data()["next_cursor"].as_str().unwrap();
    let second = client.get(&format!("/accounts/customers/list?limit=2&cursor={cursor}")).await;

    let last_names = |reply: &crate::stack::Reply| {
        let rows = reply.data()["list"].as_array().unwrap().iter();
        rows.map(|row| row["last_name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(last_names(&first), ["Three", "Two"]);
    assert_eq!(last_names(&second), ["One"]);
    assert_eq!((&first.data()["total"], &second.data()["total"]), (&json!(3), &json!(3)));
    assert!(second.data().get("next_cursor").is_none());
    for (query, total) in [
        ("active=true&verified=false&email=SUPPORT@acquired.com&name=joe%20t", 2),
        ("created_from=2020-01-01&created_to=2999-12-31", 3),
        ("created_to=2020/01/01%2000:00:00", 0),
        ("active=&name=&created_from=", 3),
    ] {
        let reply = client.get(&format!("/accounts/customers/list?{query}")).await;
        assert_eq!(reply.data()["total"], total, "{query}");
    }
}

#[tokio::test]
async fn another_tenant_s_customer_does_not_exist() {
    let stack = Stack::start().await;
    let id = stack.client().await.customer("Bloggs").await;

    let reply = stack.client().await.get(&format!("/accounts/customers/{id}")).await;

    assert_eq!(reply.refusal(), (404, "CUSTOMER_NOT_FOUND"));
}

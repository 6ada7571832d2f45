//! The audit log of the whole platform: whoever changes something is on record, and no one else is.

mod program;
mod rpcs;
mod walk;

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use uuid::Uuid;

use crate::{
    scene::{self, CREATE_CUSTOMER, Reply, Scene, ledger_path, rows, send},
    stack::platform,
};

/// Sends a request by a name of its own. Answers that name.
async fn named(request: RequestBuilder) -> (String, Reply) {
    let name = Uuid::now_v7().to_string();
    let reply = send(request.header("X-Request-Id", &name)).await;
    (name, reply)
}

/// All that is on record of a tenant, newest first.
async fn records(scene: &Scene, query: &str) -> Vec<Value> {
    let page = scene.get(&format!("/audit?limit=1000&{query}")).await;
    rows(page.data()).to_vec()
}

fn of<'a>(records: &'a [Value], request: &str) -> Vec<&'a Value> {
    records.iter().filter(|record| record["request_id"] == request).collect()
}

async fn database(service: &str) -> PgConnection {
    let databases = &platform().databases;
    let place = databases.server.clone().database(&format!("{}{service}", databases.prefix));
    let mut conn = PgConnection::connect_with(&place).await.unwrap();
    sqlx::query("set lombard.tenants = '*'").execute(&mut conn).await.unwrap();
    conn
}

/// Every record that mentions one of a tenant's ids, as PostgreSQL writes it.
async fn written(tenant: Uuid) -> String {
    let mut all = String::new();
    for service in ["access", "customer", "kyc", "ledger"] {
        let statement = "select r::text from audit_records r where tenant_id = $1";
        let found: Vec<String> = sqlx::query_scalar(AssertSqlSafe(statement))
            .bind(tenant)
            .fetch_all(&mut database(service).await)
            .await
            .unwrap();
        all.push_str(&found.join("\n"));
    }
    all
}

#[tokio::test]
async fn a_retry_leaves_no_second_record_and_a_refusal_none() {
    let scene = Scene::new().await;
    let create = || {
        let request = scene.client.request(Method::POST, CREATE_CUSTOMER);
        request.header("Idempotency-Key", "one-intent").json(&scene::customer("Bloggs"))
    };
    let (first, made) = named(create()).await;
    let (second, again) = named(create()).await;
    let path = format!("/accounts/customers/{}", made.text("customer_id"));
    let put = |body: Value| scene.client.request(Method::PUT, &path).json(&body);
    let (bad, refused) = named(put(json!({"email": "nobody"}))).await;
    let (same, unchanged) = named(put(json!({"active": true}))).await;
    let ledger = scene.ledger("gbp").await;
    let stranger = Scene::new().await;
    let put = stranger.client.request(Method::PUT, &ledger_path(&ledger));
    let (theirs, unseen) = named(put.json(&json!({"active": false}))).await;

    let all = records(&scene, "").await;
    let seen = records(&stranger, "").await;

    assert!(again.is_replayed() && refused.status == 400 && unseen.status == 404);
    assert_eq!(unchanged.status, 200);
    assert_eq!(of(&all, &first).len(), 1);
    for request in [second, bad, same, theirs] {
        assert_eq!((of(&all, &request).len(), of(&seen, &request).len()), (0, 0));
    }
}

#[tokio::test]
async fn the_log_is_filtered_and_paged_and_its_readers_are_in_it() {
    let scene = Scene::new().await;
    let [one, other] = [scene.customer("Bloggs").await, scene.customer("Dupont").await];
    scene.set_customer(&one, false).await;

    let object = records(&scene, &format!("object=customers/{one}")).await;
    let action = records(&scene, "action=customer.create").await;
    let user = object[0]["user_id"].as_str().unwrap();
    let nobodys = records(&scene, &format!("user_id={}", scene::NOBODY)).await;
    let users = records(&scene, &format!("user_id={user}&action=login")).await;
    let early = records(&scene, "to=2020-01-01").await;
    let late = records(&scene, "from=2020-01-01&action=customer.disable").await;
    let whole = records(&scene, "").await;
    let bad = scene.get("/audit?limit=0&user_id=me&from=soon&who=me").await;
    let (mut paged, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = scene.get(&format!("/audit?limit=2&cursor={cursor}")).await.data().clone();
        paged.extend(rows(&page).to_vec());
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = next.to_owned();
    }

    let said = |records: &[Value]| {
        let said = |record: &Value| record["action"].as_str().unwrap().to_owned();
        records.iter().map(said).collect::<Vec<_>>()
    };
    assert_eq!(said(&object), ["customer.disable", "customer.create"]);
    assert_eq!(object[0]["before_digest"], object[1]["after_digest"]);
    assert_eq!(action[0]["object"], format!("customers/{other}"));
    assert_eq!((said(&action).len(), said(&late).len(), said(&users).len()), (2, 1, 1));
    assert_eq!((nobodys.len(), early.len()), (0, 0));
    assert_eq!(bad.bad(), ["from", "limit", "user_id", "who"]);
    // Since `whole` was read only reading has gone on, which four services put on record.
    let ids = |records: &[Value]| {
        let id = |record: &Value| record["audit_record_id"].as_str().unwrap().to_owned();
        records.iter().map(id).collect::<Vec<_>>()
    };
    let (paged, before) = (ids(&paged), ids(&whole));
    assert!(paged.is_sorted_by(|newer, older| newer > older), "{paged:?}");
    assert!(before.iter().all(|id| paged.contains(id)));
    assert_eq!(said(&whole).iter().filter(|said| *said == "audit.read").count() % 4, 0);
    assert!(said(&whole).iter().any(|said| said == "audit.read"));
}

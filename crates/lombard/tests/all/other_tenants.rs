//! Every route and every rpc, given the ids of another tenant's things: they are not there, nothing is
//! told of them, and nothing is changed. The lists of routes and rpcs are the platform's own
//! descriptions, so that a new one without a case fails here.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use proto::access::v1::{LookUpTokenRequest, access_service_client::AccessServiceClient};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use tokio::time::sleep;
use tonic::Code;
use uuid::Uuid;

use crate::{
    answers::AUTHENTICATE,
    authenticate::JPEG,
    scene::{FASTER_PAYMENT, Scene, TRANSFER, faster_payment, send, transfer},
    stack::platform,
};

mod rest;
mod rpcs;
mod timing;
mod wire;

/// Longer than any work that the platform does by itself takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A tenant with one of everything that has an id.
struct Somebody {
    scene: Scene,
    tenant: Uuid,
    user: String,
    customer: String,
    ledger: String,
    transaction: String,
    transfer: String,
    payment: String,
    verification: String,
    key: String,
}

impl Somebody {
    async fn new() -> Self {
        let scene = Scene::new().await;
        let url = format!("http://{}", platform().stack.grpc("access").unwrap());
        let mut access = AccessServiceClient::new(kit::client::channel(url).unwrap());
        let token = LookUpTokenRequest { token: scene.client.token.clone() };
        let known = access.look_up_token(token).await.unwrap().into_inner();
        // Left to a person by the sandbox's provider.
        let customer = scene.customer("Refer").await;
        let ledger = scene.ledger_of(&customer, "gbp").await;
        let transaction = scene.fund(&ledger, "100.00").await;
        let other = scene.ledger("gbp").await;
        let moved = scene.post(TRANSFER, &transfer(&ledger, &other, "1.00")).await;
        let payment = scene.post(FASTER_PAYMENT, &faster_payment(&ledger, "1.00")).await;
        let verification = scene.post(AUTHENTICATE, &passport(&customer)).await;
        let key = json!({"name": "till", "scopes": ["ledgers:read"]});
        let key = scene.post("/access/keys", &key).await;
        Self {
            tenant: known.tenant_id.parse().unwrap(),
            user: known.user_id,
            payment: payment.text("payment_id"),
            verification: verification.text("verification_id"),
            key: key.text("api_key_id"),
            transfer: moved.text("transaction_id"),
            scene,
            customer,
            ledger,
            transaction,
        }
    }

    /// What nobody may be told who is not of the tenant.
    fn ids(&self) -> [&str; 8] {
        [
            &self.user,
            &self.customer,
            &self.ledger,
            &self.transaction,
            &self.transfer,
            &self.payment,
            &self.verification,
            &self.key,
        ]
    }

    /// Waits until the platform has nothing left to do for the tenant; then all that is there of it.
    async fn at_rest(&self) -> BTreeMap<String, String> {
        let (start, mut before) = (Instant::now(), self.rows().await);
        loop {
            sleep(Duration::from_secs(1)).await;
            let now = self.rows().await;
            if now == before {
                return now;
            }
            assert!(start.elapsed() < PATIENCE, "the platform does not come to rest");
            before = now;
        }
    }

    /// All that is there of the tenant, by table, but for seals and the audit log's links, which are made
    /// when entries and records are old enough.
    async fn rows(&self) -> BTreeMap<String, String> {
        let mut rows = BTreeMap::new();
        let databases = &platform().databases;
        for service in ["access", "customer", "kyc", "ledger"] {
            let database = format!("{}{service}", databases.prefix);
            let options = databases.server.clone().database(&database);
            let mut conn = PgConnection::connect_with(&options).await.unwrap();
            let tables: Vec<String> = sqlx::query_scalar(
                "
                select table_name::text from information_schema.columns
                where table_schema = 'public' and column_name = 'tenant_id'
                    and table_name not in ('seals', 'audit_links')
                ",
            )
            .fetch_all(&mut conn)
            .await
            .unwrap();
            for table in tables {
                let all = format!(
                    "select coalesce(string_agg(t::text, E'\\n' order by t::text), '') from {table} t
                    where tenant_id = $1"
                );
                let all = sqlx::query_scalar(AssertSqlSafe(all)).bind(self.tenant);
                let all: String = all.fetch_one(&mut conn).await.unwrap();
                rows.insert(format!("{service}.{table}"), all);
            }
        }
        rows
    }
}

fn passport(customer: &str) -> Value {
    json!({
        "customer_id": customer,
        "third_party": "gb_group",
        "id_type": "passport",
        "front": {"image": JPEG, "mime_type": "image/jpeg"},
    })
}

/// Two tenants who have nothing to do with each other.
async fn two() -> (Somebody, Somebody) {
    tokio::join!(Box::pin(Somebody::new()), Box::pin(Somebody::new()))
}

#[tokio::test]
async fn no_route_shows_or_changes_what_is_another_tenant_s() {
    let (us, them) = two().await;
    let (ours, theirs) = tokio::join!(us.at_rest(), them.at_rest());
    let (_, _, description) = us.scene.client.get("/openapi.json").await;
    let mut cases: BTreeMap<_, _> = rest::cases(&us, &them).into_iter().collect();

    for operation in rest::operations(&description) {
        let case = cases.remove(operation.as_str());
        let Some(case) = case else { panic!("{operation} has no case: does it take an id?") };
        for (path, body) in case {
            let (method, _) = operation.split_once(' ').unwrap();
            let request =
                us.scene.client.request(Method::from_bytes(method.as_bytes()).unwrap(), &path);
            let request = if body.is_null() { request } else { request.json(&body) };
            let reply = send(request).await;
            assert_eq!(reply.status, 404, "{operation}: {reply:?}");
            let (text, asked) = (&reply.text, format!("{path}{body}"));
            for id in them.ids() {
                assert!(asked.contains(id) || !text.contains(id), "{operation} tells {id}: {text}");
            }
        }
    }

    assert!(cases.is_empty(), "there are no such routes: {:?}", cases.keys());
    assert_eq!((us.rows().await, them.rows().await), (ours, theirs));
}

#[tokio::test]
async fn no_rpc_shows_or_changes_what_is_another_tenant_s() {
    let (us, them) = two().await;
    let (ours, theirs) = tokio::join!(us.at_rest(), them.at_rest());
    let mut cases: BTreeMap<_, _> = rpcs::cases(&us, &them).into_iter().collect();

    for rpc in wire::rpcs() {
        let case = cases.remove(rpc.name.as_str());
        let Some(case) = case else { panic!("{} has no case: does it take an id?", rpc.name) };
        for (message, expected) in case {
            let answer = rpc.call(&us, &message).await;
            let (text, asked) = match (&answer, expected) {
                (Ok(answer), rpcs::Expected::Nothing) => {
                    (String::from_utf8_lossy(answer).into_owned(), String::new())
                }
                (Err(status), rpcs::Expected::Missing) if status.code() == Code::NotFound => {
                    (status.to_string(), message.to_string())
                }
                (Ok(_), rpcs::Expected::Missing) | (Err(_), _) => {
                    panic!("{} {message}: {answer:?}", rpc.name)
                }
            };
            // A refusal may repeat what it was asked for.
            for id in them.ids() {
                assert!(asked.contains(id) || !text.contains(id), "{} tells {id}", rpc.name);
            }
        }
    }

    assert!(cases.is_empty(), "there are no such rpcs: {:?}", cases.keys());
    assert_eq!((us.rows().await, them.rows().await), (ours, theirs));
}

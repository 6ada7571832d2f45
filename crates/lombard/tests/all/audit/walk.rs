//! Every rpc that changes something is called once, by somebody, and is on record with them.

use std::{collections::BTreeSet, time::Duration};

use access::Settings;
use proto::{
    access::v1::{
        CreateTenantRequest, CreateUserRequest, ListUsersRequest, LookUpTokenRequest, Tenant,
        UpdateTenantRequest, UpdateUserRequest, User, access_service_client::AccessServiceClient,
        admin_service_client::AdminServiceClient,
    },
    kyc::v1::{DocumentSide, GetDocumentRequest, document_service_client::DocumentServiceClient},
};
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::{PgPool, Row};
use tokio::time::{Instant, sleep};
use tonic::Request;
use uuid::Uuid;

use super::{database, named, of, records, rpcs::RECORDED, written};
use crate::{
    authenticate::JPEG,
    scene::{
        CREATE_CUSTOMER, CREATE_LEDGER, FASTER_PAYMENT, Reply, Scene, cancel_path, faster_payment,
        ledger, ledger_path,
    },
    stack::platform,
};

/// Longer than anything here takes on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// What must be in no record. Nothing that hexadecimal digits could be by chance.
const CANARIES: [&str; 7] =
    ["Zebedee", "Quagmire", "1977-05-06", "zebedee@", "447700900123", "12345678", "LOOKS_ALIKE"];

/// What was called, as it is to be on record.
struct Done {
    action: &'static str,
    request: String,
    object: String,
}

struct Walk {
    scene: Scene,
    tenant: Uuid,
    user: String,
    done: Vec<Done>,
}

impl Walk {
    async fn begin() -> Self {
        let scene = Scene::new().await;
        let address = platform().stack.grpc("access").unwrap();
        let channel = kit::client::channel(format!("http://{address}")).unwrap();
        let look_up = LookUpTokenRequest { token: scene.client.token.clone() };
        let found = AccessServiceClient::new(channel).look_up_token(look_up).await.unwrap();
        let found = found.into_inner();
        Self { scene, tenant: found.tenant_id.parse().unwrap(), user: found.user_id, done: vec![] }
    }

    /// Calls over REST. `object` is made of what is answered.
    async fn call(
        &mut self,
        action: &'static str,
        (method, path): (Method, &str),
        body: Value,
        object: impl Fn(&Reply) -> String,
    ) -> Reply {
        let request = self.scene.client.request(method.clone(), path);
        let has_body = matches!(method, Method::POST | Method::PUT);
        let request = if has_body { request.json(&body) } else { request };
        let (request, reply) = named(request).await;
        assert_eq!(reply.status, 200, "{action}: {}", reply.text);
        self.done.push(Done { action, request, object: object(&reply) });
        reply
    }

    async fn put(&mut self, action: &'static str, path: &str, body: Value, object: &str) {
        self.call(action, (Method::PUT, path), body, |_| object.to_owned()).await;
    }

    async fn access(&mut self) {
        let me = format!("users/{}", self.user);
        let (email, password) = (&self.scene.client.email, &self.scene.client.password);
        let body = json!({"email": email, "password": password});
        let reply = self.call("login", (Method::POST, "/login"), body, |_| me.clone()).await;
        let token = reply.text("token");
        let mut stranger = self.scene.clone();
        stranger.client.token = token;
        let (request, reply) = named(stranger.client.request(Method::POST, "/logout")).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        self.done.push(Done { action: "logout", request, object: me });
        let body = json!({"name": "robot", "scopes": ["customers:write"]});
        let object = |reply: &Reply| format!("api_keys/{}", reply.text("api_key_id"));
        let made = self.call("api_key.create", (Method::POST, "/access/keys"), body, object).await;
        let id = made.text("api_key_id");
        let (path, object) = (format!("/access/keys/{id}"), format!("api_keys/{id}"));
        self.put("api_key.update", &path, json!({"name": "machine"}), &object).await;
        for (action, verb) in [("api_key.rotate", "rotate"), ("api_key.revoke", "revoke")] {
            let path = format!("{path}/{verb}");
            self.call(action, (Method::POST, &path), json!({}), |_| object.clone()).await;
        }
        let read = |_: &Reply| "audit".to_owned();
        self.call("audit.read", (Method::GET, "/audit"), json!({}), read).await;
    }

    async fn customer(&mut self, last_name: &str) -> String {
        let body = json!({
            "customer_type": "individual",
            "first_name": "Zebedee",
            "last_name": last_name,
            "dob": "1977-05-06",
            "email": "zebedee@example.com",
            "phone": "+447700900123",
            "address": {"iso_country": "GB", "street": "Quagmire Lane"},
        });
        let object = |reply: &Reply| format!("customers/{}", reply.text("customer_id"));
        let path = (Method::POST, CREATE_CUSTOMER);
        self.call("customer.create", path, body, object).await.text("customer_id")
    }

    async fn customers(&mut self) {
        let id = self.customer("Quagmire").await;
        let (path, object) = (format!("/accounts/customers/{id}"), format!("customers/{id}"));
        self.put("customer.update", &path, json!({"first_name": "Ada"}), &object).await;
        self.put("customer.disable", &path, json!({"active": false}), &object).await;
        self.put("customer.enable", &path, json!({"active": true}), &object).await;
        self.put("customer.disable", &path, json!({"active": false}), &object).await;
        let retention = format!("{path}/retention");
        let today = kit::time::now().date().to_string();
        let ended = json!({"relationship_ended_at": today});
        self.put("retention.update", &retention, ended, &object).await;
        let long_ago = "update customers set relationship_ended_at = now() - interval '6 years' \
                        where customer_id = $1::uuid";
        let mut conn = database("customer").await;
        sqlx::query(long_ago).bind(&id).execute(&mut conn).await.unwrap();
        let path = format!("{path}/personal_data");
        let erase = (Method::DELETE, path.as_str());
        self.call("customer.erase", erase, json!({}), |_| object.clone()).await;
    }

    /// The id of a verification that is for a person to decide.
    async fn referred(&mut self) -> String {
        let customer = self.customer("Refer").await;
        let body = json!({
            "customer_id": customer,
            "third_party": "gb_group",
            "id_type": "passport",
            "front": {"image": JPEG, "mime_type": "image/jpeg"},
        });
        let object = |reply: &Reply| format!("verifications/{}", reply.text("verification_id"));
        let path = (Method::POST, crate::answers::AUTHENTICATE);
        let made = self.call("verification.create", path, body, object).await;
        let start = Instant::now();
        let path = format!("/accounts/customers/{customer}/verifications");
        loop {
            let list = self.scene.get(&path).await.data().clone();
            if list["list"][0]["verification_status"] == "in_review" {
                break;
            }
            assert!(start.elapsed() < PATIENCE, "{list}");
            sleep(Duration::from_millis(50)).await;
        }
        // The customer service hears of it in the same request.
        let request = self.done.last().unwrap().request.clone();
        let object = format!("customers/{customer}");
        self.done.push(Done { action: "customer.record_verification", request, object });
        made.text("verification_id")
    }

    async fn verifications(&mut self) {
        let settings = "screening_settings";
        self.put("screening_settings.set", "/kyc/screening", json!({"threshold": 900}), settings)
            .await;
        let policy = json!({"four_eyes": false});
        self.put("review_policy.set", "/kyc/review_policy", policy, "review_policy").await;
        let id = self.referred().await;
        let object = format!("verifications/{id}");
        let path = format!("/accounts/verifications/{id}/evidence");
        let evidence =
            self.call("evidence.read", (Method::GET, &path), json!({}), |_| object.clone()).await;
        let version = evidence.data()["evidence_version"].clone();
        let path = format!("/accounts/verifications/{id}/history");
        self.call("history.read", (Method::GET, &path), json!({}), |_| object.clone()).await;
        self.read_document(&id).await;
        let decide = format!("/accounts/verifications/{id}/decision");
        let approve = json!({
            "decision": "approve",
            "reason": "LOOKS_ALIKE",
            "evidence_version": version,
            "note": "Zebedee is who she says",
        });
        self.call("decision.approve", (Method::POST, &decide), approve, |_| object.clone()).await;
        let id = self.referred().await;
        let object = format!("verifications/{id}");
        let play = format!("/sandbox/verifications/{id}/decide");
        let reject = json!({"decision": "reject", "reason": "FORGED"});
        self.call("verification.reject", (Method::POST, &play), reject, |_| object.clone()).await;
    }

    async fn read_document(&mut self, verification: &str) {
        let address = platform().stack.grpc("kyc").unwrap();
        let channel = kit::client::channel(format!("http://{address}")).unwrap();
        let message = GetDocumentRequest {
            verification_id: verification.to_owned(),
            side: DocumentSide::Front.into(),
        };
        let name = Uuid::now_v7().to_string();
        let mut request = Request::new(message);
        let tenant = self.tenant.to_string();
        for (key, value) in [
            ("x-lombard-tenant", tenant.as_str()),
            ("x-lombard-user", &self.user),
            ("x-lombard-scopes", "documents:read"),
            ("x-request-id", &name),
        ] {
            request.metadata_mut().insert(key, value.parse().unwrap());
        }
        DocumentServiceClient::new(channel).get_document(request).await.unwrap();
        let object = format!("verifications/{verification}/documents/front");
        self.done.push(Done { action: "document.read", request: name, object });
    }

    async fn ledgers(&mut self) {
        let customer = self.customer("Quagmire").await;
        let object = |reply: &Reply| format!("ledgers/{}", reply.text("ledger_id"));
        let new = ledger(&customer, "gbp");
        let made = self.call("ledger.create", (Method::POST, CREATE_LEDGER), new, object).await;
        let id = made.text("ledger_id");
        let (path, object) = (ledger_path(&id), format!("ledgers/{id}"));
        self.put("ledger.disable", &path, json!({"active": false}), &object).await;
        self.put("ledger.enable", &path, json!({"active": true}), &object).await;
        let limit = json!({"overdraft_limit": "10.00"});
        self.put("ledger.set_overdraft", &path, limit, &object).await;
        self.scene.fund(&id, "200").await;
        for _ in 0..200 {
            let object = |reply: &Reply| format!("payments/{}", reply.text("payment_id"));
            let pay = faster_payment(&id, "1");
            let made = self.call("payment.create", (Method::POST, FASTER_PAYMENT), pay, object);
            let payment = made.await.text("payment_id");
            let path = cancel_path(&payment);
            let (request, reply) = named(self.scene.client.request(Method::POST, &path)).await;
            if reply.status == 200 {
                let object = format!("payments/{payment}");
                self.done.push(Done { action: "payment.cancel", request, object });
                return;
            }
        }
        panic!("none was ever taken back");
    }
}

#[tokio::test]
async fn everybody_who_changes_something_is_on_record_with_what_and_by_which_request() {
    let mut walk = Box::pin(Walk::begin()).await;
    Box::pin(walk.access()).await;
    Box::pin(walk.customers()).await;
    Box::pin(walk.verifications()).await;
    Box::pin(walk.ledgers()).await;

    let found = records(&walk.scene, "").await;

    let (mut seen, mut reported) = (BTreeSet::new(), 0);
    for Done { action, request, object } in &walk.done {
        let records: Vec<_> =
            of(&found, request).into_iter().filter(|one| one["action"] == *action).collect();
        seen.insert(*action);
        // A worker may have been faster than whoever asked.
        if *action == "customer.record_verification" && records.is_empty() {
            reported += 1;
            continue;
        }
        let services = if *action == "audit.read" { 4 } else { 1 };
        assert_eq!(records.len(), services, "{action}: {found:#?}");
        assert_eq!(records[0]["object"], *object, "{action}");
        assert_eq!(records[0]["user_id"], walk.user, "{action}");
        assert_eq!(records[0].get("service"), None, "{action}");
    }
    assert!(reported < 2, "no report is on record");
    let administered = administer().await;
    seen.extend(administered);
    let missed: Vec<_> = RECORDED.iter().filter(|(_, action)| !seen.contains(action)).collect();
    assert_eq!(missed, [&("", ""); 0], "rpcs that were not called");
    let written = written(walk.tenant).await;
    for canary in CANARIES {
        assert!(!written.contains(canary), "{canary} is in a record");
    }
    // Workers do as services, under names of their own.
    let by_services = found.iter().filter(|one| one.get("service").is_some());
    let names: BTreeSet<_> = by_services.map(|one| one["service"].as_str().unwrap()).collect();
    assert!(names.is_subset(&["kyc", "ledger", "operator"].into()), "{names:?}");
    assert!(names.contains("kyc"), "{names:?}");
}

/// Calls what operators of the platform call. Answers the actions that are on record.
async fn administer() -> Vec<&'static str> {
    let pool = testkit::database("access", &access::MIGRATIONS).await;
    let channel = testkit::serve(access::service(pool.clone(), Settings::default())).await;
    let mut admin = AdminServiceClient::new(channel);
    let mask = |path: &str| Some(prost_types::FieldMask { paths: vec![path.to_owned()] });
    let tenant = Some(Tenant { name: "Umbrella".to_owned(), ..Tenant::default() });
    let made = admin.create_tenant(ask(CreateTenantRequest { tenant }, "tenant.create"));
    let tenant = made.await.unwrap().into_inner();
    let tenant_id = tenant.tenant_id.clone();
    let tenant = Some(Tenant { requests_per_second: 5, ..tenant });
    let update = UpdateTenantRequest { tenant, update_mask: mask("requests_per_second") };
    admin.update_tenant(ask(update, "tenant.update")).await.unwrap();
    let user = User {
        tenant_id: tenant_id.clone(),
        email: "zebedee@example.com".to_owned(),
        ..User::default()
    };
    let password = "a long enough password".to_owned();
    let new = CreateUserRequest { user: Some(user), password };
    let user = admin.create_user(ask(new, "user.create")).await.unwrap().into_inner();
    let list = ListUsersRequest { tenant_id: tenant_id.clone(), ..ListUsersRequest::default() };
    admin.list_users(ask(list, "users.read")).await.unwrap();
    let object = format!("users/{}", user.user_id);
    let update = UpdateUserRequest {
        user: Some(User { active: false, ..user }),
        update_mask: mask("active"),
        ..UpdateUserRequest::default()
    };
    admin.update_user(ask(update, "user.update")).await.unwrap();
    on_record(&pool, &tenant_id, &object).await
}

async fn on_record(pool: &PgPool, tenant: &str, user: &str) -> Vec<&'static str> {
    let asked = ["tenant.create", "tenant.update", "user.create", "users.read", "user.update"];
    let rows = sqlx::query(
        "select r.action, r.object, r.service, r.request_id, r::text as whole
         from audit_records r where tenant_id = $1::uuid order by audit_record_id",
    );
    let rows = rows.bind(tenant).fetch_all(pool).await.unwrap();
    let actions: Vec<String> = rows.iter().map(|row| row.get("action")).collect();
    let tenants = format!("tenants/{tenant}");
    let objects = [&tenants, &tenants, user, "users", user];
    assert_eq!(actions, asked);
    for (row, object) in rows.iter().zip(objects) {
        assert_eq!(row.get::<&str, _>("request_id"), row.get::<&str, _>("action"));
        assert_eq!(row.get::<&str, _>("service"), "operator");
        assert_eq!(row.get::<&str, _>("object"), object);
        assert!(!row.get::<&str, _>("whole").contains("zebedee"));
    }
    asked.to_vec()
}

fn ask<M>(message: M, name: &'static str) -> Request<M> {
    let mut request = Request::new(message);
    request.metadata_mut().insert("x-request-id", name.parse().unwrap());
    request
}

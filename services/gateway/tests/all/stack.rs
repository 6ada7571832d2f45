//! The platform for one test, and how its surface is called.

use std::{net::SocketAddr, time::Duration};

use access::{Access, SCOPES};
use axum::{Router, body::Body, extract::ConnectInfo, response::Response};
use gateway::{Limits, Settings};
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use prost_types::FieldMask;
use proto::access::v1::{
    LookUpTokenRequest, Tenant, UpdateTenantRequest, UpdateUserRequest, User,
    access_service_client::AccessServiceClient, admin_service_client::AdminServiceClient,
};
use serde_json::{Value, json};
use sqlx::PgPool;
use tonic::transport::Channel;
use tower::ServiceExt;
use types::{BankCode, Bic, Currency, SortCode};

/// What the users log in with.
pub(crate) const PASSWORD: &str = "correct horse battery staple";

/// The gateway and everything behind it.
pub(crate) struct Stack {
    pub(crate) settings: Settings,
    pub(crate) customer_pool: PgPool,
    router: Router,
    access: Access,
}

impl Stack {
    pub(crate) async fn start() -> Self {
        let pool = testkit::database("access", &access::MIGRATIONS).await;
        let users = Access::new(pool.clone(), LIFETIME);
        let access = access::service(pool, access::Settings::default());
        let customer_pool = testkit::database("customer", &customer::MIGRATIONS).await;
        let customer =
            testkit::serve(customer::service(customer_pool.clone(), testkit::keys())).await;
        let kyc = testkit::database("kyc", &kyc::MIGRATIONS).await;
        let kyc = kyc::service(&kyc_settings(), kyc, customer.clone());
        let ledger = testkit::database("ledger", &ledger::MIGRATIONS).await;
        let (ledger, _) = ledger::service(ledger_settings(), ledger, customer.clone());
        let settings = Settings {
            access: testkit::serve(access).await,
            customer,
            kyc: testkit::serve(kyc).await,
            ledger: testkit::serve(ledger).await,
            sandbox: true,
            drain_timeout: Duration::from_secs(1),
            limits: Limits::default(),
        };
        Self { router: gateway::router(&settings), settings, customer_pool, access: users }
    }

    /// A client of a new tenant, who may do everything.
    pub(crate) async fn client(&self) -> Client {
        self.client_who_may(&SCOPES).await
    }

    /// A client of a new tenant, who may do some things.
    pub(crate) async fn client_who_may(&self, scopes: &[&str]) -> Client {
        let email = self.user(scopes).await;
        let mut client = Client { router: self.router.clone(), token: None, peer: PEER };
        let reply = client.post("/login", json!({"email": email, "password": PASSWORD})).await;
        client.token = reply.body["data"]["token"].as_str().map(str::to_owned);
        assert!(client.token.is_some(), "{reply:?}");
        client
    }

    /// A client of another gateway before the same services.
    pub(crate) fn elsewhere(&self, client: &Client) -> Client {
        Client { router: gateway::router(&self.settings), ..client.clone() }
    }

    /// Sets how many requests a second the tenant of a client may make.
    pub(crate) async fn limit(&self, client: &Client, requests_per_second: i32) {
        let mut access = AccessServiceClient::new(self.settings.access.clone());
        let token = client.token.clone().unwrap();
        let found = access.look_up_token(LookUpTokenRequest { token }).await.unwrap().into_inner();
        let tenant_id = found.tenant_id;
        let tenant = Some(Tenant { tenant_id, requests_per_second, ..Tenant::default() });
        let update_mask = Some(FieldMask { paths: vec!["requests_per_second".into()] });
        let mut admin = AdminServiceClient::new(self.settings.access.clone());
        admin.update_tenant(UpdateTenantRequest { tenant, update_mask }).await.unwrap();
    }

    /// Says what the user of a client may do from now on.
    pub(crate) async fn let_user(&self, client: &Client, scopes: &[&str]) {
        let mut access = AccessServiceClient::new(self.settings.access.clone());
        let token = client.token.clone().unwrap();
        let found = access.look_up_token(LookUpTokenRequest { token }).await.unwrap().into_inner();
        let user = User {
            tenant_id: found.tenant_id,
            user_id: found.user_id,
            scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
            ..User::default()
        };
        let message = UpdateUserRequest {
            user: Some(user),
            password: String::new(),
            update_mask: Some(FieldMask { paths: vec!["scopes".into()] }),
        };
        let mut admin = AdminServiceClient::new(self.settings.access.clone());
        admin.update_user(message).await.unwrap();
    }

    /// A client without a token.
    pub(crate) fn stranger(&self) -> Client {
        Client { router: self.router.clone(), token: None, peer: PEER }
    }

    /// The address of a user of a new tenant.
    pub(crate) async fn user(&self, scopes: &[&str]) -> String {
        let name = uuid::Uuid::now_v7().to_string();
        let email = format!("{name}@example.com");
        let tenant = self.access.ensure_tenant(&name).await.unwrap();
        self.access.ensure_user(tenant, &email, PASSWORD, scopes).await.unwrap();
        email
    }
}

const LIFETIME: Duration = Duration::from_hours(1);

fn kyc_settings() -> kyc::Settings {
    let nowhere = || Some("http://127.0.0.1:9".to_owned());
    let hosts = kyc::providers::Hosts { go: nowhere(), go_token: nowhere(), ..Default::default() };
    let keys = kit::keys::Keyring::throw_away().unwrap();
    let settings = kyc::Settings::new(keys, kyc::Objects::in_memory()).in_the_sandbox();
    kyc::Settings { hosts, ..settings }
}

fn ledger_settings() -> ledger::Settings {
    ledger::Settings {
        currencies: ["GBP", "EUR", "USD"].map(|code| Currency::parse(code).unwrap()).to_vec(),
        bank_code: BankCode::parse("PAYR").unwrap(),
        sort_code: SortCode::parse("040052").unwrap(),
        bic: Bic::parse("PAYRGB20XXX").unwrap(),
        sandbox: true,
        payments: ledger::PaymentSettings::default(),
        seal_interval_s: 0,
    }
}

/// An address like any other.
const PEER: &str = "192.0.2.1:4711";

/// Where nobody listens.
pub(crate) fn nobody() -> Channel {
    kit::client::channel("http://127.0.0.1:9".to_owned()).unwrap()
}

/// Somebody with a token.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) router: Router,
    pub(crate) token: Option<String>,
    /// From where.
    pub(crate) peer: &'static str,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) text: String,
    pub(crate) body: Value,
}

impl Reply {
    /// The parameters that were bad.
    pub(crate) fn bad(&self) -> Vec<&str> {
        assert_eq!((self.status.as_u16(), &self.body["status"]), (400, &json!(-1)), "{self:?}");
        let errors = self.body["errors"].as_array().unwrap();
        errors.iter().map(|error| error["parameter"].as_str().unwrap()).collect()
    }

    /// The data of a success.
    pub(crate) fn data(&self) -> &Value {
        assert_eq!((self.status.as_u16(), &self.body["status"]), (200, &json!(1)), "{self:?}");
        assert_eq!(self.body["message"], "Success");
        &self.body["data"]
    }

    /// The status and the code of a failure.
    pub(crate) fn refusal(&self) -> (u16, &str) {
        assert_eq!(self.body["status"], -1, "{self:?}");
        assert_eq!(self.body["request_id"], self.headers["x-request-id"].to_str().unwrap());
        (self.status.as_u16(), self.body["code"].as_str().unwrap())
    }
}

impl Client {
    pub(crate) async fn get(&self, path: &str) -> Reply {
        self.send(Method::GET, path, &[], Body::empty()).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Reply {
        self.send(Method::POST, path, &[JSON], Body::from(body.to_string())).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Reply {
        self.send(Method::PUT, path, &[JSON], Body::from(body.to_string())).await
    }

    /// A POST with an `Idempotency-Key`.
    pub(crate) async fn post_keyed(&self, path: &str, key: &str, body: Value) -> Reply {
        let headers = [JSON, ("idempotency-key", key)];
        self.send(Method::POST, path, &headers, Body::from(body.to_string())).await
    }

    /// A GET whose answer is not read yet.
    pub(crate) async fn begin(&self, path: &str) -> (StatusCode, Body) {
        let answer = self.ask(Method::GET, path, &[], Body::empty()).await;
        (answer.status(), answer.into_body())
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Body,
    ) -> Reply {
        let (parts, body) = self.ask(method, path, headers, body).await.into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let body = serde_json::from_str(&text).unwrap_or(Value::Null);
        Reply { status: parts.status, headers: parts.headers, text, body }
    }

    async fn ask(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        body: Body,
    ) -> Response {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if let Some(token) = &self.token {
            request = request.header("authorization", format!("token {token}"));
        }
        let peer: SocketAddr = self.peer.parse().unwrap();
        let request = request.extension(ConnectInfo(peer)).body(body).unwrap();
        self.router.clone().oneshot(request).await.unwrap()
    }

    /// The id of a new customer.
    pub(crate) async fn customer(&self, last_name: &str) -> String {
        let reply = self.post("/accounts/create_customer", customer(last_name)).await;
        reply.data()["customer_id"].as_str().unwrap().to_owned()
    }

    /// The id of a new ledger of a new customer.
    pub(crate) async fn ledger(&self, currency: &str) -> String {
        let body = json!({
            "customer_id": self.customer("Bloggs").await,
            "currency": currency,
            "primary_use": ["payments", "settlement"],
            "owner": "me"
        });
        let reply = self.post("/accounts/customers/create_ledger", body).await;
        reply.data()["ledger_id"].as_str().unwrap().to_owned()
    }
}

/// How a body is announced.
pub(crate) const JSON: (&str, &str) = ("content-type", "application/json");

/// The documents' own sample.
pub(crate) fn customer(last_name: &str) -> Value {
    json!({
        "customer_type": "individual",
        "first_name": "Joe",
        "last_name": last_name,
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
    })
}

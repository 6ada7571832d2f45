//! One platform for all tests of this process, and clients of it that do not meet: each belongs to a
//! tenant of its own.

use std::{
    sync::{OnceLock, mpsc},
    thread,
    time::Duration,
};

use lombard::{
    identity::Identity,
    stack::{Databases, Stack},
};
use reqwest::{Method, RequestBuilder, StatusCode, header::HeaderMap};
use serde_json::{Value, json};
use tokio::{net::TcpListener, runtime::Handle};
use uuid::Uuid;

/// What the gateway answered; null when the body is no JSON.
pub(crate) type Answer = (StatusCode, HeaderMap, Value);

/// The platform. It has a runtime of its own, because those of the tests end with each.
#[derive(Debug)]
pub(crate) struct Platform {
    /// Where to reach the gateway: `http://127.0.0.1:12345`.
    pub(crate) url: String,
    pub(crate) stack: Stack,
    /// Where its services keep their data.
    pub(crate) databases: Databases,
    runtime: Handle,
}

impl Platform {
    /// Runs on the platform's own runtime, which its pools belong to.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> T {
        self.runtime.spawn(work).await.unwrap()
    }
}

/// The platform, which the first call starts.
pub(crate) fn platform() -> &'static Platform {
    static PLATFORM: OnceLock<Platform> = OnceLock::new();
    PLATFORM.get_or_init(|| {
        let (started, starting) = mpsc::channel();
        thread::spawn(move || {
            let runtime = tokio::runtime::Runtime::new().unwrap();
            runtime.block_on(async {
                started.send(Box::pin(start()).await).unwrap();
                std::future::pending::<()>().await;
            });
        });
        starting.recv().unwrap()
    })
}

async fn start() -> Platform {
    let files = tempfile::tempdir().unwrap().keep();
    let databases = Databases {
        server: testkit::server().await,
        prefix: format!("t{}_", Uuid::now_v7().simple()),
        documents: files.join("documents"),
        files,
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let identity = Identity::default();
    let stack = Box::pin(Stack::start(&databases, &identity, listener, None)).await.unwrap();
    Platform { url: stack.url(), stack, databases, runtime: Handle::current() }
}

/// Somebody who is logged in.
#[derive(Debug, Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    url: String,
    pub(crate) token: String,
    pub(crate) email: String,
    pub(crate) password: String,
}

/// Logs in as the user of a tenant that nobody else uses.
pub(crate) async fn login() -> Client {
    let platform = platform();
    let name = Uuid::now_v7().simple().to_string();
    let email = format!("{name}@lombard.test");
    let password = "correct horse battery staple".to_owned();
    let access = platform.stack.access().clone();
    let (user, secret) = (email.clone(), password.clone());
    platform
        .run(async move {
            let tenant = access.ensure_tenant(&name).await.unwrap();
            access.ensure_user(tenant, &user, &secret, &access::SCOPES).await.unwrap();
        })
        .await;
    login_as(&platform.url, &email, &password).await
}

/// Logs in on any platform.
pub(crate) async fn login_as(url: &str, email: &str, password: &str) -> Client {
    let http = reqwest::Client::builder().timeout(Duration::from_secs(30)).build().unwrap();
    let mut client = Client {
        http,
        url: url.to_owned(),
        token: String::new(),
        email: email.to_owned(),
        password: password.to_owned(),
    };
    let body = json!({"email": email, "password": password});
    let (status, _, answer) = client.post("/login", &body).await;
    assert_eq!(status, StatusCode::OK, "{answer}");
    answer["data"]["token"].as_str().unwrap().clone_into(&mut client.token);
    client
}

impl Client {
    /// A request to which headers and a body may be added; `send` sends it.
    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.url));
        if self.token.is_empty() {
            return request;
        }
        request.header("Authorization", format!("token {}", self.token))
    }

    /// The same client with another proof; with none when it is empty.
    pub(crate) fn with_token(&self, token: &str) -> Self {
        Self { token: token.to_owned(), ..self.clone() }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        send(self.request(Method::GET, path)).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        send(self.request(Method::POST, path).json(body)).await
    }

    pub(crate) async fn put(&self, path: &str, body: &Value) -> Answer {
        send(self.request(Method::PUT, path).json(body)).await
    }
}

/// Sends a request and reads the answer.
pub(crate) async fn send(request: RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    let body = response.bytes().await.unwrap();
    (status, headers, serde_json::from_slice(&body).unwrap_or_default())
}

#[tokio::test]
async fn users_of_two_tenants_do_not_meet() {
    let (one, other) = (login().await, login().await);
    let customer = json!({
        "customer_type": "individual",
        "first_name": "Joe",
        "last_name": "Bloggs",
        "address": {"iso_country": "GB"},
        "dob": "1988-10-03",
    });
    let (_, _, created) = one.post("/accounts/create_customer", &customer).await;
    let path = format!("/accounts/customers/{}", created["data"]["customer_id"].as_str().unwrap());

    let (own, _, _) = one.get(&path).await;
    let (seen, _, _) = other.get(&path).await;
    let (changed, _, _) = other.put(&path, &json!({"active": false})).await;

    assert_eq!(
        [own, seen, changed],
        [StatusCode::OK, StatusCode::NOT_FOUND, StatusCode::NOT_FOUND]
    );
}

#[tokio::test]
async fn a_second_login_of_a_user_leaves_the_first_alone() {
    let first = login().await;

    let second = login_as(&first.url, &first.email, &first.password).await;

    assert_ne!(first.token, second.token);
    for client in [first, second] {
        let (status, _, _) = client.get("/accounts/customers/list").await;
        assert_eq!(status, StatusCode::OK);
    }
}

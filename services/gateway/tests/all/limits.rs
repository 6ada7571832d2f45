use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use axum::body::Body;
use gateway::{Limits, Settings};
use http::Method;
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinSet};

use crate::stack::{Client, JSON, PASSWORD, Reply, Stack};

const LIST: &str = "/accounts/customers/list";
const LONG_LIST: &str = "/accounts/customers/list?limit=100";

async fn at_once(clients: impl IntoIterator<Item = Client>, path: &'static str) -> Vec<Reply> {
    let mut tasks = JoinSet::new();
    for client in clients {
        tasks.spawn(async move { client.get(path).await });
    }
    tasks.join_all().await
}

#[tokio::test]
async fn two_gateways_share_a_tenants_rate_and_the_rest_is_told_when_to_come_back() {
    let stack = Stack::start().await;
    let (client, other) = (stack.client().await, stack.client().await);
    let elsewhere = stack.elsewhere(&client);
    stack.limit(&client, 20).await;

    let start = Instant::now();
    let crowd = (0..60).flat_map(|_| [client.clone(), elsewhere.clone()]);
    let replies = at_once(crowd, LIST).await;
    let seconds = usize::try_from(start.elapsed().as_secs() + 1).unwrap();

    let (passed, refused): (Vec<_>, Vec<_>) = replies.iter().partition(|reply| reply.status == 200);
    assert!(passed.len() >= 4, "{}", passed.len());
    assert!(passed.len() <= 20 + 20 * seconds, "{} in {seconds} s", passed.len());
    assert!(!refused.is_empty());
    for reply in refused {
        assert_eq!(reply.refusal(), (429, "RATE_LIMITED"));
        assert_eq!(reply.headers["retry-after"], "1");
        assert_eq!(reply.headers["ratelimit-limit"], "20");
        assert_eq!(reply.headers["ratelimit-remaining"], "0");
        assert_eq!(reply.headers["ratelimit-reset"], "1");
    }
    other.get(LIST).await.data();
}

#[tokio::test]
async fn a_key_has_a_rate_of_its_own() {
    let stack = Stack::start().await;
    let client = stack.client().await;
    let body = json!({"name": "till", "scopes": ["customers:read"], "requests_per_second": 1});
    let made = client.post("/access/keys", body).await;
    let secret = made.data()["secret"].as_str().unwrap().to_owned();
    let program = Client { token: Some(secret), ..client.clone() };

    let replies = at_once((0..10).map(|_| program.clone()), LIST).await;

    let refused: Vec<_> = replies.iter().filter(|reply| reply.status == 429).collect();
    assert!(!refused.is_empty());
    assert_eq!(refused[0].headers["ratelimit-limit"], "1");
    client.get(LIST).await.data();
}

#[tokio::test]
async fn a_path_that_is_full_refuses_and_others_go_on_answering() {
    let stack = Stack::start().await;
    let mut client = stack.client().await;
    let hole = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let hole_url = format!("http://{}", hole.local_addr().unwrap());
    let limits = Limits { max_requests_per_route: 4, ..Limits::default() };
    let customer = kit::client::channel(hole_url).unwrap();
    client.router = gateway::router(&Settings { customer, limits, ..stack.settings.clone() });

    // A service that takes calls and never answers holds all places of the paths that need it.
    let mut hanging = JoinSet::new();
    for _ in 0..4 {
        let client = client.clone();
        hanging.spawn(async move { client.get(LIST).await });
    }
    let begin = Instant::now();
    let refused = loop {
        assert!(begin.elapsed() < Duration::from_secs(20), "nobody is refused");
        let probes = at_once((0..4).map(|_| client.clone()), "/accounts/payments").await;
        assert!(probes.iter().all(|reply| reply.status == 200), "{probes:?}");
        let probe = tokio::time::timeout(Duration::from_millis(300), client.get(LIST));
        if let Ok(reply) = probe.await {
            break reply;
        }
    };

    assert_eq!(refused.refusal(), (503, "OVERLOADED"));
    assert_eq!(refused.headers["retry-after"], "1");
    let flood = at_once((0..200).map(|_| client.clone()), LIST).await;
    assert!(flood.iter().all(|reply| reply.status == 503));
    hanging.shutdown().await;
    let hangs = tokio::time::timeout(Duration::from_millis(300), client.get(LIST));
    assert!(hangs.await.is_err(), "the places are free again");
}

#[tokio::test]
async fn a_tenant_that_takes_all_its_places_takes_none_of_others() {
    let stack = Stack::start().await;
    let (mut greedy, mut other) = (stack.client().await, stack.client().await);
    let hole = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let hole_url = format!("http://{}", hole.local_addr().unwrap());
    let limits = Limits { max_requests_per_tenant: 4, ..Limits::default() };
    let customer = kit::client::channel(hole_url).unwrap();
    greedy.router = gateway::router(&Settings { customer, limits, ..stack.settings.clone() });
    other.router = greedy.router.clone();

    let mut hanging = JoinSet::new();
    for _ in 0..4 {
        let greedy = greedy.clone();
        hanging.spawn(async move { greedy.get(LIST).await });
    }
    let moment = Duration::from_millis(300);
    // Until all four are there: who asks before takes the place of one of them.
    tokio::time::sleep(Duration::from_secs(2)).await;
    let refused = greedy.get("/accounts/payments").await;

    assert_eq!(refused.refusal(), (429, "TOO_MANY_AT_ONCE"));
    assert_eq!(refused.headers["retry-after"], "1");
    other.get("/accounts/payments").await.data();
    assert!(tokio::time::timeout(moment, other.get(LIST)).await.is_err(), "it has a place");
    hanging.shutdown().await;
    let free = async {
        while greedy.get("/accounts/payments").await.status != 200 {
            // What gives its place back has to have its turn.
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(10), free).await.unwrap();
}

#[tokio::test]
async fn long_answers_that_nobody_takes_are_bounded() {
    let stack = Stack::start().await;
    let (mut client, mut other) = (stack.client().await, stack.client().await);
    let limits = Limits { max_bodies_mib: 1, ..Limits::default() };
    client.router = gateway::router(&Settings { limits, ..stack.settings.clone() });
    other.router = client.router.clone();
    for client in [&client, &other] {
        for _ in 0..50 {
            client.customer("Bloggs").await;
        }
    }
    let length = client.get(LONG_LIST).await.text.len();
    assert!(length > 8 * 1024, "{length}");

    let mut lying = Vec::new();
    let refused = loop {
        let (status, body) = client.begin(LONG_LIST).await;
        if status != 200 {
            break status;
        }
        lying.push(body);
    };

    assert_eq!(refused, 503);
    assert!((5..64).contains(&lying.len()), "{} are lying", lying.len());
    other.get(LONG_LIST).await.data();
    client.get("/accounts/payments").await.data();
    lying.pop();
    client.get(LONG_LIST).await.data();
}

#[tokio::test]
async fn long_paths_and_deep_bodies_are_refused() {
    let client = Stack::start().await.client().await;

    let reply = client.get(&format!("{LIST}?name={}", "a".repeat(8 * 1024))).await;
    assert_eq!(reply.refusal(), (414, "URI_TOO_LONG"));

    for deep in ["[".repeat(60_000), "{\"a\":".repeat(12_000)] {
        let body = Body::from(deep);
        let reply = client.send(Method::POST, "/accounts/create_customer", &[JSON], body).await;
        assert_eq!(reply.refusal(), (400, "INVALID_JSON"));
    }
    let (open, close) = ("[".repeat(30_000), "]".repeat(30_000));
    let body = Body::from(format!("{{\"first_name\": {open}{close}, \"other\": {open}{close}}}"));
    let reply = client.send(Method::POST, "/accounts/create_customer", &[JSON], body).await;
    assert_eq!(reply.status.as_u16(), 413, "{reply:?}");
    let (open, close) = ("[".repeat(31), "]".repeat(31));
    let body = Body::from(format!("{{\"first_name\": {open}{close}, \"other\": {open}{close}}}"));
    let reply = client.send(Method::POST, "/accounts/create_customer", &[JSON], body).await;
    assert!(reply.bad().contains(&"first_name"), "{reply:?}");
}

#[tokio::test]
async fn clients_behind_a_known_proxy_do_not_share_a_count_of_wrong_tries() {
    let stack = Stack::start().await;
    let proxy: SocketAddr = "192.0.2.1:4711".parse().unwrap();
    let trusted_proxies = vec![proxy.ip().to_string().parse().unwrap()];
    let limits = Limits { trusted_proxies, ..Limits::default() };
    let mut stranger = stack.stranger();
    stranger.router = gateway::router(&Settings { limits, ..stack.settings.clone() });
    let email = stack.user(&access::SCOPES).await;
    let login = async |from: &str, email: &str, password: &str| {
        let body = json!({"email": email, "password": password});
        let headers = [JSON, ("x-forwarded-for", from)];
        stranger.send(Method::POST, "/login", &headers, Body::from(body.to_string())).await
    };

    let mut tries = JoinSet::new();
    for i in 0..110 {
        let stranger = stranger.clone();
        let body = json!({"email": format!("{i}@example.com"), "password": "wrong"});
        tries.spawn(async move {
            let headers = [JSON, ("x-forwarded-for", "203.0.113.5, 198.51.100.66")];
            let body = Body::from(body.to_string());
            stranger.send(Method::POST, "/login", &headers, body).await.status.as_u16()
        });
    }
    let statuses = tries.join_all().await;

    assert!(statuses.contains(&429), "{statuses:?}");
    let wrong: Value = login("198.51.100.66", &email, PASSWORD).await.body;
    assert_eq!(wrong["code"], "TOO_MANY_ATTEMPTS");
    login("198.51.100.67", &email, PASSWORD).await.data();
}

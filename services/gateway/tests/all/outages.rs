use gateway::Settings;
use serde_json::json;
use tokio::{io::AsyncReadExt, net::TcpListener};

use crate::stack::{Stack, customer, nobody};

#[tokio::test]
async fn a_service_that_is_away_is_told_as_such() {
    let stack = Stack::start().await;
    let mut client = stack.client().await;
    let settings = Settings { customer: nobody(), ..stack.settings.clone() };
    client.router = gateway::router(&settings);

    let reply = client.get("/accounts/customers/list").await;
    assert_eq!(reply.refusal(), (503, "UNAVAILABLE"));
    assert!(reply.headers.contains_key("retry-after"));

    let reply = client.post("/accounts/create_customer", customer("Bloggs")).await;
    assert_eq!(reply.refusal(), (503, "UNAVAILABLE"));
    let reply = client.post("/accounts/create_customer", json!({"oops": 1})).await;
    assert_eq!(reply.refusal(), (503, "UNAVAILABLE"));
}

#[tokio::test]
async fn nobody_is_refused_because_tokens_cannot_be_looked_up() {
    let stack = Stack::start().await;
    let mut client = stack.client().await;
    let settings = Settings { access: nobody(), ..stack.settings.clone() };
    client.router = gateway::router(&settings);

    assert_eq!(client.get("/accounts/customers/list").await.refusal(), (503, "UNAVAILABLE"));
    client.token = None;
    assert_eq!(client.get("/accounts/customers/list").await.refusal(), (401, "UNAUTHENTICATED"));
}

#[tokio::test]
async fn there_is_no_sandbox_unless_it_is_asked_for() {
    let stack = Stack::start().await;
    let mut client = stack.client().await;
    let settings = Settings { sandbox: false, ..stack.settings.clone() };
    client.router = gateway::router(&settings);

    let id = uuid::Uuid::now_v7();
    let reply = client.post(&format!("/sandbox/ledgers/{id}/inbound"), json!({})).await;

    assert_eq!(reply.refusal(), (404, "PATH_NOT_FOUND"));
}

#[tokio::test]
async fn whether_a_call_that_broke_had_an_effect_is_not_guessed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let breaks = async {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let _ = stream.read(&mut [0; 4096]).await;
        }
    };
    let asks = async {
        let stack = Stack::start().await;
        let mut client = stack.client().await;
        let customer_channel = kit::client::channel(url).unwrap();
        let settings = Settings { customer: customer_channel, ..stack.settings.clone() };
        client.router = gateway::router(&settings);
        let path = "/accounts/create_customer";

        let once = client.post(path, customer("Bloggs")).await;
        let keyed = client.post_keyed(path, "k-1", customer("Bloggs")).await;
        let read = client.get("/accounts/customers/list").await;

        assert_eq!(once.refusal(), (504, "DEADLINE_EXCEEDED"));
        assert!(!once.headers.contains_key("retry-after"));
        for reply in [keyed, read] {
            assert_eq!(reply.refusal(), (503, "UNAVAILABLE"));
            assert!(reply.headers.contains_key("retry-after"));
        }
    };
    tokio::select! { () = breaks => {}, () = asks => {} }
}

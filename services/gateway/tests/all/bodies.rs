use std::time::Duration;

use axum::body::Body;
use http::Method;
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    time::sleep,
};
use tokio_util::sync::CancellationToken;

use crate::stack::{Client, JSON, Reply, Stack, customer};

const PATH: &str = "/accounts/create_customer";

async fn post(client: &Client, headers: &[(&str, &str)], body: impl Into<Body>) -> Reply {
    client.send(Method::POST, PATH, headers, body.into()).await
}

#[tokio::test]
async fn what_is_no_json_object_is_refused() {
    let client = Stack::start().await.client().await;
    for body in [&b"{"[..], b"[]", b"null", b"\"x\"", b" ", b"\xff{}", b"{\"a\": \"\xff\"}"] {
        let reply = post(&client, &[JSON], body).await;
        assert_eq!(reply.refusal(), (400, "INVALID_JSON"), "{body:?}");
    }
}

#[tokio::test]
async fn a_body_that_is_not_there_lacks_every_field() {
    let client = Stack::start().await.client().await;

    let bad = post(&client, &[], Body::empty()).await;

    assert!(bad.bad().contains(&"customer_type"), "{bad:?}");
}

#[tokio::test]
async fn another_media_type_is_refused() {
    let client = Stack::start().await.client().await;
    let body = customer("Bloggs").to_string();
    for headers in
        [&[][..], &[("content-type", "text/plain")], &[JSON, ("content-encoding", "gzip")]]
    {
        let reply = post(&client, headers, body.clone()).await;
        assert_eq!(reply.refusal(), (415, "UNSUPPORTED_MEDIA_TYPE"), "{headers:?}");
    }
    let headers = [("content-type", "application/json; charset=utf-8")];
    assert_eq!(post(&client, &headers, body).await.status, 200);
}

#[tokio::test]
async fn a_body_has_its_limit() {
    let client = Stack::start().await.client().await;
    let mut body = customer("Bloggs").to_string();
    body.push_str(&" ".repeat(64 * 1024 - body.len()));
    assert_eq!(post(&client, &[JSON], body.clone()).await.status, 200);

    body.push(' ');
    assert_eq!(post(&client, &[JSON], body).await.refusal(), (413, "PAYLOAD_TOO_LARGE"));
}

#[tokio::test]
async fn every_bad_parameter_is_told_at_once() {
    let client = Stack::start().await.client().await;
    let body = r#"{
        "customer_type": "person", "first_name": 5, "last_name": "<b>", "middle_name": "A",
        "middle_name": "B", "address": {"iso_country": "XX", "town": "London", "city": 7},
        "dob": "1988-02-30", "email": "x", "phone": "1", "extra": {}
    }"#;

    let reply = post(&client, &[JSON], body).await;

    let mut bad = reply.bad();
    bad.sort_unstable();
    let expected = [
        "address.city",
        "address.iso_country",
        "address.town",
        "customer_type",
        "dob",
        "email",
        "extra",
        "first_name",
        "last_name",
        "middle_name",
        "phone",
    ];
    assert_eq!(bad, expected);
}

#[tokio::test]
async fn what_is_no_object_is_told_once() {
    let client = Stack::start().await.client().await;
    let mut body = customer("Bloggs");
    body["address"] = json!("44 Baker Street");

    let reply = client.post(PATH, body).await;

    assert_eq!(reply.bad(), ["address"]);
}

#[tokio::test]
async fn a_connection_outlives_the_refusal_of_a_body_that_came_late() {
    let stack = Stack::start().await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut connection = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
    let stop = CancellationToken::new();
    let serving = gateway::serve(listener, stack.settings.clone(), stop.clone());
    let asking = async {
        for _ in 0..3 {
            let head = format!("POST {PATH} HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n\r\n");
            connection.write_all(head.as_bytes()).await.unwrap();
            sleep(Duration::from_millis(20)).await;
            connection.write_all(b"{\"a\": 12}").await.unwrap();
            let mut answer = [0; 12];
            connection.read_exact(&mut answer).await.unwrap();
            assert_eq!(&answer, b"HTTP/1.1 401");
            // The rest of the answer, which is short and comes at once.
            assert!(connection.read(&mut [0; 4096]).await.unwrap() > 0);
        }
        stop.cancel();
    };

    let (served, ()) = tokio::join!(serving, asking);

    served.unwrap();
}

//! HTTP/2 frame by frame, as a hostile client sends it.

use std::time::{Duration, Instant};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::connections::{OK, gateway};

const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;

const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
/// `GET /docs/` of `http://x`.
const GET_DOCS: &[u8] = b"\x82\x86\x04\x06/docs/\x01\x01x";
/// The same, and more is to come.
const POST: &[u8] = b"\x83\x86\x04\x06/login\x01\x01x";
const REFUSED: [u8; 4] = [0, 0, 0, 7];

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

async fn greet(mut stream: TcpStream) -> TcpStream {
    let greeting = [b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &*frame(SETTINGS, 0, 0, b"")].concat();
    stream.write_all(&greeting).await.unwrap();
    stream
}

/// The next frame's kind, stream and payload; none when the connection has ended.
async fn read(stream: &mut TcpStream) -> Option<(u8, u32, Vec<u8>)> {
    let mut head = [0; 9];
    stream.read_exact(&mut head).await.ok()?;
    let [a, b, c, kind, _, stream_id @ ..] = head;
    let length = u32::from_be_bytes([0, a, b, c]);
    let mut payload = vec![0; usize::try_from(length).unwrap()];
    stream.read_exact(&mut payload).await.ok()?;
    Some((kind, u32::from_be_bytes(stream_id), payload))
}

#[tokio::test]
async fn headers_without_an_end_end_the_connection() {
    let gateway = gateway(gateway::Limits::default()).await;
    let mut stream = greet(gateway.connect().await).await;
    let begin = frame(HEADERS, END_STREAM, 1, GET_DOCS);
    stream.write_all(&begin).await.unwrap();

    let field = [b"\x00\x01y\x7f\x09", &[b'z'; 136][..]].concat();
    let more = frame(CONTINUATION, 0, 1, &field.repeat(100));
    let mut sent = 0;
    while sent < 16 << 20 && stream.write_all(&more).await.is_ok() {
        sent += more.len();
    }

    assert!(sent < 16 << 20, "the connection took {sent} bytes of headers");
    assert_eq!(gateway.ask().await, OK);
}

#[tokio::test]
async fn more_requests_at_once_than_agreed_are_refused() {
    let gateway = gateway(gateway::Limits::default()).await;
    let mut stream = greet(gateway.connect().await).await;
    let ids = (0..200_u32).map(|n| 2 * n + 1);
    let requests: Vec<u8> = ids.flat_map(|id| frame(HEADERS, END_HEADERS, id, POST)).collect();
    stream.write_all(&requests).await.unwrap();

    let mut refused = 0;
    let refusals = async {
        while let Some((kind, _, payload)) = read(&mut stream).await {
            refused += usize::from(kind == RST_STREAM && payload == REFUSED);
            if kind == GOAWAY || refused == 72 {
                return;
            }
        }
    };
    timeout(Duration::from_secs(10), refusals).await.unwrap();

    assert!(refused > 0);
    assert_eq!(gateway.ask().await, OK);
}

#[tokio::test]
async fn who_has_gone_without_a_word_is_hung_up_on() {
    let gateway = gateway(gateway::Limits::default()).await;
    let mut stream = greet(gateway.connect().await).await;
    let request = frame(HEADERS, END_HEADERS | END_STREAM, 1, GET_DOCS);
    stream.write_all(&request).await.unwrap();
    let begin = Instant::now();

    // Whatever comes is read, and nothing is answered.
    let mut pings = 0;
    let until_the_end = async {
        while let Some((kind, _, _)) = read(&mut stream).await {
            pings += u32::from(kind == PING);
        }
    };
    let ended = timeout(Duration::from_secs(45), until_the_end).await;

    assert!(ended.is_ok(), "it stays open after {pings} pings");
    assert!(pings > 0 && begin.elapsed() > Duration::from_secs(15));
}

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use gateway::{Limits, Settings};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;

use crate::stack::nobody;

/// A gateway that serves until this is dropped.
pub(crate) struct Gateway {
    address: SocketAddr,
    _serving: JoinSet<()>,
}

pub(crate) async fn gateway(limits: Limits) -> Gateway {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let settings = Settings {
        access: nobody(),
        customer: nobody(),
        kyc: nobody(),
        ledger: nobody(),
        sandbox: false,
        drain_timeout: Duration::from_secs(1),
        limits,
    };
    let mut serving = JoinSet::new();
    serving.spawn(async move {
        gateway::serve(listener, settings, CancellationToken::new()).await.unwrap();
    });
    Gateway { address, _serving: serving }
}

impl Gateway {
    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.unwrap()
    }

    /// The first line of the answer to a request that needs nothing.
    pub(crate) async fn ask(&self) -> String {
        let mut stream = self.connect().await;
        let request = b"GET /docs/ HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
        let _ = stream.write_all(request).await;
        said(&mut stream).await
    }
}

/// The first line of all that somebody says before they hang up.
async fn said(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let _ = stream.read_to_end(&mut bytes).await;
    String::from_utf8_lossy(&bytes).lines().next().unwrap_or_default().to_owned()
}

pub(crate) const OK: &str = "HTTP/1.1 200 OK";
const FULL: &str = "HTTP/1.1 503 Service Unavailable";

#[tokio::test]
async fn slow_and_silent_connections_are_ended_while_others_are_answered() {
    let gateway = gateway(Limits::default()).await;
    let start = Instant::now();
    let mut slow = JoinSet::new();
    for i in 0..60 {
        let mut stream = gateway.connect().await;
        slow.spawn(async move {
            // Silent, half a request line, headers one by one, and half of HTTP/2's greeting.
            let first: &[u8] = [&b""[..], b"GET /do", b"GET / HTTP/1.1\r\n", b"PRI * HT"][i % 4];
            let _ = stream.write_all(first).await;
            let (mut read, mut write) = stream.split();
            let drip = async {
                while i % 4 == 2 && write.write_all(b"x: y\r\n").await.is_ok() {
                    sleep(Duration::from_millis(500)).await;
                }
                std::future::pending::<()>().await;
            };
            let mut bytes = Vec::new();
            tokio::select! {
                _ = read.read_to_end(&mut bytes) => {}
                () = drip => {}
            }
        });
    }

    for _ in 0..20 {
        assert_eq!(gateway.ask().await, OK);
        sleep(Duration::from_millis(100)).await;
    }
    let ended = timeout(Duration::from_secs(25), slow.join_all()).await;

    assert!(ended.is_ok(), "slow connections stay open");
    assert!(start.elapsed() > Duration::from_secs(9), "they had no time");
    assert_eq!(gateway.ask().await, OK);
}

#[tokio::test]
async fn a_connection_too_many_is_told_to_come_back_and_no_one_else_is_concerned() {
    let limits = Limits { max_connections_per_address: 3, ..Limits::default() };
    let gateway = gateway(limits).await;
    let mut open = [gateway.connect().await, gateway.connect().await, gateway.connect().await];
    for stream in &mut open {
        stream.write_all(b"GET /docs/ HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        let mut some = [0; 15];
        stream.read_exact(&mut some).await.unwrap();
        assert_eq!(some, OK.as_bytes());
    }

    let mut fourth = gateway.connect().await;
    assert_eq!(said(&mut fourth).await, FULL);

    let [first, ..] = open;
    drop(first);
    let free = async {
        while gateway.ask().await != OK {
            sleep(Duration::from_millis(20)).await;
        }
    };
    timeout(Duration::from_secs(10), free).await.unwrap();
}

#[tokio::test]
async fn too_many_headers_are_refused() {
    let gateway = gateway(Limits::default()).await;
    let long = format!("x: {}\r\n", "y".repeat(40 * 1024));
    let many = "x: y\r\n".repeat(200);
    for headers in [long, many] {
        let mut stream = gateway.connect().await;
        let request = format!("GET /docs/ HTTP/1.1\r\nhost: x\r\n{headers}\r\n");
        let _ = stream.write_all(request.as_bytes()).await;
        assert_eq!(said(&mut stream).await, "HTTP/1.1 431 Request Header Fields Too Large");
    }
}

#[tokio::test]
async fn a_connection_that_resets_its_streams_again_and_again_is_ended() {
    let gateway = gateway(Limits::default()).await;
    let stream = gateway.connect().await;
    let (client, connection) = h2::client::handshake(stream).await.unwrap();
    let mut driver = JoinSet::new();
    driver.spawn(async move { connection.await.is_err() });

    let mut sent = 0;
    let mut client = Ok(client);
    while let Ok(sender) = client {
        client = sender.ready().await;
        let Ok(sender) = &mut client else { break };
        let request = http::Request::get("http://x/docs/").body(()).unwrap();
        let Ok((_, mut stream)) = sender.send_request(request, false) else { break };
        stream.send_reset(h2::Reason::CANCEL);
        sent += 1;
        if sent >= 100_000 {
            break;
        }
        tokio::task::yield_now().await;
    }

    assert!(sent < 100_000, "the connection took them all");
    assert_eq!(gateway.ask().await, OK);
}

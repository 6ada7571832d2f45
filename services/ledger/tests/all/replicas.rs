//! Several processes of the service behind one channel, as a client in a cluster sees them.

use std::{
    net::TcpListener,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use proto::ledger::v1::{GetLedgerRequest, ledger_service_client::LedgerServiceClient};
use sqlx::PgPool;
use testkit::program::Program;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status, transport::Channel};
use types::LedgerId;

const BINARY: &str = env!("CARGO_BIN_EXE_ledger");
/// Longer than any of this takes on a busy machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// Where one process answers and tells what it has answered.
struct Replica {
    listen: String,
    admin: String,
}

impl Replica {
    fn new() -> Self {
        let free = || TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        Self { listen: free(), admin: free() }
    }

    fn start(&self, pool: &PgPool) -> Program {
        let arguments = [
            [
                // Nobody reads what it logs.
                "--log",
                "kit::server=info,warn",
                "--admin-listen",
                &self.admin,
                "serve",
                "--customer-url",
                "http://127.0.0.1:9",
                "--shutdown-pause-s",
                "3",
            ]
            .as_slice(),
            &["--listen", &self.listen],
        ]
        .concat();
        Program::start(BINARY, &arguments, pool)
    }

    /// How many requests it has answered.
    async fn answered(&self) -> u32 {
        let Ok(mut stream) = TcpStream::connect(&self.admin).await else { return 0 };
        let request = b"GET /metrics HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
        stream.write_all(request).await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        let counts = answer.lines().filter(|line| {
            line.starts_with("lombard_rpc_seconds_count{") && line.contains("/GetLedger\"")
        });
        counts.map(|line| line.rsplit_once(' ').unwrap().1.parse::<u32>().unwrap()).sum()
    }

    /// Waits until it has answered so many more.
    async fn has_answered(&self, more: u32) {
        let first = self.answered().await;
        let waiting = async {
            while self.answered().await < first.saturating_add(more) {
                sleep(Duration::from_millis(50)).await;
            }
        };
        timeout(PATIENCE, waiting).await.unwrap();
    }
}

/// Asks for one thing after the other until `stop`; answers what failed.
async fn load(client: LedgerServiceClient<Channel>, stop: &CancellationToken) -> Vec<Status> {
    let mut failures = Vec::new();
    while !stop.is_cancelled() {
        // A deadline of its own for each.
        let caller = testkit::caller();
        let request = GetLedgerRequest { ledger_id: LedgerId::new().to_string() };
        let answer = client.clone().get_ledger(caller.request(request)).await;
        failures.extend(answer.err().filter(|status| status.code() != Code::NotFound));
    }
    failures
}

#[tokio::test]
async fn requests_spread_over_replicas_that_come_and_go_and_none_fails() {
    let pool = testkit::database("ledger", &ledger::MIGRATIONS).await;
    let replicas = [Replica::new(), Replica::new(), Replica::new()];
    let urls = replicas.each_ref().map(|replica| format!("http://{}", replica.listen)).join(",");
    let [leaves, stays, comes] = &replicas;
    let (mut first, mut second) = (leaves.start(&pool), stays.start(&pool));
    first.address().await;
    second.address().await;
    let client = LedgerServiceClient::new(kit::client::channel(urls).unwrap());
    let (stop, shares) = (CancellationToken::new(), [const { AtomicU32::new(0) }; 2]);
    let events = async {
        leaves.has_answered(20).await;
        stays.has_answered(20).await;
        let mut third = comes.start(&pool);
        third.address().await;
        comes.has_answered(20).await;
        let ended = first.terminate().await;
        let before = (stays.answered().await, comes.answered().await);
        stays.has_answered(200).await;
        let after = (stays.answered().await, comes.answered().await);
        shares[0].store(after.0.saturating_sub(before.0), Ordering::Relaxed);
        shares[1].store(after.1.saturating_sub(before.1), Ordering::Relaxed);
        stop.cancel();
        (ended, third)
    };
    let loads = async {
        let [a, b, c, d] = [0; 4].map(|_| load(client.clone(), &stop));
        let (a, b, c, d) = tokio::join!(a, b, c, d);
        [a, b, c, d].concat()
    };

    let ((ended, third), failures) = tokio::join!(events, loads);

    assert_eq!(ended.code(), Some(0));
    assert!(failures.is_empty(), "{} failed: {:?}", failures.len(), failures.first());
    let [stayed, came] = shares.map(AtomicU32::into_inner);
    assert!(came > stayed / 2 && came < stayed.saturating_mul(2), "{stayed} and {came}");
    assert_eq!(second.terminate().await.code(), Some(0));
    assert_eq!(third.terminate().await.code(), Some(0));
}

use std::{
    net::TcpListener,
    sync::atomic::{AtomicBool, AtomicU32, Ordering},
    time::Duration,
};

use kit::{
    peers::{CUSTOMER, GATEWAY},
    tls::TlsConfig,
};
use proto::customer::v1::{CreateCustomerRequest, customer_service_client::CustomerServiceClient};
use testkit::program::{self, Program};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tonic::{Status, transport::Channel};
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

use crate::support::joe;

const BINARY: &str = env!("CARGO_BIN_EXE_customer");
/// 32 bytes of one.
const SERVE: [&str; 3] = ["serve", "--keys", "1:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="];

#[tokio::test]
async fn the_program_migrates_serves_and_stops_on_sigterm() {
    let pool = testkit::empty_database("customer").await;

    let serve = [&SERVE[..], &["--listen", "127.0.0.1:0"]].concat();
    let refuses = program::run(BINARY, &serve, &pool).await;
    let migrates = program::run(BINARY, &["migrate"], &pool).await;
    let mut serving = Program::start(BINARY, &serve, &pool);
    let url = format!("http://{}", serving.address().await);
    let mut health = HealthClient::new(kit::client::channel(url).unwrap());
    let request = HealthCheckRequest { service: "lombard.customer.v1.CustomerService".into() };
    let healthy = loop {
        let status = health.check(request.clone()).await.map(|answer| answer.into_inner().status());
        match status {
            Ok(ServingStatus::Serving) => break true,
            _ => sleep(Duration::from_millis(20)).await,
        }
    };
    let ended = serving.terminate().await;

    assert!(!refuses.success(), "it must not serve on a schema it does not know");
    assert!(migrates.success());
    assert!(healthy);
    assert_eq!(ended.code(), Some(0));
}

#[tokio::test]
async fn a_command_runs_beside_the_service_with_its_environment() {
    let pool = testkit::database("customer", &customer::MIGRATIONS).await;
    let admin = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let admin = ["--admin-listen", &admin];
    let serve = [&admin[..], &SERVE, &["--listen", "127.0.0.1:0"]].concat();
    let mut serving = Program::start(BINARY, &serve, &pool);
    serving.address().await;

    let keys = ["rotate-keys", "--keys", SERVE[2]];
    let rotates = program::run(BINARY, &[&admin[..], &keys].concat(), &pool).await;
    let migrates = program::run(BINARY, &[&admin[..], &["migrate"]].concat(), &pool).await;

    assert!(rotates.success() && migrates.success(), "{rotates} {migrates}");
    assert_eq!(serving.terminate().await.code(), Some(0));
}

#[tokio::test]
async fn the_program_is_reached_from_elsewhere_only_over_tls_or_when_told_to() {
    let pool = testkit::database("customer", &customer::MIGRATIONS).await;
    let certificates = tempfile::TempDir::new().unwrap();
    devcerts::write_all(certificates.path(), "lombard", Duration::from_hours(1)).unwrap();
    let file = |name: &str| certificates.path().join(name).to_str().unwrap().to_owned();
    let (certificate, key, authority) =
        (file("customer.crt"), file("customer.key"), file("ca.crt"));
    let secured = [
        ["--tls-cert-file", &certificate],
        ["--tls-key-file", &key],
        ["--tls-ca-file", &authority],
    ];
    let anywhere = [&SERVE[..], &["--listen", "0.0.0.0:0"]].concat();

    let refuses = program::run(BINARY, &anywhere, &pool).await;
    let arguments = [&anywhere[..], secured.as_flattened()].concat();
    let mut secured = Program::start(BINARY, &arguments, &pool);
    let arguments = [&anywhere[..], &["--plaintext", "allow"]].concat();
    let mut told = Program::start(BINARY, &arguments, &pool);
    let port = |address: String| address.rsplit_once(':').unwrap().1.to_owned();
    let url = format!("https://127.0.0.1:{}", port(secured.address().await));
    let gateway = TlsConfig::in_directory(certificates.path(), GATEWAY).links(GATEWAY).unwrap();
    let mut health = HealthClient::new(gateway.channel(CUSTOMER, &url).unwrap());
    let healthy = health.check(HealthCheckRequest::default()).await;
    let listens = told.address().await;

    assert!(!refuses.success(), "it must not be reached without TLS unless told so");
    assert!(healthy.is_ok(), "{healthy:?}");
    assert!(listens.starts_with("0.0.0.0:"), "{listens}");
    assert_eq!(secured.terminate().await.code(), Some(0));
    assert_eq!(told.terminate().await.code(), Some(0));
}

/// One of two processes on one database, and what its health last said.
struct Replica {
    client: CustomerServiceClient<Channel>,
    health: HealthClient<Channel>,
    serves: AtomicBool,
    answered: AtomicU32,
}

impl Replica {
    async fn of(program: &mut Program) -> Self {
        let channel = kit::client::channel(format!("http://{}", program.address().await)).unwrap();
        Self {
            client: CustomerServiceClient::new(channel.clone()),
            health: HealthClient::new(channel),
            serves: AtomicBool::new(false),
            answered: AtomicU32::new(0),
        }
    }

    async fn heed_health(&self) {
        loop {
            let answer = self.health.clone().check(HealthCheckRequest::default()).await;
            let serves = answer.is_ok_and(|it| it.into_inner().status() == ServingStatus::Serving);
            self.serves.store(serves, Ordering::Relaxed);
            sleep(Duration::from_millis(50)).await;
        }
    }

    async fn has_answered(&self) {
        while self.answered.load(Ordering::Relaxed) < 10 {
            sleep(Duration::from_millis(20)).await;
        }
    }

    async fn wait(&self) {
        while !self.serves.load(Ordering::Relaxed) {
            sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Asks for one thing after the other, of whichever replica serves, until `stop`. Answers what failed.
async fn load(replicas: &[Replica; 2], first: usize, stop: &CancellationToken) -> Vec<Status> {
    let (caller, mut failures) = (testkit::caller(), Vec::new());
    let mut turns = replicas.iter().cycle().skip(first);
    while !stop.is_cancelled() {
        let chosen = turns.find(|replica| replica.serves.load(Ordering::Relaxed)).unwrap();
        let request = CreateCustomerRequest { customer: Some(joe()), ..Default::default() };
        match chosen.client.clone().create_customer(caller.request(request)).await {
            Ok(_) => {
                chosen.answered.fetch_add(1, Ordering::Relaxed);
            }
            Err(status) => failures.push(status),
        }
    }
    failures
}

#[tokio::test]
async fn a_process_that_stops_under_load_fails_nobody_who_heeds_its_health() {
    let pool = testkit::database("customer", &customer::MIGRATIONS).await;
    // Nobody reads what they log.
    let quiet = ["--log", "kit::server=info,warn"];
    let serve = ["--listen", "127.0.0.1:0", "--shutdown-pause-s", "1"];
    let arguments = [quiet.as_slice(), &SERVE, &serve].concat();
    let mut stays = Program::start(BINARY, &arguments, &pool);
    let mut goes = Program::start(BINARY, &arguments, &pool);
    let replicas = [Replica::of(&mut stays).await, Replica::of(&mut goes).await];
    let stop = CancellationToken::new();
    let restart = async {
        for replica in &replicas {
            replica.wait().await;
            replica.has_answered().await;
        }
        let ended = goes.terminate().await;
        sleep(Duration::from_millis(500)).await;
        stop.cancel();
        ended
    };
    let loads = async {
        replicas[0].wait().await;
        let [a, b, c, d] = [0, 1, 2, 3].map(|first| load(&replicas, first, &stop));
        let (a, b, c, d) = tokio::join!(a, b, c, d);
        [a, b, c, d].concat()
    };
    let health = async { tokio::join!(replicas[0].heed_health(), replicas[1].heed_health()) };

    let (ended, failures) = tokio::select! {
        done = async { tokio::join!(restart, loads) } => done,
        _ = health => unreachable!("it never ends"),
    };

    assert_eq!(ended.code(), Some(0));
    assert!(failures.is_empty(), "{failures:?}");
    let shares = replicas.each_ref().map(|replica| replica.answered.load(Ordering::Relaxed));
    assert!(shares.iter().all(|share| *share > 0), "both must have had a share: {shares:?}");
    assert_eq!(stays.terminate().await.code(), Some(0));
}

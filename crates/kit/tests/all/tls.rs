//! Intruders on real sockets: who has no certificate, a wrong one, or no TLS at all gets nowhere.

use std::{
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use devcerts::Authority;
use kit::{
    peers::{CUSTOMER, GATEWAY},
    postgres::Database,
    server::Service,
    tls::{Links, Plaintext, TlsConfig},
};

use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    time::{sleep, timeout},
};
use tonic::{Status, service::Routes, transport::Channel};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

use self::intruder::Intruder;

mod intruder;

const HOUR: Duration = Duration::from_hours(1);
/// Longer than the files are not looked at.
const NOTICED: Duration = Duration::from_millis(1100);

/// A directory of certificates of one authority.
struct Certificates {
    directory: TempDir,
    authority: Authority,
}

impl Certificates {
    fn new() -> Self {
        let directory = TempDir::new().unwrap();
        let authority = Authority::of(directory.path()).unwrap();
        Self { directory, authority }.with(CUSTOMER).with(GATEWAY)
    }

    fn with(self, name: &str) -> Self {
        self.issue(name, &format!("{name}.lombard"));
        self
    }

    fn issue(&self, file: &str, name: &str) {
        self.authority.issue_now(name, HOUR).unwrap().write(self.path(), file).unwrap();
    }

    fn path(&self) -> &Path {
        self.directory.path()
    }

    fn links(&self, name: &str) -> Links {
        TlsConfig::in_directory(self.path(), name).links(name).unwrap()
    }
}

/// A server with the customer service's certificate; health is all that it serves.
async fn serve(links: &Links) -> String {
    let listener = links.listen("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = listener.local_addr().unwrap();
    testkit::serve_on(listener, service().await);
    format!("https://{address}")
}

async fn service() -> Service {
    Service {
        name: "lombard.customer.v1.CustomerService",
        routes: Routes::default(),
        public: &[],
        groups: &[],
        descriptors: &[],
        database: Database::new(&crate::database().await, "kit_service"),
    }
}

async fn ask(channel: Channel) -> Result<(), Status> {
    let request = HealthCheckRequest::default();
    HealthClient::new(channel).check(request).await.map(drop)
}

fn refused(answer: Result<(), Status>) {
    let status = answer.unwrap_err();
    assert!(kit::client::is_broken_transport(&status), "{status:?}");
}

#[tokio::test]
async fn peers_with_certificates_of_one_authority_reach_each_other() {
    let certificates = Certificates::new();
    let url = serve(&certificates.links(CUSTOMER)).await;

    ask(certificates.links(GATEWAY).channel(CUSTOMER, &url).unwrap()).await.unwrap();
}

#[tokio::test]
async fn a_certificate_of_another_authority_gets_nowhere() {
    let (certificates, other) = (Certificates::new(), Certificates::new());
    let url = serve(&certificates.links(CUSTOMER)).await;

    refused(ask(other.links(GATEWAY).channel(CUSTOMER, &url).unwrap()).await);
    // Also when it takes the server's authority for its own, and only its certificate is another's.
    std::fs::copy(certificates.path().join("ca.crt"), other.path().join("theirs.crt")).unwrap();
    let intruder = Intruder::new(other.path(), "theirs.crt", Some(GATEWAY));
    assert!(!intruder.gets_an_answer(&url).await);
    let gateway = Intruder::new(certificates.path(), "ca.crt", Some(GATEWAY));
    assert!(gateway.gets_an_answer(&url).await, "else nothing was shown");
}

#[tokio::test]
async fn without_a_certificate_nobody_gets_anywhere() {
    let certificates = Certificates::new();
    let url = serve(&certificates.links(CUSTOMER)).await;

    let intruder = Intruder::new(certificates.path(), "ca.crt", None);

    assert!(!intruder.gets_an_answer(&url).await);
}

#[tokio::test]
async fn a_certificate_whose_time_is_over_or_not_yet_come_gets_nowhere() {
    let certificates = Certificates::new();
    let url = serve(&certificates.links(CUSTOMER)).await;
    let now = SystemTime::now();
    for (start, end) in [(now - 2 * HOUR, now - HOUR), (now + HOUR, now + 2 * HOUR)] {
        let issued = certificates.authority.issue(&["gateway.lombard"], start, end).unwrap();
        issued.write(certificates.path(), "wrong-time").unwrap();

        let intruder = Intruder::new(certificates.path(), "ca.crt", Some("wrong-time"));

        assert!(!intruder.gets_an_answer(&url).await);
    }
}

#[tokio::test]
async fn a_client_speaks_to_the_service_that_it_means_alone() {
    let certificates = Certificates::new().with("kyc");
    let url = serve(&certificates.links("kyc")).await;

    refused(ask(certificates.links(GATEWAY).channel(CUSTOMER, &url).unwrap()).await);
}

#[tokio::test]
async fn plaintext_to_a_tls_port_gets_no_answer() {
    let certificates = Certificates::new();
    let url = serve(&certificates.links(CUSTOMER)).await;
    let plain = url.replace("https", "http");

    refused(ask(kit::client::channel(plain.clone()).unwrap()).await);
    let mut stream = TcpStream::connect(plain.trim_start_matches("http://")).await.unwrap();
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    // Closed, perhaps after an alert; no frame of HTTP/2.
    let _ = timeout(HOUR, stream.read_to_end(&mut answer)).await.unwrap();
    assert!(answer.len() < 9, "{answer:?}");
}

#[tokio::test]
async fn who_does_not_go_on_with_a_handshake_keeps_nobody_waiting() {
    let certificates = Certificates::new();
    let url = serve(&certificates.links(CUSTOMER)).await;
    let address = url.trim_start_matches("https://").parse().unwrap();
    // More than handshakes were ever made at a time, all from one address, which is not the client's.
    let mut silent = Vec::new();
    for _ in 0..520 {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
        let connected = timeout(Duration::from_secs(4), socket.connect(address)).await;
        silent.push(connected.expect("handshakes are made beside each other").unwrap());
    }

    let answer = ask(certificates.links(GATEWAY).channel(CUSTOMER, &url).unwrap());

    timeout(Duration::from_secs(4), answer).await.unwrap().unwrap();
}

#[tokio::test]
async fn a_port_that_others_reach_does_not_open_without_tls() {
    let anywhere = "0.0.0.0:0".parse().unwrap();

    let refused = Links::plaintext(Plaintext::Loopback).listen(anywhere).await.unwrap_err();
    assert!(refused.to_string().contains("PLAINTEXT=allow"), "{refused}");
    assert!(Links::plaintext(Plaintext::Allow).listen(anywhere).await.is_ok());
    assert!(Certificates::new().links(CUSTOMER).listen(anywhere).await.is_ok());
    // Also when the port was opened elsewhere.
    let port = tokio::net::TcpListener::bind("0.0.0.0:0").await.unwrap();
    let stop = tokio_util::sync::CancellationToken::new();
    let served = kit::server::serve(port, service().await, HOUR, stop).await;
    assert!(served.unwrap_err().to_string().contains("PLAINTEXT=allow"));
}

#[tokio::test]
async fn a_service_does_not_start_with_a_certificate_that_its_peers_would_refuse() {
    let certificates = Certificates::new();
    certificates.issue("ledger", "kyc.lombard");
    let other = Authority::new().unwrap();
    other.issue_now("access.lombard", HOUR).unwrap().write(certificates.path(), "access").unwrap();
    let past = SystemTime::now() - HOUR;
    let old = certificates.authority.issue(&["kyc.lombard"], past - HOUR, past).unwrap();
    old.write(certificates.path(), "kyc").unwrap();
    let now = SystemTime::now();
    let two = ["operator.lombard", "kyc.lombard"];
    let both = certificates.authority.issue(&two, now - HOUR, now + HOUR).unwrap();
    both.write(certificates.path(), "operator").unwrap();
    let key = |name: &str| certificates.path().join(format!("{name}.key"));

    for name in ["ledger", "access", "kyc", "operator", "nobody"] {
        let tls = TlsConfig::in_directory(certificates.path(), name);
        assert!(tls.links(name).is_err(), "{name}");
    }
    std::fs::copy(key(GATEWAY), key(CUSTOMER)).unwrap();
    let tls = TlsConfig::in_directory(certificates.path(), CUSTOMER);
    assert!(tls.links(CUSTOMER).is_err(), "the key is another's");
    let tls = TlsConfig { tls_key_file: None, ..tls };
    assert!(tls.links(CUSTOMER).is_err(), "a certificate without its key");
}

#[tokio::test]
async fn certificates_change_under_way_and_no_request_fails() {
    let certificates = Certificates::new();
    let (server, client) = (certificates.links(CUSTOMER), certificates.links(GATEWAY));
    let url = serve(&server).await;
    let lasting = client.channel(CUSTOMER, &url).unwrap();
    ask(lasting.clone()).await.unwrap();
    let old = certificates.path().join("ca.crt");
    let old_authority = std::fs::read_to_string(&old).unwrap();
    let next = Authority::new().unwrap();

    // First both trust both authorities, then have certificates of the new one, then trust it alone.
    for trusted in [format!("{old_authority}{}", next.certificate()), next.certificate().into()] {
        std::fs::write(&old, trusted).unwrap();
        for name in [CUSTOMER, GATEWAY] {
            let issued = next.issue_now(&format!("{name}.lombard"), HOUR).unwrap();
            issued.write(certificates.path(), name).unwrap();
        }
        sleep(NOTICED).await;
        ask(lasting.clone()).await.unwrap();
        ask(client.channel(CUSTOMER, &url).unwrap()).await.unwrap();
    }

    let outdated = certificates.authority.issue_now("gateway.lombard", HOUR).unwrap();
    outdated.write(certificates.path(), "outdated").unwrap();
    assert!(
        !Intruder::new(certificates.path(), "ca.crt", Some("outdated")).gets_an_answer(&url).await
    );
    assert!(Intruder::new(certificates.path(), "ca.crt", Some(GATEWAY)).gets_an_answer(&url).await);
}

#[tokio::test]
async fn a_broken_new_certificate_leaves_the_old_one() {
    let certificates = Certificates::new();
    let (server, client) = (certificates.links(CUSTOMER), certificates.links(GATEWAY));
    let url = serve(&server).await;
    let file: PathBuf = certificates.path().join("customer.crt");
    for broken in ["", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        std::fs::write(&file, broken).unwrap();
        sleep(NOTICED).await;

        ask(client.channel(CUSTOMER, &url).unwrap()).await.unwrap();
    }
    std::fs::remove_file(&file).unwrap();
    sleep(NOTICED).await;

    ask(client.channel(CUSTOMER, &url).unwrap()).await.unwrap();
}

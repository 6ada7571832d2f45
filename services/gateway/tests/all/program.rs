use std::{sync::Arc, time::Duration};

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    process::{Child, Command},
    time::{sleep, timeout},
};
use tokio_rustls::TlsConnector;

/// Longer than any of this takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test]
async fn the_program_serves_until_it_is_told_to_stop() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut program = start(&["--listen", &free.to_string()]);

    assert!(ask(connect(free).await).await.starts_with("HTTP/1.1 200 OK"));

    // A client that never finishes its request does not hold the program up.
    let mut silent = TcpStream::connect(free).await.unwrap();
    silent.write_all(b"POST /login HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n").await.unwrap();
    let id = program.id().unwrap().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().await.unwrap().success());
    assert!(timeout(PATIENCE, program.wait()).await.unwrap().unwrap().success());
}

#[tokio::test]
async fn clients_elsewhere_are_served_over_tls_or_when_it_is_told_to() {
    let authority = devcerts::Authority::new().unwrap();
    let directory = tempfile::TempDir::new().unwrap();
    let issued = authority.issue_now("api.example", Duration::from_hours(1)).unwrap();
    issued.write(directory.path(), "api").unwrap();
    let file = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let anywhere = format!("0.0.0.0:{port}");

    let refused = timeout(PATIENCE, start(&["--listen", &anywhere]).wait()).await.unwrap();
    let (certificate, key) = (file("api.crt"), file("api.key"));
    let secured = ["--https-cert-file", &certificate, "--https-key-file", &key];
    let _program = start(&[&["--listen", &anywhere][..], &secured].concat());
    let stream = connect(([127, 0, 0, 1], port).into()).await;
    let name = ServerName::try_from("api.example").unwrap();
    let stream = trusting(&authority).connect(name, stream).await.unwrap();

    assert!(!refused.unwrap().success());
    assert!(ask(stream).await.starts_with("HTTP/1.1 200 OK"));
}

fn start(arguments: &[&str]) -> Child {
    let nobody = "http://127.0.0.1:9";
    Command::new(env!("CARGO_BIN_EXE_gateway"))
        .args(["serve", "--drain-timeout-s", "1"])
        .env("SHUTDOWN_PAUSE_S", "0")
        .args(["--access-url", nobody, "--customer-url", nobody])
        .args(["--kyc-url", nobody, "--ledger-url", nobody])
        .args(arguments)
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

fn trusting(authority: &devcerts::Authority) -> TlsConnector {
    let mut roots = RootCertStore::empty();
    let root = CertificateDer::from_pem_slice(authority.certificate().as_bytes()).unwrap();
    roots.add(root).unwrap();
    let provider = rustls::crypto::aws_lc_rs::default_provider();
    let config = ClientConfig::builder_with_provider(provider.into())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    TlsConnector::from(Arc::new(config))
}

/// A connection, once there is somebody to connect to.
async fn connect(address: std::net::SocketAddr) -> TcpStream {
    let connecting = async {
        loop {
            match TcpStream::connect(address).await {
                Ok(stream) => break stream,
                Err(_) => sleep(Duration::from_millis(20)).await,
            }
        }
    };
    timeout(PATIENCE, connecting).await.unwrap()
}

async fn ask(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> String {
    let request = b"GET /openapi.json HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    process::Command,
    time::{sleep, timeout},
};

/// Longer than any of this takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test]
async fn the_program_serves_until_it_is_told_to_stop() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let nobody = "http://127.0.0.1:9";
    let mut program = Command::new(env!("CARGO_BIN_EXE_gateway"))
        .args(["serve", "--listen", &free.to_string(), "--drain-timeout-s", "1"])
        .env("SHUTDOWN_PAUSE_S", "0")
        .args(["--access-url", nobody, "--customer-url", nobody])
        .args(["--kyc-url", nobody, "--ledger-url", nobody])
        .kill_on_drop(true)
        .spawn()
        .unwrap();

    let answer = timeout(PATIENCE, async {
        loop {
            match TcpStream::connect(free).await {
                Ok(stream) => break ask(stream).await,
                Err(_) => sleep(Duration::from_millis(20)).await,
            }
        }
    });
    assert!(answer.await.unwrap().starts_with("HTTP/1.1 200 OK"));

    // A client that never finishes its request does not hold the program up.
    let mut silent = TcpStream::connect(free).await.unwrap();
    silent.write_all(b"POST /login HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n").await.unwrap();
    let id = program.id().unwrap().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().await.unwrap().success());
    assert!(timeout(PATIENCE, program.wait()).await.unwrap().unwrap().success());
}

async fn ask(mut stream: TcpStream) -> String {
    let request = b"GET /openapi.json HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

//! What would be a command elsewhere, in every text that the API takes: it is kept and told as it is, or
//! refused by name; and the log stays one JSON object a line, without any of it.

use std::{
    fs::{self, File},
    path::Path,
    process::Stdio,
    time::Duration,
};

use lombard::stack::SANDBOX;
use reqwest::Method;
use serde_json::{Value, json};
use sqlx::ConnectOptions;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines},
    net::TcpStream,
    process::{Child, ChildStdout, Command},
    time::timeout,
};
use uuid::Uuid;

use self::surface::Surface;
use crate::{
    program::{PATIENCE, directory},
    scene::{Reply, Scene, send},
    stack::login_as,
};

mod surface;

/// What no log may hold: each text below has it.
const CANARY: &str = "zq7";

const TEXTS: [&str; 16] = [
    "zq7'; drop table customers; --",
    "zq7' or '1'='1",
    "zq7\r\nX-Injected: 1",
    "zq7\n{\"level\":\"ERROR\"}",
    "zq7\u{1b}[31mred",
    "=zq7|' /C calc'!A0",
    "+zq7",
    "@zq7",
    "zq7\u{0}b",
    "\u{202e}zq7",
    "\u{feff}zq7",
    "${jndi:ldap://zq7}",
    "zq7%s%n{}$1",
    "<b>zq7</b>",
    "../../zq7",
    "zq7\\\",\"active\":\"false",
];

/// A platform whose log is in a file.
struct Logged {
    child: Child,
    url: String,
    /// Open, for else it could not write what it says next.
    _says: Lines<BufReader<ChildStdout>>,
}

impl Logged {
    async fn start(directory: &Path) -> Self {
        let server = testkit::server().await;
        let prefix = format!("t{}_", Uuid::now_v7().simple());
        let mut child = Command::new(env!("CARGO_BIN_EXE_lombard"))
            .args(["dev", "--listen", "127.0.0.1:0", "--log", "info", "--database-prefix", &prefix])
            .arg("--data-dir")
            .arg(directory)
            .env("LOMBARD_DATABASE_URL", server.to_url_lossy().as_str())
            .stdout(Stdio::piped())
            .stderr(File::create(directory.join("log")).unwrap())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let url = async {
            loop {
                let line = lines.next_line().await.unwrap().unwrap();
                if let Some(url) = line.strip_prefix("ready ") {
                    break url.to_owned();
                }
            }
        };
        let url = timeout(PATIENCE, url).await.unwrap();
        Self { child, url, _says: lines }
    }
}

/// One field of one request with one of the texts.
struct Try<'a> {
    operation: &'a surface::Operation,
    field: &'a str,
    text: &'a str,
}

impl Try<'_> {
    fn check(&self, reply: &Reply) {
        let Self { operation: surface::Operation { method, path, .. }, field, text } = self;
        let about = || format!("{method} {path} {field} {text:?}: {reply:?}");
        assert!(reply.status < 500, "{}", about());
        assert!(!reply.headers.contains_key("x-injected"), "{}", about());
        assert_eq!(reply.headers["content-type"], "application/json", "{}", about());
        if reply.status == 200 {
            let told = &reply.body["data"][*field];
            assert!(told.is_null() || !told.is_string() || told == text, "{}", about());
        } else {
            assert_eq!(reply.body["status"], -1, "{}", about());
        }
        if reply.status == 400 && reply.body["code"] == "INVALID_PARAMETERS" {
            assert!(!reply.bad().is_empty(), "{}", about());
        }
    }
}

#[tokio::test]
async fn every_text_is_kept_as_it_is_or_refused_by_name_and_is_in_no_log() {
    let directory = directory();
    let platform = Logged::start(directory.path()).await;
    let scene = Scene { client: login_as(&platform.url, SANDBOX.email, SANDBOX.password).await };
    let surface = Surface::read(&scene).await;

    let mut named = 0_u32;
    let mut kept = 0_u32;
    for operation in &surface.operations {
        for field in &operation.fields {
            for text in TEXTS {
                let tried = Try { operation, field, text };
                let body = operation.body_with(field, text);
                let method = operation.method.clone();
                let request = scene.client.request(method, &operation.path).json(&body);
                let reply = send(request).await;
                tried.check(&reply);
                if reply.status == 200 {
                    kept += 1;
                    surface.check_kept(&scene, operation, field, text, &reply).await;
                } else if reply.body["code"] == "INVALID_PARAMETERS"
                    && reply.bad().contains(&&**field)
                {
                    named += 1;
                }
            }
        }
        for parameter in &operation.parameters {
            for text in TEXTS {
                let request = scene.client.request(operation.method.clone(), &operation.path);
                let reply = send(request.query(&[(parameter, text)])).await;
                Try { operation, field: parameter, text }.check(&reply);
            }
        }
    }
    assert!(named > 500, "{named} refused by name, {kept} kept");

    injected_headers(&platform.url).await;
    unknown_paths(&scene).await;
    stop(platform).await;
    check_log(&fs::read_to_string(directory.path().join("log")).unwrap());
}

/// Headers by hand: clients refuse to send most of it.
async fn injected_headers(url: &str) {
    let address = url.strip_prefix("http://").unwrap();
    for value in ["a\u{1b}[31mzq7", "a\u{0}zq7", "\"}\\n{\"level\":\"ERROR", "zq7 zq7", "a\rb: zq7"]
    {
        for name in ["x-request-id", "idempotency-key", "traceparent", "x-forwarded-for"] {
            let mut stream = TcpStream::connect(address).await.unwrap();
            let request = format!(
                "GET /accounts/payments HTTP/1.1\r\nhost: x\r\n{name}: {value}\r\nconnection: close\r\n\r\n"
            );
            stream.write_all(request.as_bytes()).await.unwrap();
            let mut answer = String::new();
            let read = timeout(Duration::from_secs(20), stream.read_to_string(&mut answer));
            let _ = read.await.unwrap();
            let status = answer.split(' ').nth(1).unwrap_or_default();
            assert!(matches!(status, "400" | "401"), "{name}: {value:?}: {answer}");
            assert!(!answer.contains('\u{1b}') && !answer.contains("zq7"), "{answer}");
        }
    }
}

async fn unknown_paths(scene: &Scene) {
    for path in
        ["/%0d%0aX-Injected:%201", "/accounts/customers/%00zq7", "/%1b%5b31mzq7", "/a?%0azq7"]
    {
        let reply = send(scene.client.request(Method::GET, path)).await;
        assert_eq!((reply.status, &reply.body["status"]), (404, &json!(-1)), "{path}: {reply:?}");
        assert!(!reply.headers.contains_key("x-injected"));
    }
}

async fn stop(mut platform: Logged) {
    let mut kill = Command::new("kill");
    kill.arg("-TERM").arg(platform.child.id().unwrap().to_string());
    assert!(kill.status().await.unwrap().success());
    let status = timeout(PATIENCE, platform.child.wait()).await.unwrap().unwrap();
    assert!(status.success());
}

fn check_log(log: &str) {
    let requests = log.lines().filter(|line| line.contains("http.status")).count();
    for line in log.split('\n').filter(|line| !line.is_empty()) {
        let is_ours = line.starts_with("lombard: ");
        let parsed = serde_json::from_str::<Value>(line);
        assert!(is_ours || parsed.is_ok_and(|line| line["level"].is_string()), "{line:?}");
        assert!(!line.contains(CANARY), "{line}");
        assert!(!line.chars().any(|it| it.is_control() || it == '\u{202e}'), "{line:?}");
    }
    assert!(requests > 1000, "{requests} requests were logged");
}

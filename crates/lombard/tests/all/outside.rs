//! GBG GO on this machine: well-behaved, or of the worst kind, which repeats what it is asked in answers that
//! mean nothing.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// The provider.
pub(crate) struct Outside {
    url: String,
    asked: Arc<AtomicUsize>,
}

/// How it answers.
#[derive(Clone, Copy)]
pub(crate) enum Manner {
    /// Everybody is who they say.
    Accepts,
    /// With what it was asked, as a failure.
    Repeats,
}

/// What it gives out as a token.
pub(crate) const TOKEN: &str = "qvx-token-of-the-provider";

impl Outside {
    pub(crate) async fn start(manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let asked = Arc::<AtomicUsize>::default();
        let count = Arc::clone(&asked);
        #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let count = Arc::clone(&count);
                tokio::spawn(async move { answer(stream, manner, &count).await });
            }
        });
        Self { url, asked }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    /// How often it was asked, tokens apart.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

async fn answer(mut stream: TcpStream, manner: Manner, asked: &AtomicUsize) -> Option<()> {
    let mut read = Vec::new();
    let (head, length) = loop {
        stream.read_buf(&mut read).await.ok().filter(|read| *read > 0)?;
        let text = String::from_utf8_lossy(&read).to_lowercase();
        let Some((head, _)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.split("content-length: ").nth(1)?.split("\r\n").next()?;
        let length: usize = length.parse().ok()?;
        break (head.to_owned(), length);
    };
    let begin = read.windows(4).position(|four| four == b"\r\n\r\n")?.saturating_add(4);
    while read.len() < begin.saturating_add(length) {
        stream.read_buf(&mut read).await.ok().filter(|read| *read > 0)?;
    }
    let token = format!("{{\"access_token\": \"{TOKEN}\", \"expires_in\": 3600}}");
    let started = "{\"instanceId\": \"one\"}";
    let ended = "{\"status\": \"Completed\", \"context\": {\"result\": \
                 {\"outcome\": \"Decision: Accept\"}}}";
    let path = head.split(' ').nth(1)?;
    if path != "/token" {
        asked.fetch_add(1, Ordering::Relaxed);
    }
    let (status, body) = match (manner, path) {
        (_, "/token") => ("200 OK", token.into_bytes()),
        (Manner::Repeats, _) => ("500 Internal Server Error", read.split_off(begin)),
        (Manner::Accepts, "/go/journey/start") => ("200 OK", started.into()),
        (Manner::Accepts, "/go/journey/state/fetch") => ("200 OK", ended.into()),
        (Manner::Accepts, _) => ("404 Not Found", Vec::new()),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: text/plain\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.ok()?;
    stream.write_all(&body).await.ok()
}

//! Transfers through REST, by hand: a client that takes less of the machine than the gateway.

use std::{cell::RefCell, rc::Rc, sync::Arc};

use anyhow::{Context, bail};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use super::{
    super::{
        data::Fill,
        grpc::{Receivers, pair},
        rest::Login,
    },
    offer::{Ask, Reply},
};

/// An answer is shorter.
const LONGEST: usize = 16 * 1024;

/// Clients with their connections.
#[derive(Debug, Clone)]
pub(super) struct Client {
    address: Arc<str>,
    authorization: Arc<str>,
    fill: Fill,
    idle: Idle,
}

/// Connections that nobody uses now.
type Idle = Rc<RefCell<Vec<TcpStream>>>;

/// What makes clients, on another thread.
#[derive(Debug)]
pub(super) struct Made {
    address: Arc<str>,
    authorization: Arc<str>,
    fill: Fill,
}

impl Made {
    /// Clients of the gateway at `url`.
    pub(super) fn new(url: &str, login: &Login, fill: Fill) -> anyhow::Result<Self> {
        let address = url.strip_prefix("http://").context("the gateway's address")?.into();
        Ok(Self { address, authorization: login.authorization()?.into(), fill })
    }

    /// The clients of this thread.
    pub(super) fn start(self) -> Client {
        let Self { address, authorization, fill } = self;
        Client { address, authorization, fill, idle: Rc::default() }
    }
}

impl Client {
    fn request(&self) -> String {
        let (from, to) = pair(self.fill.ledgers, Receivers::Spread);
        let (from, to) = (self.fill.ledger(from), self.fill.ledger(to));
        let body = format!(
            r#"{{"from_ledger_id":"{from}","to_ledger_id":"{to}","amount":"0.01","reference":"bench"}}"#
        );
        let (address, authorization) = (&self.address, &self.authorization);
        let (key, length) = (uuid::Uuid::now_v7(), body.len());
        format!(
            "POST /accounts/internal_transfer HTTP/1.1\r\nhost: {address}\r\n\
             authorization: {authorization}\r\ncontent-type: application/json\r\n\
             idempotency-key: {key}\r\ncontent-length: {length}\r\n\r\n{body}"
        )
    }
}

impl Ask for Client {
    /// Fewer than one address may have.
    const AT_ONCE: usize = 1000;

    async fn ask(&self) -> anyhow::Result<Reply> {
        let idle = self.idle.borrow_mut().pop();
        let mut stream = match idle {
            Some(stream) => stream,
            None => TcpStream::connect(&*self.address).await.context("connect")?,
        };
        stream.set_nodelay(true)?;
        stream.write_all(self.request().as_bytes()).await.context("write")?;
        let head = answer(&mut stream).await.context("read")?;
        self.idle.borrow_mut().push(stream);
        match head.status {
            200 => Ok(Reply::Accepted),
            429 | 503 => Ok(Reply::Refused(head.status.to_string(), head.says_when)),
            status => bail!("{status}"),
        }
    }
}

/// What an answer says at its head.
#[derive(Debug, PartialEq, Eq)]
struct Head {
    status: u16,
    says_when: bool,
    /// Of all of the answer.
    length: usize,
}

impl Head {
    fn read(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        let (head, _) = text.split_once("\r\n\r\n")?;
        let value = |name: &str| {
            let mut headers = head.lines().filter_map(|line| line.split_once(": "));
            headers.find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value)
        };
        let body: usize = value("content-length")?.parse().ok()?;
        let status = head.split(' ').nth(1)?.parse().ok()?;
        let length = head.len().checked_add(4)?.checked_add(body)?;
        Some(Self { status, says_when: value("retry-after").is_some(), length })
    }
}

async fn answer(stream: &mut TcpStream) -> anyhow::Result<Head> {
    let mut bytes = Vec::with_capacity(2048);
    while bytes.len() < LONGEST {
        if stream.read_buf(&mut bytes).await? == 0 {
            bail!("the connection was closed");
        }
        match Head::read(&bytes) {
            Some(head) if bytes.len() >= head.length => return Ok(head),
            Some(_) | None => {}
        }
    }
    bail!("the answer has no end")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_is_read_from_its_head() {
        let answer =
            "HTTP/1.1 429 Too Many Requests\r\nretry-after: 1\r\ncontent-length: 2\r\n\r\n{}";

        let head = Head::read(answer.as_bytes()).unwrap();

        assert_eq!(head, Head { status: 429, says_when: true, length: answer.len() });
        assert_eq!(Head::read(b"HTTP/1.1 200 OK\r\ncontent-"), None);
    }
}

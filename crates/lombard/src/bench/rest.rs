//! The same platform through its REST surface.

use std::time::Duration;

use anyhow::{Context, ensure};
use reqwest::{
    StatusCode,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue},
};
use serde_json::{Value, json};

use super::{
    data::Fill,
    grpc::{Receivers, pair},
    load::Work,
};
use crate::stack::Sandbox;

/// Rows of a page when nothing is said.
const PAGE: u32 = 100;
/// Rows of a page at most.
const LARGEST_PAGE: u32 = 1000;

/// Somebody who has logged in.
#[derive(Debug, Clone)]
pub(super) struct Login {
    url: String,
    headers: HeaderMap,
}

impl Login {
    /// Logs in at the gateway.
    pub(super) async fn new(url: &str, who: &Sandbox) -> anyhow::Result<Self> {
        let mut login = Self { url: url.to_owned(), headers: HeaderMap::new() };
        login.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let body = json!({"email": who.email, "password": who.password}).to_string();
        let answer = login.client()?.post(format!("{url}/login")).body(body).send().await?;
        let answer: Value = serde_json::from_slice(&answer.bytes().await?)?;
        let token = answer.pointer("/data/token").and_then(Value::as_str).context("no token")?;
        login.headers.insert(AUTHORIZATION, format!("token {token}").parse()?);
        Ok(login)
    }

    /// The header that proves it.
    pub(super) fn authorization(&self) -> anyhow::Result<String> {
        let header = self.headers.get(AUTHORIZATION).context("nobody has logged in")?;
        Ok(header.to_str()?.to_owned())
    }

    /// A client that keeps its connections. To be made in the runtime that uses it.
    fn client(&self) -> anyhow::Result<reqwest::Client> {
        Ok(reqwest::Client::builder()
            .default_headers(self.headers.clone())
            .timeout(Duration::from_secs(20))
            .build()?)
    }

    /// The path of the page that has so many rows before it. Each page's cursor is in the one before.
    pub(super) async fn page_after(&self, list: &str, rows: u32) -> anyhow::Result<String> {
        let (client, mut cursor, mut left) = (self.client()?, String::new(), rows);
        while left > 0 {
            let size = if left < LARGEST_PAGE { PAGE } else { LARGEST_PAGE };
            let url = format!("{}{list}?limit={size}{cursor}", self.url);
            let page: Value = serde_json::from_slice(&get(&client, &url).await?)?;
            let next = page.pointer("/data/next_cursor").and_then(Value::as_str);
            cursor = format!("&cursor={}", next.context("the list ends early")?);
            left = left.saturating_sub(size);
        }
        Ok(format!("{list}?limit={PAGE}{cursor}"))
    }
}

/// Pays from one ledger to another; each time a new one.
#[derive(Debug)]
pub(super) struct Transfers {
    client: reqwest::Client,
    url: String,
    fill: Fill,
}

impl Transfers {
    /// So many clients, who share connections. To be called in the runtime that uses them.
    pub(super) fn clients(
        login: &Login,
        fill: Fill,
        in_flight: usize,
    ) -> anyhow::Result<Vec<Self>> {
        let client = login.client()?;
        let url = format!("{}/accounts/internal_transfer", login.url);
        Ok((0..in_flight)
            .map(|_| Self { client: client.clone(), url: url.clone(), fill })
            .collect())
    }
}

impl Work for Transfers {
    async fn once(&mut self) -> anyhow::Result<u32> {
        let (from, to) = pair(self.fill.ledgers, Receivers::Spread);
        let (from, to) = (self.fill.ledger(from), self.fill.ledger(to));
        let body = format!(
            r#"{{"from_ledger_id":"{from}","to_ledger_id":"{to}","amount":"0.01","reference":"bench"}}"#
        );
        let key = uuid::Uuid::now_v7().to_string();
        let request = self.client.post(&self.url).header("idempotency-key", key).body(body);
        let answer = request.send().await?;
        let status = answer.status();
        let body = answer.bytes().await?;
        ensure!(status == StatusCode::OK, "{status}: {}", String::from_utf8_lossy(&body));
        Ok(1)
    }
}

/// Reads one page again and again.
#[derive(Debug)]
pub(super) struct Reader {
    client: reqwest::Client,
    url: String,
}

impl Reader {
    /// Reads the page that has this path. To be called in the runtime that uses it.
    pub(super) fn new(login: &Login, path: &str) -> anyhow::Result<Self> {
        Ok(Self { client: login.client()?, url: format!("{}{path}", login.url) })
    }
}

impl Work for Reader {
    async fn once(&mut self) -> anyhow::Result<u32> {
        get(&self.client, &self.url).await?;
        Ok(1)
    }
}

async fn get(client: &reqwest::Client, url: &str) -> anyhow::Result<Vec<u8>> {
    let answer = client.get(url).send().await?;
    let status = answer.status();
    let body = answer.bytes().await?;
    ensure!(status == StatusCode::OK, "{status}: {}", String::from_utf8_lossy(&body));
    Ok(body.into())
}

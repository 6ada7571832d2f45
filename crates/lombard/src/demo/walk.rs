//! One conversation with the gateway: each request and answer is printed and checked.

use std::{io::Write, time::Duration};

use anyhow::Context;
use reqwest::{Method, StatusCode, header::AUTHORIZATION};
use serde_json::Value;

use super::{
    check::{self, Field},
    show,
};

/// The conversation so far.
pub(super) struct Walk<'a, W> {
    http: reqwest::Client,
    url: &'a str,
    out: &'a mut W,
    token: Option<String>,
    deviations: Vec<String>,
}

/// What to ask, and what the documents say comes back.
pub(super) struct Step<'a> {
    pub(super) title: &'a str,
    pub(super) method: Method,
    pub(super) path: &'a str,
    pub(super) body: Option<Value>,
    pub(super) answer: &'static [Field],
}

/// What came back.
pub(super) struct Answer {
    status: StatusCode,
    text: String,
    json: Value,
}

impl Answer {
    /// The text at a JSON pointer, which later requests need.
    pub(super) fn text(&self, pointer: &str) -> anyhow::Result<String> {
        let found = self.json.pointer(pointer).and_then(Value::as_str);
        Ok(found.with_context(|| format!("the answer has no {pointer}: cannot go on"))?.to_owned())
    }

    /// The value at a JSON pointer.
    pub(super) fn value(&self, pointer: &str) -> Option<&Value> {
        self.json.pointer(pointer)
    }

    /// The digits of the balance as they were sent.
    pub(super) fn balance(&self) -> Option<&str> {
        let (_, after) = self.text.split_once("\"balance\"")?;
        after.trim_start().strip_prefix(':')?.split([',', '}']).next().map(str::trim)
    }
}

impl<'a, W: Write> Walk<'a, W> {
    /// A conversation that begins.
    pub(super) fn new(url: &'a str, out: &'a mut W) -> anyhow::Result<Self> {
        let http = reqwest::Client::builder().timeout(Duration::from_secs(30)).build()?;
        Ok(Self { http, url, out, token: None, deviations: Vec::new() })
    }

    /// Who speaks from now on.
    pub(super) fn speak_as(&mut self, token: String) {
        self.token = Some(token);
    }

    /// Asks, prints, and checks the answer.
    pub(super) async fn take(&mut self, step: Step<'_>) -> anyhow::Result<Answer> {
        let answer = self.ask(&step).await?;
        self.report(&step, &answer)?;
        Ok(answer)
    }

    /// Asks only.
    pub(super) async fn ask(&self, step: &Step<'_>) -> anyhow::Result<Answer> {
        let url = format!("{}{}", self.url, step.path);
        let mut request = self.http.request(step.method.clone(), url);
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, format!("token {token}"));
        }
        if let Some(body) = &step.body {
            request = request.json(body);
        }
        let response =
            request.send().await.with_context(|| format!("{} does not answer", self.url))?;
        let status = response.status();
        let text = response.text().await?;
        let json = serde_json::from_str(&text).unwrap_or_default();
        Ok(Answer { status, text, json })
    }

    /// Prints both sides, and notes what is not as documented.
    pub(super) fn report(&mut self, step: &Step<'_>, answer: &Answer) -> anyhow::Result<()> {
        writeln!(self.out, "\n## {}\n\n{} {}", step.title, step.method, step.path)?;
        if let Some(body) = &step.body {
            writeln!(self.out, "{}", show::readable(&body.to_string()))?;
        }
        writeln!(self.out, "\n{}\n{}", answer.status, show::readable(&answer.text))?;
        let mut found = check::deviations(step.answer, &answer.json);
        if answer.status != StatusCode::OK {
            found.push(format!("HTTP {}", answer.status.as_u16()));
        }
        for deviation in found {
            self.deviates(step.title, &deviation)?;
        }
        Ok(())
    }

    /// Notes a deviation from the documents unless all is well.
    pub(super) fn expect(&mut self, title: &str, holds: bool, rule: &str) -> anyhow::Result<()> {
        if holds { Ok(()) } else { self.deviates(title, rule) }
    }

    /// Says how it went.
    ///
    /// # Errors
    ///
    /// When anything was not as documented.
    pub(super) fn finish(self) -> anyhow::Result<()> {
        if self.deviations.is_empty() {
            writeln!(self.out, "\nEvery answer is as documented.")?;
            return Ok(());
        }
        anyhow::bail!("not as documented:\n  {}", self.deviations.join("\n  "))
    }

    fn deviates(&mut self, title: &str, what: &str) -> anyhow::Result<()> {
        writeln!(self.out, "NOT AS DOCUMENTED: {what}")?;
        self.deviations.push(format!("{title}: {what}"));
        Ok(())
    }
}

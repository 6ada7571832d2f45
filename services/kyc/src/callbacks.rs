//! Calls of providers. They are believed in one thing only: that it is worth asking now.

use std::{sync::Arc, time::Duration};

use aws_lc_rs::hmac;
use kit::postgres::Database;
use serde::Deserialize;
use time::OffsetDateTime;
use tokio::sync::Notify;

use crate::{
    error::Error,
    providers::{Directory, account::Adapter},
    store::{provider_accounts, work},
};

/// How far the clocks may be apart, and how long a call may be on its way.
const WINDOW: Duration = Duration::from_mins(5);
/// Signatures in one header at most.
const SIGNATURES: usize = 8;

/// The calls about all tenants' verifications.
#[derive(Debug, Clone)]
pub(crate) struct Callbacks {
    database: Database,
    directory: Directory,
    shortest_poll: Duration,
    wake: Arc<Notify>,
}

impl Callbacks {
    /// However often it is called, the provider is not asked about an attempt sooner than `shortest_poll`
    /// after the call before.
    pub(crate) fn new(
        database: Database,
        directory: Directory,
        shortest_poll: Duration,
        wake: Arc<Notify>,
    ) -> Self {
        Self { database, directory, shortest_poll, wake }
    }

    /// Lets the worker ask about the attempt that is called about. A call about one that is decided does
    /// nothing.
    pub(crate) async fn receive(
        &self,
        adapter: Adapter,
        about: &str,
        body: &[u8],
        signature: &str,
    ) -> Result<(), Error> {
        let signed = Signed::parse(signature).ok_or(Error::CallbackRefused)?;
        if !signed.is_of_now(OffsetDateTime::now_utc()) {
            return Err(Error::CallbackRefused);
        }
        // Whose it is, is what the reference tells.
        let mut conn = self.database.platform().await?;
        let found = work::find_by_reference(&mut conn, adapter.as_str(), about).await?;
        drop(conn);
        let (tenant, id) = found.ok_or(Error::CallbackRefused)?;
        let mut conn = self.database.of(tenant).await?;
        let account = provider_accounts::find(&mut conn, tenant, adapter).await?;
        let account = account.ok_or(Error::CallbackRefused)?;
        let secret = account.open_callback_secret(tenant, &self.directory.settings().keys)?;
        let secret = secret.ok_or(Error::CallbackRefused)?;
        if !signed.is_by(secret.bytes(), body) {
            return Err(Error::CallbackRefused);
        }
        let layout = self.database.layout();
        work::hasten(&mut conn, layout, tenant, id, self.shortest_poll).await?;
        self.wake.notify_one();
        Ok(())
    }
}

/// What a call is about, of all that its body may say.
#[derive(Deserialize)]
pub(crate) struct About {
    #[serde(rename = "instanceId")]
    pub(crate) instance_id: String,
}

/// A signature: when, and what it may be.
#[derive(Debug)]
pub(crate) struct Signed<'a> {
    /// As it was signed.
    seconds: &'a str,
    at: OffsetDateTime,
    tags: Vec<Vec<u8>>,
}

impl<'a> Signed<'a> {
    /// Reads `t=SECONDS,v1=HEX`; parts of other names are passed over.
    pub(crate) fn parse(header: &'a str) -> Option<Self> {
        let (mut seconds, mut tags) = (None, Vec::new());
        for part in header.split(',') {
            match part.trim().split_once('=')? {
                ("t", value) if seconds.is_none() => seconds = Some(value),
                ("t", _) => return None,
                ("v1", value) if tags.len() < SIGNATURES => tags.push(hex(value)?),
                _ => {}
            }
        }
        let seconds = seconds?;
        let at = OffsetDateTime::from_unix_timestamp(seconds.parse().ok()?).ok()?;
        Some(Self { seconds, at, tags })
    }

    fn is_of_now(&self, now: OffsetDateTime) -> bool {
        self.at.unix_timestamp().abs_diff(now.unix_timestamp()) <= WINDOW.as_secs()
    }

    /// Compared in a time that does not depend on what is compared.
    pub(crate) fn is_by(&self, secret: &[u8], body: &[u8]) -> bool {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
        let signed = [self.seconds.as_bytes(), b".", body].concat();
        self.tags.iter().any(|tag| hmac::verify(&key, &signed, tag).is_ok())
    }
}

/// 32 bytes in hexadecimal.
fn hex(text: &str) -> Option<Vec<u8>> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    let digits: Option<Vec<u8>> =
        text.chars().map(|digit| digit.to_digit(16).and_then(|it| u8::try_from(it).ok())).collect();
    let (pairs, _) = digits.as_deref()?.as_chunks::<2>();
    Some(pairs.iter().map(|[high, low]| (high << 4) | low).collect())
}

/// The header of a call as a provider makes it.
#[cfg(any(test, feature = "fuzz"))]
pub(crate) fn header(secret: &[u8], seconds: &str, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    let tag = hmac::sign(&key, &[seconds.as_bytes(), b".", body].concat());
    let tag: Vec<_> = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={seconds},v1={}", tag.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"0123456789abcdef";

    #[test]
    fn the_provider_s_own_signature_is_believed_and_no_other() {
        let header = header(SECRET, "1700000000", b"{}");
        let signed = Signed::parse(&header).unwrap();

        assert!(signed.is_by(SECRET, b"{}"));
        assert!(!signed.is_by(SECRET, b"{ }"));
        assert!(!signed.is_by(b"another secret..", b"{}"));
        let later = header.replace("1700000000", "1700000001");
        assert!(!Signed::parse(&later).unwrap().is_by(SECRET, b"{}"));
    }

    #[test]
    fn one_of_several_signatures_is_enough() {
        let own = header(SECRET, "1700000000", b"{}");
        let own = own.split_once(',').unwrap().1;
        let both = format!("t=1700000000,v1={},{own},v0=x", "0".repeat(64));

        assert!(Signed::parse(&both).unwrap().is_by(SECRET, b"{}"));
    }

    #[test]
    fn an_old_call_and_one_of_the_future_are_refused() {
        let at = |seconds: i64| OffsetDateTime::from_unix_timestamp(seconds).unwrap();
        let signed = Signed::parse("t=1700000000").unwrap();

        assert!(signed.is_of_now(at(1_700_000_300)) && signed.is_of_now(at(1_699_999_700)));
        assert!(!signed.is_of_now(at(1_700_000_301)) && !signed.is_of_now(at(1_699_999_699)));
    }

    #[test]
    fn what_is_no_signature_is_not_read() {
        for header in ["", "t=1", "v1=00", "t=x,v1=", "t=1,t=2", "t=1,v1=zz", "1,2"] {
            let signed = Signed::parse(header);
            assert!(signed.is_none_or(|signed| !signed.is_by(SECRET, b"{}")), "{header}");
        }
    }
}

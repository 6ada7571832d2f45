//! Questions over HTTP: what went wrong, in words of ours. What a provider writes is never repeated: it
//! may hold what it was asked about.

use std::{error::Error, time::Duration};

use reqwest::{Client, RequestBuilder, StatusCode, header::RETRY_AFTER, redirect::Policy};
use time::{OffsetDateTime, format_description::well_known::Rfc2822};

use super::ProviderError;

/// More than any answer that is meant.
const LONGEST: usize = 4 * 1024 * 1024;
/// How long to leave a provider alone that says so without saying how long.
const HOLD: Duration = Duration::from_secs(30);
/// And one that refuses our credentials: it locks them when they are tried too often.
const CREDENTIALS_HOLD: Duration = Duration::from_mins(5);
/// Nobody is left alone for longer.
const LONGEST_HOLD: Duration = Duration::from_hours(1);

/// The way to all providers.
#[derive(Debug, Clone)]
pub(crate) struct Http(Client);

/// What was answered.
#[derive(Debug)]
pub(super) struct Answered {
    pub(super) status: StatusCode,
    pub(super) body: Vec<u8>,
    retry_after: Option<Duration>,
}

impl Http {
    /// TLS as everywhere, by the system's certificate authorities.
    pub(crate) fn new() -> Result<Self, reqwest::Error> {
        let client = Client::builder()
            .connect_timeout(Duration::from_secs(5))
            .redirect(Policy::none())
            .user_agent("lombard")
            .build()?;
        Ok(Self(client))
    }

    pub(super) fn post(&self, url: &str) -> RequestBuilder {
        self.0.post(url)
    }
}

/// Asks, and reads an answer that is not too long. How long it may take is the caller's to bound.
pub(super) async fn send(request: RequestBuilder) -> Result<Answered, ProviderError> {
    let mut response = request.send().await.map_err(|error| broken(&error))?;
    let status = response.status();
    let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let retry_after = retry_after.and_then(|text| pause(text, OffsetDateTime::now_utc()));
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| broken(&error))? {
        if body.len().saturating_add(chunk.len()) > LONGEST {
            return Err(malformed("it is too long"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Answered { status, body, retry_after })
}

impl Answered {
    /// The body of a success. Anything else says whether to come again.
    pub(super) fn body(self) -> Result<Vec<u8>, ProviderError> {
        let status = self.status;
        let why = format!("it answered {}", status.as_u16());
        if status.is_success() {
            return Ok(self.body);
        }
        Err(match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => credentials_refused(),
            StatusCode::TOO_MANY_REQUESTS => {
                ProviderError::Hold { why, pause: self.retry_after.unwrap_or(HOLD) }
            }
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY => ProviderError::Transient(why),
            _ if status.is_server_error() => match self.retry_after {
                Some(pause) => ProviderError::Hold { why, pause },
                None => ProviderError::Transient(why),
            },
            _ => ProviderError::Permanent(why),
        })
    }
}

/// The provider does not know the tenant, or not any more.
pub(super) fn credentials_refused() -> ProviderError {
    let why = "it refuses the tenant's credentials".to_owned();
    ProviderError::Hold { why, pause: CREDENTIALS_HOLD }
}

/// An answer that is none. It may be somebody's between us and the provider, so that it is worth
/// another try.
pub(super) fn malformed(why: &str) -> ProviderError {
    ProviderError::Transient(format!("its answer cannot be read: {why}"))
}

/// Only what kind of failure it is: the library's own words may hold the request.
fn broken(error: &reqwest::Error) -> ProviderError {
    let is_tls = std::iter::successors(error.source(), |error| (*error).source())
        .any(|error| error.to_string().contains("certificate"));
    let why = if is_tls {
        "its certificate is not good"
    } else if error.is_timeout() {
        "out of time"
    } else if error.is_connect() {
        "no connection"
    } else {
        "the connection broke"
    };
    ProviderError::Transient(why.to_owned())
}

/// How long `Retry-After` asks to wait: seconds, or a date.
fn pause(text: &str, now: OffsetDateTime) -> Option<Duration> {
    let text = text.trim();
    let pause = if let Ok(seconds) = text.parse() {
        Duration::from_secs(seconds)
    } else {
        let at = OffsetDateTime::parse(text, &Rfc2822).ok()?.unix_timestamp();
        let left = at.saturating_sub(now.unix_timestamp());
        Duration::from_secs(u64::try_from(left).unwrap_or_default())
    };
    Some(pause.clamp(Duration::from_secs(1), LONGEST_HOLD))
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_pause_is_read_in_either_form() {
        let now = datetime!(1994-11-06 08:49:30 UTC);

        assert_eq!(pause("120", now), Some(Duration::from_mins(2)));
        assert_eq!(pause("Sun, 06 Nov 1994 08:49:37 GMT", now), Some(Duration::from_secs(7)));
        assert_eq!(pause("soon", now), None);
    }

    #[test]
    fn no_pause_is_none_or_for_ever() {
        let now = datetime!(1994-11-06 08:49:30 UTC);

        assert_eq!(pause("0", now), Some(Duration::from_secs(1)));
        assert_eq!(pause("Sun, 06 Nov 1994 08:00:00 GMT", now), Some(Duration::from_secs(1)));
        assert_eq!(pause("31536000", now), Some(LONGEST_HOLD));
    }
}

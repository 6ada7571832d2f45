//! Access tokens by OAuth 2 client credentials, kept until shortly before they end.

use std::time::{Duration, Instant};

use reqwest::StatusCode;
use serde::Deserialize;
use tokio::sync::Mutex;

use crate::providers::{
    ProviderError,
    account::Secret,
    http::{self, Http, malformed},
};

/// A token is not used so close to its end.
const MARGIN: Duration = Duration::from_secs(30);
/// A token is asked for again after so long, whatever it says.
const LONGEST: Duration = Duration::from_hours(1);

/// One client's tokens: one at a time, and one question at a time for the next.
#[derive(Debug)]
pub(super) struct Tokens {
    http: Http,
    url: String,
    client_id: String,
    client_secret: Secret,
    token: Mutex<Option<Token>>,
}

#[derive(Debug)]
struct Token {
    value: Secret,
    good_until: Instant,
}

impl Tokens {
    pub(super) fn new(http: Http, url: String, client_id: String, client_secret: Secret) -> Self {
        Self { http, url, client_id, client_secret, token: Mutex::default() }
    }

    pub(super) async fn get(&self) -> Result<Secret, ProviderError> {
        let mut kept = self.token.lock().await;
        if let Some(token) = kept.as_ref().filter(|token| Instant::now() < token.good_until) {
            return Ok(token.value.clone());
        }
        let token = self.request().await?;
        Ok(kept.insert(token).value.clone())
    }

    /// The token was refused. Another that has come since stays.
    pub(super) async fn forget(&self, refused: &Secret) {
        let mut kept = self.token.lock().await;
        if kept.as_ref().is_some_and(|token| token.value.bytes() == refused.bytes()) {
            *kept = None;
        }
    }

    async fn request(&self) -> Result<Token, ProviderError> {
        let asked = Instant::now();
        let request = self.http.post(&self.url).form(&[
            ("grant_type", "client_credentials"),
            ("client_id", &self.client_id),
            ("client_secret", self.client_secret.text()),
        ]);
        let answered = http::send(request).await?;
        if answered.status == StatusCode::BAD_REQUEST {
            return Err(http::credentials_refused());
        }
        let granted: Granted =
            serde_json::from_slice(&answered.body()?).map_err(|_| malformed("it is no token"))?;
        let lasts = Duration::from_secs(granted.expires_in).min(LONGEST);
        let good_until = asked.checked_add(lasts.saturating_sub(MARGIN)).unwrap_or(asked);
        Ok(Token { value: Secret::new(granted.access_token), good_until })
    }
}

#[derive(Deserialize)]
struct Granted {
    access_token: String,
    #[serde(default)]
    expires_in: u64,
}

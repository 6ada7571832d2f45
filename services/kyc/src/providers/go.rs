//! GBG GO: a journey is started with what is known of the customer and the images of its document, and
//! asked how far it is.
//!
//! A start names the verification, as `Idempotency-Key` and as the subject's `uid`, and its instance is
//! noted as soon as it is known. A worker that dies between the two starts another instance under the
//! same name; only the noted one is ever asked about.

use std::time::Duration;

use base64::{Engine, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{
    Answer, Images, Progress, Provider, ProviderError, Subject, Submission,
    account::{Account, Secret},
    http::{self, Http, malformed},
};
use crate::domain::Outcome;

mod token;

use token::Tokens;

/// How soon a journey may be over, and how often it is asked about afterwards.
const FIRST_POLL: Duration = Duration::from_secs(3);
const POLL: Duration = Duration::from_secs(15);

/// Where GO is, and what it is given there.
#[derive(Debug)]
pub(super) struct Places {
    pub(super) url: String,
    pub(super) token_url: String,
    pub(super) takes_images: bool,
}

/// A tenant's account with GO.
#[derive(Debug)]
pub(super) struct Go {
    http: Http,
    url: String,
    takes_images: bool,
    account: Account,
    tokens: Tokens,
}

impl Go {
    pub(super) fn new(http: Http, places: Places, account: Account, secret: Secret) -> Self {
        let Places { url, token_url, takes_images } = places;
        let tokens = Tokens::new(http.clone(), token_url, account.name.clone(), secret);
        Self { http, url, takes_images, account, tokens }
    }

    async fn start(&self, submission: &Submission) -> Result<Progress, ProviderError> {
        let Submission { verification, subject, images, .. } = submission;
        if subject.last_name.is_empty() {
            return Ok(Progress::Decided(Outcome::InReview(vec!["NOT_A_PERSON".to_owned()])));
        }
        let key = verification.to_string();
        let about = About {
            uid: &key,
            identity: identity(subject),
            documents: Vec::from_iter(document(images)),
        };
        let question = json!({
            "resourceId": format!("{}@{}", self.account.profile, self.account.profile_version),
            "context": {"config": {"delivery": "api"}, "subject": about},
        });
        let started: Started = self.ask("journey/start", Some(&key), &question).await?;
        let reference = started.instance_id;
        if reference.is_empty() || reference.len() > 255 {
            return Err(malformed("the instance has no id"));
        }
        Ok(Progress::Pending { reference, poll_after: FIRST_POLL })
    }

    async fn state(&self, reference: &str) -> Result<Progress, ProviderError> {
        let question = json!({"instanceId": reference});
        let state: State = self.ask("journey/state/fetch", None, &question).await?;
        let reference = reference.to_owned();
        Ok(match state.status.to_ascii_lowercase().as_str() {
            "inprogress" | "in_progress" | "paused" => {
                Progress::Pending { reference, poll_after: POLL }
            }
            "completed" => {
                let outcome = state.context.result.outcome.unwrap_or_default();
                Progress::Decided(self.account.verdicts.outcome(&outcome))
            }
            "failed" => Progress::Decided(Outcome::Error(vec!["JOURNEY_FAILED".to_owned()])),
            _ => Progress::Decided(Outcome::InReview(vec!["UNKNOWN_OUTCOME".to_owned()])),
        })
    }

    /// Asks with a token, and once more with a fresh one when that one is not good any more.
    async fn ask<T: for<'de> Deserialize<'de>>(
        &self,
        path: &str,
        key: Option<&str>,
        question: &Value,
    ) -> Result<T, ProviderError> {
        let mut token = self.tokens.get().await?;
        let mut answered = self.send(path, key, question, &token).await?;
        if answered.status == reqwest::StatusCode::UNAUTHORIZED {
            self.tokens.forget(&token).await;
            token = self.tokens.get().await?;
            answered = self.send(path, key, question, &token).await?;
        }
        let body = answered.body()?;
        serde_json::from_slice(&body).map_err(|_| malformed("it is no JSON of the known form"))
    }

    async fn send(
        &self,
        path: &str,
        key: Option<&str>,
        question: &Value,
        token: &Secret,
    ) -> Result<http::Answered, ProviderError> {
        let url = format!("{}/{path}", self.url);
        let mut request = self.http.post(&url).bearer_auth(token.text()).json(question);
        if let Some(key) = key {
            request = request.header("Idempotency-Key", key);
        }
        http::send(request).await
    }
}

impl Provider for Go {
    fn submit<'a>(&'a self, submission: &'a Submission) -> Answer<'a> {
        Box::pin(self.start(submission))
    }

    fn fetch<'a>(&'a self, reference: &'a str) -> Answer<'a> {
        Box::pin(self.state(reference))
    }

    fn takes_images(&self) -> bool {
        self.takes_images
    }
}

/// What GO is told of somebody.
#[derive(Serialize)]
struct About<'a> {
    uid: &'a str,
    identity: Value,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    documents: Vec<Document>,
}

/// What proves an identity, its images in base64.
#[derive(Serialize)]
struct Document {
    #[serde(rename = "type")]
    kind: &'static str,
    #[serde(rename = "side1Image")]
    front: String,
    #[serde(rename = "side2Image", skip_serializing_if = "Option::is_none")]
    back: Option<String>,
}

/// Without its front there is nothing to look at.
fn document(images: &Images) -> Option<Document> {
    let front = BASE64_STANDARD.encode(images.front.as_ref()?);
    let back = images.back.as_ref().map(|back| BASE64_STANDARD.encode(back));
    Some(Document { kind: "Primary", front, back })
}

fn identity(subject: &Subject) -> Value {
    let address = &subject.address;
    json!({
        "firstName": subject.first_name,
        "middleNames": given(&subject.middle_name),
        "lastNames": [subject.last_name],
        "dateOfBirth": subject.date_of_birth,
        "currentAddress": {
            "building": address.number,
            "subBuilding": address.refinement,
            "thoroughfare": address.street,
            "administrativeArea": address.region,
            "locality": address.city,
            "postalCode": address.postal_code,
            "country": address.iso_country,
        },
    })
}

fn given(text: &str) -> Vec<&str> {
    Vec::from_iter(Some(text).filter(|text| !text.is_empty()))
}

#[derive(Deserialize)]
struct Started {
    #[serde(rename = "instanceId")]
    instance_id: String,
}

#[derive(Deserialize)]
struct State {
    status: String,
    #[serde(default)]
    context: Context,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Context {
    result: JourneyResult,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct JourneyResult {
    outcome: Option<String>,
}

//! GBG ID3global: one SOAP call, `AuthenticateSP`, which answers with a band.
//!
//! It knows no idempotency: an attempt that is submitted twice, because a worker died before it noted
//! the answer, is two checks there, both under the verification's id as `CustomerReference`.

use std::time::Duration;

use reqwest::StatusCode;

use super::{
    Answer, Progress, Provider, ProviderError, Submission,
    account::{Account, Secret},
    http::{self, Http},
};
use crate::domain::Outcome;

mod envelope;

use envelope::Reply;

const ACTION: &str =
    "\"http://www.id3global.com/ID3gWS/2013/04/IGlobalAuthenticate/AuthenticateSP\"";

/// A tenant's account with ID3global.
#[derive(Debug)]
pub(super) struct Id3Global {
    http: Http,
    url: String,
    account: Account,
    password: Secret,
}

impl Id3Global {
    pub(super) fn new(http: Http, url: String, account: Account, password: Secret) -> Self {
        Self { http, url, account, password }
    }

    async fn authenticate(&self, submission: &Submission) -> Result<Progress, ProviderError> {
        if submission.subject.last_name.is_empty() {
            // It knows persons only.
            return Ok(Progress::Decided(Outcome::InReview(vec!["NOT_A_PERSON".to_owned()])));
        }
        let envelope = envelope::write(&self.account, &self.password, submission)
            .map_err(|_| ProviderError::Permanent("the question cannot be written".to_owned()))?;
        let request = self
            .http
            .post(&self.url)
            .header("Content-Type", "text/xml; charset=utf-8")
            .header("SOAPAction", ACTION)
            .body(envelope);
        let answered = http::send(request).await?;
        // A fault comes with 500, whoever is at fault.
        let body = if answered.status == StatusCode::INTERNAL_SERVER_ERROR {
            match envelope::read(&answered.body) {
                Ok(Reply::Fault(_)) => answered.body,
                Ok(Reply::Band(_)) | Err(_) => answered.body()?,
            }
        } else {
            answered.body()?
        };
        match envelope::read(&body)? {
            Reply::Band(band) => Ok(Progress::Decided(self.account.verdicts.outcome(&band))),
            Reply::Fault(code) => Err(fault(&code)),
        }
    }
}

impl Provider for Id3Global {
    fn submit<'a>(&'a self, submission: &'a Submission) -> Answer<'a> {
        Box::pin(self.authenticate(submission))
    }

    fn fetch<'a>(&'a self, _reference: &'a str) -> Answer<'a> {
        let error = ProviderError::Permanent("it decides at once or not at all".to_owned());
        Box::pin(std::future::ready(Err(error)))
    }
}

/// Reads an answer, whatever it is. What it finds is part of it, and says something.
#[cfg(any(test, feature = "fuzz"))]
pub(crate) fn fuzz(data: &[u8]) {
    match envelope::read(data) {
        Ok(Reply::Band(band)) => assert!(!band.is_empty() && band.trim() == band),
        Ok(Reply::Fault(code)) => drop(fault(&code)),
        Err(_) => {}
    }
}

/// What a fault's code means. Its text may hold anything.
fn fault(code: &str) -> ProviderError {
    match code.rsplit(':').next().unwrap_or(code) {
        "FailedAuthentication" | "InvalidSecurity" | "InvalidSecurityToken" => {
            http::credentials_refused()
        }
        "Client" | "Sender" => ProviderError::Permanent("it does not take the question".to_owned()),
        "ServerTooBusy" => {
            ProviderError::Hold { why: "it is too busy".to_owned(), pause: Duration::from_secs(30) }
        }
        _ => ProviderError::Transient("it has a fault".to_owned()),
    }
}

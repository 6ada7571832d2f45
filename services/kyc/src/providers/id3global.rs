//! GBG ID3global: one SOAP call, `AuthenticateSP`, which answers with a band. Images of documents are
//! uploaded before, each by a call of its own, `UploadAndProcess`, and named in it.
//!
//! It knows no idempotency: an attempt that is submitted twice, because a worker died before it noted
//! the answer, is two checks there, both under the verification's id as `CustomerReference`, each with
//! images of its own.

use std::{io, time::Duration};

use reqwest::StatusCode;

use super::{
    Answer, Images, Progress, Provider, ProviderError, Submission,
    account::{Account, Secret},
    http::{self, Http},
};
use crate::domain::Outcome;

mod envelope;

use envelope::Reply;

const ACTION: &str =
    "\"http://www.id3global.com/ID3gWS/2013/04/IGlobalAuthenticate/AuthenticateSP\"";

const UPLOAD: &str = "\"http://www.id3global.com/ID3gWS/2013/04/IGlobalDocImage/UploadAndProcess\"";

/// Where ID3global is.
#[derive(Debug)]
pub(super) struct Places {
    pub(super) url: String,
    /// Where it takes images; none: it is given none.
    pub(super) images_url: Option<String>,
}

/// A tenant's account with ID3global.
#[derive(Debug)]
pub(super) struct Id3Global {
    http: Http,
    places: Places,
    account: Account,
    password: Secret,
}

impl Id3Global {
    pub(super) fn new(http: Http, places: Places, account: Account, password: Secret) -> Self {
        Self { http, places, account, password }
    }

    async fn authenticate(&self, submission: &Submission) -> Result<Progress, ProviderError> {
        if submission.subject.last_name.is_empty() {
            // It knows persons only.
            return Ok(Progress::Decided(Outcome::InReview(vec!["NOT_A_PERSON".to_owned()])));
        }
        let images = self.upload(&submission.images).await?;
        let question = envelope::write(&self.account, &self.password, submission, &images);
        match self.ask(&self.places.url, ACTION, question).await? {
            Reply::Band(band) => Ok(Progress::Decided(self.account.verdicts.outcome(&band))),
            Reply::Fault(code) => Err(fault(&code)),
            Reply::Image(_) => Err(http::malformed("it is about an image")),
        }
    }

    /// What it calls the images, which are uploaded before the question about them, one by one.
    async fn upload(&self, images: &Images) -> Result<Vec<String>, ProviderError> {
        let mut names = Vec::new();
        let Some(url) = &self.places.images_url else { return Ok(names) };
        for image in [&images.front, &images.back].into_iter().flatten() {
            let question = envelope::write_image(&self.account, &self.password, image);
            match self.ask(url, UPLOAD, question).await? {
                Reply::Image(name) => names.push(name),
                Reply::Fault(code) => return Err(fault(&code)),
                Reply::Band(_) => return Err(http::malformed("it is about no image")),
            }
        }
        Ok(names)
    }

    async fn ask(
        &self,
        url: &str,
        action: &str,
        question: io::Result<Vec<u8>>,
    ) -> Result<Reply, ProviderError> {
        let question = question
            .map_err(|_| ProviderError::Permanent("the question cannot be written".to_owned()))?;
        let request = self
            .http
            .post(url)
            .header("Content-Type", "text/xml; charset=utf-8")
            .header("SOAPAction", action)
            .body(question);
        let answered = http::send(request).await?;
        // A fault comes with 500, whoever is at fault.
        if answered.status == StatusCode::INTERNAL_SERVER_ERROR
            && let Ok(fault @ Reply::Fault(_)) = envelope::read(&answered.body)
        {
            return Ok(fault);
        }
        envelope::read(&answered.body()?)
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

    fn takes_images(&self) -> bool {
        self.places.images_url.is_some()
    }
}

/// Reads an answer, whatever it is. What it finds is part of it, and says something.
#[cfg(any(test, feature = "fuzz"))]
pub(crate) fn fuzz(data: &[u8]) {
    match envelope::read(data) {
        Ok(Reply::Band(band)) => assert!(!band.is_empty() && band.trim() == band),
        Ok(Reply::Fault(code)) => drop(fault(&code)),
        Ok(Reply::Image(_)) | Err(_) => {}
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

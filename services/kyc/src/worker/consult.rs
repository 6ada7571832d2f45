//! Asking the provider of a verification, and what its answer means for the work.

use std::time::Duration;

use kit::{measure, postgres::Database};

use super::{
    gates::{Gates, Limits, Place},
    papers::Papers,
    pauses::{self, since},
};
use crate::{
    Settings,
    customers::{self, Customers},
    domain::{Outcome, Verification},
    error::Error,
    providers::{Directory, Images, Progress, Provider, ProviderError, Submission},
    store::work::{self, Claimed},
};

/// What it takes to ask.
#[derive(Debug)]
pub(super) struct Consultant {
    settings: Settings,
    database: Database,
    papers: Papers,
    customers: Customers,
    directory: Directory,
    gates: Gates,
}

impl Consultant {
    pub(super) fn new(
        settings: Settings,
        database: Database,
        papers: Papers,
        customers: Customers,
        directory: Directory,
    ) -> Self {
        let gates = Gates::new(Limits {
            at_a_time: settings.provider_concurrency,
            failures: settings.circuit_failures,
            pause: settings.circuit_pause,
        });
        Self { settings, database, papers, customers, directory, gates }
    }

    /// Tenants and their providers that nobody may ask now.
    pub(super) fn closed(&self) -> Vec<Place> {
        self.gates.closed()
    }

    /// What the provider decides; none when it has not, and is to be asked again later.
    pub(super) async fn consult(
        &self,
        claimed: &Claimed,
        verification: &Verification,
    ) -> Result<Option<Outcome>, Error> {
        let attempt = claimed.attempts.saturating_add(1);
        let name = claimed.adapter.as_deref().unwrap_or(&verification.provider);
        let answer = match self.directory.find(claimed.tenant, name).await? {
            None => Err(ProviderError::Transient(format!("{name} is not configured any more"))),
            Some(provider) if !provider.is_outside() => {
                self.ask(provider.as_ref(), claimed, verification, attempt).await?
            }
            Some(provider) => {
                let pass = match self.gates.enter(claimed.tenant, name) {
                    Ok(pass) => pass,
                    Err(pause) => return self.put_off(claimed, claimed.attempts, pause).await,
                };
                let answer = self.ask(provider.as_ref(), claimed, verification, attempt).await?;
                pass.end(name, &answer);
                answer
            }
        };
        self.weigh(claimed, verification, attempt, answer).await
    }

    async fn weigh(
        &self,
        claimed: &Claimed,
        verification: &Verification,
        attempt: i32,
        answer: Result<Progress, ProviderError>,
    ) -> Result<Option<Outcome>, Error> {
        match answer {
            Ok(Progress::Decided(outcome)) => Ok(Some(outcome)),
            Ok(Progress::Pending { reference, poll_after }) => {
                let left = self.settings.max_age.saturating_sub(since(verification.create_time));
                let pause = poll_after.min(left).max(self.settings.shortest_poll);
                let mut conn = self.database.of(claimed.tenant).await?;
                let layout = self.database.layout();
                work::wait_for_provider(&mut conn, layout, claimed, &reference, pause).await?;
                Ok(None)
            }
            Err(error @ ProviderError::Permanent(_)) => {
                tracing::error!(%error, "the provider refused verification {}", claimed.id);
                Ok(Some(Outcome::Error(vec!["PROVIDER_REFUSED".to_owned()])))
            }
            Err(error @ ProviderError::Transient(_)) if attempt >= self.settings.max_attempts => {
                tracing::error!(%error, "the provider failed verification {}", claimed.id);
                Ok(Some(Outcome::Error(vec!["PROVIDER_UNAVAILABLE".to_owned()])))
            }
            Err(error @ ProviderError::Transient(_)) => {
                tracing::warn!(%error, attempt, "the provider failed verification {}", claimed.id);
                self.put_off(claimed, attempt, pauses::after(&self.settings, attempt)).await
            }
            // Not counted: it says nothing of this attempt, and ends with the attempt's age at last.
            Err(ref error @ ProviderError::Hold { pause, .. }) => {
                tracing::error!(%error, "the provider held verification {}", claimed.id);
                self.put_off(claimed, claimed.attempts, pause).await
            }
        }
    }

    async fn put_off(
        &self,
        claimed: &Claimed,
        attempts: i32,
        pause: Duration,
    ) -> Result<Option<Outcome>, Error> {
        let mut conn = self.database.of(claimed.tenant).await?;
        work::postpone(&mut conn, claimed, attempts, pause).await?;
        Ok(None)
    }

    /// What the provider answers. The outer error is not the provider's.
    async fn ask(
        &self,
        provider: &dyn Provider,
        claimed: &Claimed,
        verification: &Verification,
        attempt: i32,
    ) -> Result<Result<Progress, ProviderError>, Error> {
        let name = claimed.adapter.as_deref().unwrap_or(&verification.provider);
        if let Some(reference) = &claimed.provider_reference {
            let answer = self.in_time(provider.fetch(reference));
            return Ok(measure::outside(name, "fetch", answer, kind).await);
        }
        let caller = customers::on_our_own_account(verification.tenant);
        let subject = self.customers.get(&caller, verification.customer).await?.subject;
        let images = if provider.takes_images() {
            self.papers.images(verification).await?
        } else {
            Images::default()
        };
        let submission = Submission { verification: verification.id, attempt, subject, images };
        let answer = self.in_time(provider.submit(&submission));
        Ok(measure::outside(name, "submit", answer, kind).await)
    }

    async fn in_time(
        &self,
        answer: impl Future<Output = Result<Progress, ProviderError>>,
    ) -> Result<Progress, ProviderError> {
        tokio::time::timeout(self.settings.provider_timeout, answer)
            .await
            .unwrap_or_else(|_| Err(ProviderError::Transient("out of time".to_owned())))
    }
}

/// What became of a question, in a word.
fn kind(answer: &Result<Progress, ProviderError>) -> &'static str {
    match answer {
        Ok(Progress::Decided(_)) => "decided",
        Ok(Progress::Pending { .. }) => "pending",
        Err(ProviderError::Transient(_)) => "failed",
        Err(ProviderError::Hold { .. }) => "held",
        Err(ProviderError::Permanent(_)) => "refused",
    }
}

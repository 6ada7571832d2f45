//! One verification as far as it will go now.

use std::time::Duration;

use kit::{measure, time::now};
use sqlx::PgPool;
use time::OffsetDateTime;

use super::checks::{Checks, Found};
use crate::{
    Settings,
    customers::{self, Customers},
    domain::{Change, Outcome, Status, Verification},
    error::Error,
    mrz::ocr::Ocr,
    providers::{Progress, Provider, ProviderError, Submission},
    reports::Reports,
    screening::Reviews,
    store::{
        verifications,
        work::{self, Claimed},
    },
};

/// What it takes to drive a verification.
#[derive(Debug)]
pub(super) struct Driver {
    settings: Settings,
    pool: PgPool,
    customers: Customers,
    reports: Reports,
    checks: Checks,
}

impl Driver {
    pub(super) fn new(
        settings: Settings,
        pool: PgPool,
        customers: Customers,
        reviews: Reviews,
    ) -> Self {
        let reports = Reports::new(pool.clone(), customers.clone());
        let ocr = Ocr::new(settings.ocr_program.clone());
        let checks = Checks::new(pool.clone(), customers.clone(), reviews, ocr);
        Self { settings, pool, customers, reports, checks }
    }

    /// Drives a verification; what fails is tried again after a pause.
    pub(super) async fn drive(&self, claimed: &Claimed) {
        if let Err(error) = self.advance(claimed).await {
            tracing::warn!(error = error.cause(), "verification {} has to wait", claimed.id);
            // A database that does not take this either gives the work back at the end of the lease.
            if let Err(error) = self.put_off(claimed).await {
                let error = error.cause();
                tracing::warn!(error, "verification {} waits for its lease to end", claimed.id);
            }
        }
    }

    async fn advance(&self, claimed: &Claimed) -> Result<(), Error> {
        let verification = self.read(claimed).await?;
        if verification.lifecycle.status() != Status::Pending {
            return self.report(&verification).await;
        }
        if let Some(outcome) = self.given_up(claimed, &verification) {
            let verification = self.record(claimed, outcome, None).await?;
            return self.report(&verification).await;
        }
        if claimed.reported_version < verification.lifecycle.version() {
            self.report(&verification).await?;
        }
        match self.consult(claimed, &verification).await? {
            Some(outcome) => {
                let found = self.checks.look(&verification, &outcome).await?;
                let verification = self.record(claimed, outcome, found).await?;
                self.report(&verification).await
            }
            None => Ok(()),
        }
    }

    /// How an attempt ends that has had its chances.
    fn given_up(&self, claimed: &Claimed, verification: &Verification) -> Option<Outcome> {
        if age(verification) >= self.settings.max_age {
            tracing::error!("verification {} ran out of time", claimed.id);
            return Some(Outcome::Expired(vec!["OUT_OF_TIME".to_owned()]));
        }
        if claimed.overruns >= self.settings.max_overruns {
            tracing::error!("the work on verification {} broke off too often", claimed.id);
            return Some(Outcome::Error(vec!["WORK_BROKE_OFF".to_owned()]));
        }
        None
    }

    async fn read(&self, claimed: &Claimed) -> Result<Verification, Error> {
        let mut conn = self.pool.acquire().await?;
        verifications::find(&mut conn, claimed.tenant, claimed.id)
            .await?
            .ok_or(Error::VerificationNotFound(claimed.id))
    }

    async fn report(&self, verification: &Verification) -> Result<(), Error> {
        let caller = customers::on_our_own_account(verification.tenant);
        self.reports.send(&caller, verification).await
    }

    /// What the provider decides; none when it has not, and is to be asked again later.
    async fn consult(
        &self,
        claimed: &Claimed,
        verification: &Verification,
    ) -> Result<Option<Outcome>, Error> {
        let attempt = claimed.attempts.saturating_add(1);
        match self.ask(claimed, verification, attempt).await? {
            Ok(Progress::Decided(outcome)) => Ok(Some(outcome)),
            Ok(Progress::Pending { reference, poll_after }) => {
                let left = self.settings.max_age.saturating_sub(age(verification));
                let pause = poll_after.min(left).max(self.settings.shortest_poll);
                let mut conn = self.pool.acquire().await?;
                work::wait_for_provider(&mut conn, claimed, &reference, pause).await?;
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
                let mut conn = self.pool.acquire().await?;
                work::postpone(&mut conn, claimed, attempt, self.pause(attempt)).await?;
                Ok(None)
            }
        }
    }

    /// What the provider answers. The outer error is not the provider's.
    async fn ask(
        &self,
        claimed: &Claimed,
        verification: &Verification,
        attempt: i32,
    ) -> Result<Result<Progress, ProviderError>, Error> {
        let Some(provider) = self.settings.providers.find(&verification.provider) else {
            let error = format!("{} is not configured any more", verification.provider);
            return Ok(Err(ProviderError::Transient(error)));
        };
        match &claimed.provider_reference {
            Some(reference) => {
                let answer = self.in_time(provider.fetch(reference));
                Ok(measure::outside("provider", "fetch", answer).await)
            }
            None => self.submit(provider, verification, attempt).await,
        }
    }

    async fn submit(
        &self,
        provider: &dyn Provider,
        verification: &Verification,
        attempt: i32,
    ) -> Result<Result<Progress, ProviderError>, Error> {
        let caller = customers::on_our_own_account(verification.tenant);
        let subject = self.customers.get(&caller, verification.customer).await?.subject;
        let submission = Submission { verification: verification.id, attempt, subject };
        let answer = self.in_time(provider.submit(&submission));
        Ok(measure::outside("provider", "submit", answer).await)
    }

    async fn in_time(
        &self,
        answer: impl Future<Output = Result<Progress, ProviderError>>,
    ) -> Result<Progress, ProviderError> {
        tokio::time::timeout(self.settings.provider_timeout, answer)
            .await
            .unwrap_or_else(|_| Err(ProviderError::Transient("out of time".to_owned())))
    }

    /// Makes the transition, unless it was made before.
    async fn record(
        &self,
        claimed: &Claimed,
        outcome: Outcome,
        found: Option<Found>,
    ) -> Result<Verification, Error> {
        let mut tx = self.pool.begin().await?;
        let mut verification = verifications::lock(&mut tx, claimed.tenant, claimed.id)
            .await?
            .ok_or(Error::VerificationNotFound(claimed.id))?;
        let outcome = match found {
            Some(found) if verification.lifecycle.status() == Status::Pending => {
                found.weigh(&mut tx, &verification, outcome).await?
            }
            Some(_) | None => outcome,
        };
        if verification.lifecycle.decide(outcome, now())? == Change::Made {
            verifications::save_transition(&mut tx, &verification).await?;
        }
        tx.commit().await?;
        tracing::info!(
            verification.status = verification.lifecycle.status().as_str(),
            "verification {} is {}",
            verification.id,
            verification.lifecycle.status().as_str(),
        );
        Ok(verification)
    }

    /// Something of ours failed: the pause grows with the time that the verification has stood still.
    async fn put_off(&self, claimed: &Claimed) -> Result<(), Error> {
        let verification = self.read(claimed).await?;
        let pause = since(verification.lifecycle.update_time())
            .max(self.settings.first_pause)
            .min(self.settings.longest_pause);
        let mut conn = self.pool.acquire().await?;
        work::postpone(&mut conn, claimed, claimed.attempts, jittered(pause)).await
    }

    /// The pause after so many failures of the provider.
    fn pause(&self, failures: i32) -> Duration {
        let doublings = u32::try_from(failures.saturating_sub(1)).unwrap_or_default().min(16);
        let pause = self.settings.first_pause.saturating_mul(2_u32.saturating_pow(doublings));
        jittered(pause.min(self.settings.longest_pause))
    }
}

fn age(verification: &Verification) -> Duration {
    since(verification.create_time)
}

fn since(at: OffsetDateTime) -> Duration {
    std::time::SystemTime::from(at).elapsed().unwrap_or_default()
}

/// Something between half and all of it, so that what failed together does not come back together.
fn jittered(pause: Duration) -> Duration {
    pause.mul_f64(rand::random_range(0.5..=1.0))
}

//! One verification as far as it will go now.

use kit::{postgres::Database, time::now};

use super::{
    checks::{Checks, Looked},
    consult::Consultant,
    gates::Place,
    papers::Papers,
    pauses::{self, since},
};
use crate::{
    Settings,
    customers::{self, Customers},
    domain::{Change, Outcome, Status, Verification},
    error::Error,
    mrz::ocr::Ocr,
    providers::Directory,
    reports::Reports,
    screening::{Reviews, follow},
    store::{
        erased, verifications,
        work::{self, Claimed},
    },
};

const ENDED: &str = "lombard_verifications_decided_total";

/// What it takes to drive a verification.
#[derive(Debug)]
pub(super) struct Driver {
    settings: Settings,
    database: Database,
    consultant: Consultant,
    reports: Reports,
    checks: Checks,
}

impl Driver {
    pub(super) fn new(
        settings: Settings,
        database: Database,
        customers: Customers,
        directory: Directory,
        reviews: Reviews,
    ) -> Self {
        metrics::describe_counter!(ENDED, "Verifications that providers have decided, by status.");
        let reports = Reports::new(database.clone(), customers.clone());
        let ocr = Ocr::new(settings.ocr_program.clone());
        let papers = Papers::new(database.clone(), settings.safe());
        let checks = Checks::new(database.clone(), papers.clone(), customers.clone(), reviews, ocr);
        let consultant =
            Consultant::new(settings.clone(), database.clone(), papers, customers, directory);
        Self { settings, database, consultant, reports, checks }
    }

    /// Tenants and their providers that nobody may ask now.
    pub(super) fn closed(&self) -> Vec<Place> {
        self.consultant.closed()
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
            let verification = self.record(&verification, outcome, None).await?;
            return self.report(&verification).await;
        }
        if claimed.reported_version < verification.lifecycle.version() {
            self.report(&verification).await?;
        }
        if let Some(outcome) = claimed.decided.clone() {
            let found = self.checks.look(&verification, &outcome).await?;
            let verification = self.record(&verification, outcome, found).await?;
            return self.report(&verification).await;
        }
        let Some(outcome) = self.consultant.consult(claimed, &verification).await? else {
            return Ok(());
        };
        // Stored before anything of ours can fail: who was paid to decide is not asked again. What we look
        // at ourselves has a lease of its own, which begins at once.
        let mut conn = self.database.of(claimed.tenant).await?;
        work::keep_decision(&mut conn, self.database.layout(), claimed, outcome).await
    }

    /// How an attempt ends that has had its chances.
    fn given_up(&self, claimed: &Claimed, verification: &Verification) -> Option<Outcome> {
        if since(verification.create_time) >= self.settings.max_age {
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
        let mut conn = self.database.of(claimed.tenant).await?;
        verifications::find(&mut conn, claimed.tenant, claimed.id)
            .await?
            .ok_or(Error::VerificationNotFound(claimed.id))
    }

    async fn report(&self, verification: &Verification) -> Result<(), Error> {
        let caller = customers::on_our_own_account(verification.tenant);
        self.reports.send(&caller, verification).await
    }

    /// Makes the transition, unless it was made before. Matches that nobody has looked at are not passed over:
    /// a review of them follows what ends without one.
    async fn record(
        &self,
        read: &Verification,
        outcome: Outcome,
        found: Option<Looked>,
    ) -> Result<Verification, Error> {
        let (tenant, id) = (read.tenant, read.id);
        let mut tx = self.database.begin(tenant).await?;
        let erased = erased::has(&mut tx, tenant, read.customer).await?;
        let mut verification = verifications::lock(&mut tx, tenant, id)
            .await?
            .ok_or(Error::VerificationNotFound(id))?;
        let is_open = verification.lifecycle.status() == Status::Pending && !erased;
        let outcome = match found {
            Some(found) if is_open => found.weigh(&mut tx, &verification, outcome).await?,
            Some(_) | None => outcome,
        };
        let change = verification.lifecycle.decide(outcome, now())?;
        if change == Change::Made {
            verifications::save_transition(&mut tx, &verification, None).await?;
            if is_open {
                follow(&mut tx, &verification).await?;
            }
        }
        tx.commit().await?;
        if change == Change::Made {
            let status = verification.lifecycle.status().as_str();
            metrics::counter!(ENDED, "status" => status).increment(1);
        }
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
        let mut conn = self.database.of(claimed.tenant).await?;
        work::postpone(&mut conn, claimed, claimed.attempts, pauses::jittered(pause)).await
    }
}

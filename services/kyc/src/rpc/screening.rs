//! Screening's rpcs.

use kit::{
    audit::{self, Act},
    caller::Caller,
    errors::Violations,
    idempotency::Key,
    postgres::Database,
    time::timestamp,
};
use proto::kyc::v1::{self as pb, screening_service_server::ScreeningService};
use tonic::{Request, Response, Status};

use super::parse;
use crate::{
    Error,
    mrz::Findings,
    screening::Reviews,
    store::{
        findings,
        matches::{self, Evidence},
        transitions, verifications,
    },
};

/// What was found, and by what rule.
#[derive(Debug, Clone)]
pub(crate) struct Screening {
    database: Database,
    reviews: Reviews,
}

impl Screening {
    pub(crate) fn new(database: Database, reviews: Reviews) -> Self {
        Self { database, reviews }
    }

    async fn evidence(&self, caller: &Caller, id: &str) -> Result<pb::VerificationEvidence, Error> {
        let (tenant, id) = (caller.tenant(), parse::verification_id(id)?);
        let mut conn = self.database.of(tenant).await?;
        // First: what is added while the rest is read is not in this version.
        let version = verifications::evidence_version(&mut conn, tenant, id).await?;
        let version = version.ok_or(Error::VerificationNotFound(id))?;
        let act = Act::new("evidence.read", transitions::object(id));
        audit::record(&mut conn, caller, &act).await?;
        let matches = matches::of_verification(&mut conn, tenant, id).await?;
        let findings = findings::of_verification(&mut conn, tenant, id).await?;
        Ok(pb::VerificationEvidence {
            evidence_version: version,
            sanctions_matches: matches.into_iter().map(sanctions_match).collect(),
            mrz_findings: findings.into_iter().map(mrz_findings).collect(),
        })
    }

    async fn settings(&self, caller: &Caller) -> Result<Response<pb::ScreeningSettings>, Error> {
        let threshold = self.reviews.threshold(caller.tenant()).await?;
        let threshold = i32::try_from(threshold).unwrap_or_default();
        Ok(Response::new(pb::ScreeningSettings { threshold }))
    }
}

#[tonic::async_trait]
impl ScreeningService for Screening {
    async fn get_verification_evidence(
        &self,
        request: Request<pb::GetVerificationEvidenceRequest>,
    ) -> Result<Response<pb::VerificationEvidence>, Status> {
        let caller = Caller::of(&request).map_err(Error::from)?;
        let id = &request.get_ref().verification_id;
        Ok(Response::new(self.evidence(&caller, id).await?))
    }

    async fn get_screening_settings(
        &self,
        request: Request<pb::GetScreeningSettingsRequest>,
    ) -> Result<Response<pb::ScreeningSettings>, Status> {
        let caller = Caller::of(&request).map_err(Error::from)?;
        Ok(self.settings(&caller).await?)
    }

    async fn update_screening_settings(
        &self,
        request: Request<pb::UpdateScreeningSettingsRequest>,
    ) -> Result<Response<pb::ScreeningSettings>, Status> {
        let caller = Caller::of(&request).map_err(Error::from)?;
        let message = request.into_inner();
        let mut bad = Violations::new();
        let operation = "UpdateScreeningSettings";
        let key = Key::of(&caller, operation, &message.request_id, &message, &mut bad);
        let settings = bad.take("settings", message.settings.ok_or("is required"));
        let settings = settings.filter(|_| bad.is_empty()).ok_or_else(|| Error::from(bad))?;
        let render = |threshold| pb::ScreeningSettings { threshold };
        Ok(self
            .reviews
            .set_threshold(&caller, key, settings.threshold, render)
            .await?
            .into_response())
    }
}

fn sanctions_match(found: Evidence) -> pb::SanctionsMatch {
    pb::SanctionsMatch {
        list: found.list,
        entry_id: found.entry,
        name: found.name,
        score: found.score,
        differences: found.differences,
        create_time: Some(timestamp(found.create_time)),
    }
}

fn mrz_findings(found: Findings) -> pb::MrzFindings {
    pb::MrzFindings {
        side: found.side.as_str().to_owned(),
        source: found.source.as_str().to_owned(),
        format: found.format,
        check_digits: found.check_digits.as_str().to_owned(),
        name: found.name.as_str().to_owned(),
        date_of_birth: found.date_of_birth.as_str().to_owned(),
        expiry: found.expiry.as_str().to_owned(),
        country: found.country.as_str().to_owned(),
    }
}

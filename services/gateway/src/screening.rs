//! What was found about verifications, and how customers are screened.

use axum::extract::State;
use proto::kyc::v1::{
    GetScreeningSettingsRequest, GetVerificationEvidenceRequest, MrzFindings, SanctionsMatch,
    ScreeningSettings, UpdateScreeningSettingsRequest, VerificationEvidence,
};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    body::{Body, Object, Parse},
    clock,
    envelope::{Answer, Success},
    failure::Failure,
    openapi::Refusals,
    path::PathId,
    peers::Peers,
    query::{Nothing, Query},
    scope::needs,
};

pub(crate) fn routes() -> OpenApiRouter<Peers> {
    let reads = OpenApiRouter::new().routes(routes!(evidence)).routes(routes!(settings));
    // How much is found is not for those to say who have to look at it.
    let writes = OpenApiRouter::new().routes(routes!(change_settings));
    needs("customers:read", reads).merge(needs("admin", writes))
}

/// What was found about a verification.
#[derive(Serialize, ToSchema)]
pub(crate) struct EvidenceView {
    /// Goes up with everything that is added. A decision names it.
    evidence_version: i64,
    /// Those on sanctions lists who may be the customer, the best match first.
    sanctions_matches: Vec<MatchView>,
    /// How the machine-readable zones of its documents compare with the customer's record.
    mrz_findings: Vec<MrzView>,
}

/// Somebody on a sanctions list who may be the customer.
#[derive(Serialize, ToSchema)]
pub(crate) struct MatchView {
    /// `uk` or `ofac`.
    list: String,
    /// As the list numbers it.
    entry_id: String,
    /// As the list has it.
    name: String,
    /// 0-1000.
    score: i32,
    /// What is not the same, or not known, as `UPPER_SNAKE` codes.
    differences: Vec<String>,
    /// UTC.
    created: String,
}

/// How a machine-readable zone compares: `match`, `mismatch`, or `unknown`.
#[derive(Serialize, ToSchema)]
pub(crate) struct MrzView {
    /// `front` or `back`.
    side: String,
    /// Who read it: `caller` or `ocr`.
    source: String,
    /// `td1`, `td2`, `td3`, `mrv_a` or `mrv_b`; empty when it cannot be read.
    format: String,
    check_digits: String,
    name: String,
    dob: String,
    /// A mismatch when the document had expired.
    expiry: String,
    /// A mismatch alone asks for no review.
    country: String,
}

impl TryFrom<VerificationEvidence> for EvidenceView {
    type Error = Failure;

    fn try_from(evidence: VerificationEvidence) -> Result<Self, Failure> {
        let matches = evidence.sanctions_matches.into_iter().map(TryInto::try_into);
        Ok(Self {
            evidence_version: evidence.evidence_version,
            sanctions_matches: matches.collect::<Result<_, _>>()?,
            mrz_findings: evidence.mrz_findings.into_iter().map(Into::into).collect(),
        })
    }
}

impl TryFrom<SanctionsMatch> for MatchView {
    type Error = Failure;

    fn try_from(found: SanctionsMatch) -> Result<Self, Failure> {
        Ok(Self {
            created: clock::print(found.create_time.as_ref())?,
            list: found.list,
            entry_id: found.entry_id,
            name: found.name,
            score: found.score,
            differences: found.differences,
        })
    }
}

impl From<MrzFindings> for MrzView {
    fn from(found: MrzFindings) -> Self {
        Self {
            side: found.side,
            source: found.source,
            format: found.format,
            check_digits: found.check_digits,
            name: found.name,
            dob: found.date_of_birth,
            expiry: found.expiry,
            country: found.country,
        }
    }
}

/// Tells what was found about a verification: matches with sanctions lists, and what the machine-readable
/// zones of its documents say.
#[utoipa::path(
    get,
    path = "/accounts/verifications/{verification_id}/evidence",
    operation_id = "verification_evidence",
    tag = "Customers",
    params(("verification_id" = String, Path, description = "The verification")),
    responses((status = 200, description = "So", body = Success<EvidenceView>), Refusals),
)]
async fn evidence(
    State(peers): State<Peers>,
    PathId(verification_id): PathId,
    Query(Nothing, outgoing): Query<Nothing>,
) -> Result<Answer<Success<EvidenceView>>, Failure> {
    outgoing.check()?;
    let message = GetVerificationEvidenceRequest { verification_id };
    outgoing
        .send(peers.screening, message, |peer, request| {
            Box::pin(peer.get_verification_evidence(request))
        })
        .await?
        .view(|evidence| Ok(Success::of(evidence.try_into()?)))
}

/// How customers are screened.
#[derive(Serialize, ToSchema)]
pub(crate) struct SettingsView {
    /// From which score on a match asks for a review: 500-1000.
    threshold: i32,
}

/// Tells how customers are screened against sanctions lists.
#[utoipa::path(
    get,
    path = "/kyc/screening",
    operation_id = "screening_settings",
    tag = "Customers",
    responses((status = 200, description = "So", body = Success<SettingsView>), Refusals),
)]
async fn settings(
    State(peers): State<Peers>,
    Query(Nothing, outgoing): Query<Nothing>,
) -> Result<Answer<Success<SettingsView>>, Failure> {
    outgoing.check()?;
    outgoing
        .send(peers.screening, GetScreeningSettingsRequest {}, |peer, request| {
            Box::pin(peer.get_screening_settings(request))
        })
        .await?
        .view(|settings| Ok(Success::of(SettingsView { threshold: settings.threshold })))
}

/// How customers are to be screened.
#[derive(ToSchema)]
#[schema(example = json!({"threshold": 800}))]
pub(crate) struct NewSettings {
    /// From which score on a match asks for a review. The lower, the more there is to review.
    #[schema(value_type = i32, minimum = 500, maximum = 1000)]
    threshold: Option<String>,
}

impl Parse for NewSettings {
    fn parse(object: &mut Object<'_>) -> Self {
        Self { threshold: object.text_or_integer("threshold") }
    }
}

/// Says how customers are screened, and has everybody screened again.
#[utoipa::path(
    put,
    path = "/kyc/screening",
    operation_id = "change_screening_settings",
    tag = "Customers",
    request_body = NewSettings,
    responses((status = 200, description = "So", body = Success<SettingsView>), Refusals),
)]
async fn change_settings(
    State(peers): State<Peers>,
    Body(new, outgoing): Body<NewSettings>,
) -> Result<Answer<Success<SettingsView>>, Failure> {
    let outgoing = outgoing.without_effect();
    outgoing.check()?;
    // What is no number is out of the range, which the service tells.
    let threshold = new.threshold.and_then(|text| text.parse().ok()).unwrap_or_default();
    let settings = Some(ScreeningSettings { threshold });
    let message = UpdateScreeningSettingsRequest { settings, request_id: outgoing.key() };
    outgoing
        .send(peers.screening, message, |peer, request| {
            Box::pin(peer.update_screening_settings(request))
        })
        .await?
        .view(|settings| Ok(Success::of(SettingsView { threshold: settings.threshold })))
}

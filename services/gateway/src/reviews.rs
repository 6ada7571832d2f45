//! Decisions that people make on verifications, what became of them, and how a tenant wants them made.

use axum::extract::State;
use proto::kyc::v1::{
    DecideVerificationRequest, GetReviewPolicyRequest, GetVerificationHistoryRequest, ReviewPolicy,
    SetReviewPolicyRequest, VerificationDecision, VerificationTransition,
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
    text,
    verifications::OwnedView,
};

pub(crate) fn routes() -> OpenApiRouter<Peers> {
    let reads = needs("customers:read", OpenApiRouter::new().routes(routes!(history)));
    let writes = needs("kyc:write", OpenApiRouter::new().routes(routes!(decide)));
    let policy = OpenApiRouter::new().routes(routes!(policy, set_policy));
    reads.merge(writes).merge(needs("admin", policy))
}

/// What a person decides.
#[derive(ToSchema)]
#[schema(example = json!({
    "decision": "reject",
    "reason": "DOCUMENT_FORGED",
    "evidence_version": 2,
    "note": "The photograph was replaced."
}))]
pub(crate) struct NewDecision {
    #[schema(schema_with = text::decision)]
    decision: i32,
    /// Why: an `UPPER_SNAKE` code of 1-64 characters, for the record and for the verification's
    /// `reasons`. No personal data.
    #[schema(value_type = String)]
    reason: Option<String>,
    /// The version of the evidence that was looked at: of `…/evidence`. 409 `EVIDENCE_CHANGED` when
    /// something was added to it since.
    #[schema(value_type = i32, minimum = 1)]
    evidence_version: Option<i32>,
    /// Anything else to be remembered, at most 1000 characters. It may hold personal data: it is stored
    /// encrypted, and erased with the customer's.
    note: Option<String>,
}

impl Parse for NewDecision {
    fn parse(object: &mut Object<'_>) -> Self {
        Self {
            decision: object.choice("decision", &text::DECISIONS),
            reason: object.text("reason"),
            evidence_version: object.integer("evidence_version"),
            note: object.text("note"),
        }
    }
}

/// What became of a decision.
#[derive(Serialize, ToSchema)]
pub(crate) struct DecidedView {
    /// As it is now.
    #[serde(flatten)]
    verification: OwnedView,
    /// Whether another API user must decide the same before it takes effect.
    waits_for_another: bool,
}

/// Decides a verification that is in review, in the name of the token's API user, while its evidence is what
/// the decision rests on.
#[utoipa::path(
    post,
    path = "/accounts/verifications/{verification_id}/decision",
    operation_id = "decide_verification",
    tag = "Verifications",
    params(("verification_id" = String, Path, description = "Is in review")),
    request_body = NewDecision,
    responses((status = 200, description = "Recorded", body = Success<DecidedView>), Refusals),
)]
async fn decide(
    State(peers): State<Peers>,
    PathId(verification_id): PathId,
    Body(decision, outgoing): Body<NewDecision>,
) -> Result<Answer<Success<DecidedView>>, Failure> {
    let message = DecideVerificationRequest {
        request_id: outgoing.key(),
        verification_id,
        decision: decision.decision,
        reason: decision.reason.unwrap_or_default(),
        evidence_version: decision.evidence_version.unwrap_or_default().into(),
        note: decision.note.unwrap_or_default(),
        validate_only: outgoing.validate_only(),
    };
    outgoing
        .send(peers.reviews, message, |peer, request| Box::pin(peer.decide_verification(request)))
        .await?
        .view(|decided| {
            Ok(Success::of(DecidedView {
                verification: decided.verification.unwrap_or_default().try_into()?,
                waits_for_another: decided.waits_for_another,
            }))
        })
}

/// A verification's life.
#[derive(Serialize, ToSchema)]
pub(crate) struct HistoryView {
    /// From the creation on.
    transitions: Vec<TransitionView>,
    /// What people have decided, in the order in which they did.
    decisions: Vec<DecisionView>,
}

/// A change of a verification's status.
#[derive(Serialize, ToSchema)]
pub(crate) struct TransitionView {
    #[schema(schema_with = text::verification_status)]
    verification_status: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    reasons: Vec<String>,
    /// The API user who made it; absent where the provider or the time did.
    #[serde(skip_serializing_if = "Option::is_none")]
    user_id: Option<String>,
    /// UTC.
    created: String,
}

/// What a person has decided.
#[derive(Serialize, ToSchema)]
pub(crate) struct DecisionView {
    #[schema(schema_with = text::decision)]
    decision: &'static str,
    reason: String,
    /// The version of the evidence that it rests on; 0: made before decisions named it.
    evidence_version: i64,
    /// What else there was to say; absent too once the customer's personal data was erased.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
    user_id: String,
    /// Whether the verification changed because of it.
    took_effect: bool,
    /// UTC.
    created: String,
}

impl TryFrom<VerificationTransition> for TransitionView {
    type Error = Failure;

    fn try_from(transition: VerificationTransition) -> Result<Self, Failure> {
        let status = transition.verification_status();
        Ok(Self {
            verification_status: text::VERIFICATION_STATUSES.word(status)?,
            created: clock::print(transition.create_time.as_ref())?,
            reasons: transition.reasons,
            user_id: text::present(transition.user_id),
        })
    }
}

impl TryFrom<VerificationDecision> for DecisionView {
    type Error = Failure;

    fn try_from(made: VerificationDecision) -> Result<Self, Failure> {
        Ok(Self {
            decision: text::DECISIONS.word(made.decision())?,
            created: clock::print(made.create_time.as_ref())?,
            reason: made.reason,
            evidence_version: made.evidence_version,
            note: text::present(made.note),
            user_id: made.user_id,
            took_effect: made.took_effect,
        })
    }
}

/// Tells what became of a verification, and who decided.
#[utoipa::path(
    get,
    path = "/accounts/verifications/{verification_id}/history",
    operation_id = "get_verification_history",
    tag = "Verifications",
    params(("verification_id" = String, Path, description = "The verification")),
    responses((status = 200, description = "Its life", body = Success<HistoryView>), Refusals),
)]
async fn history(
    State(peers): State<Peers>,
    PathId(verification_id): PathId,
    Query(Nothing, outgoing): Query<Nothing>,
) -> Result<Answer<Success<HistoryView>>, Failure> {
    outgoing.check()?;
    let message = GetVerificationHistoryRequest { verification_id };
    outgoing
        .send(peers.reviews, message, |peer, request| {
            Box::pin(peer.get_verification_history(request))
        })
        .await?
        .view(|history| {
            let transitions = history.transitions.into_iter().map(TryInto::try_into);
            let decisions = history.decisions.into_iter().map(TryInto::try_into);
            Ok(Success::of(HistoryView {
                transitions: transitions.collect::<Result<_, _>>()?,
                decisions: decisions.collect::<Result<_, _>>()?,
            }))
        })
}

/// How decisions are made.
#[derive(ToSchema)]
#[schema(example = json!({"four_eyes": true}))]
pub(crate) struct NewPolicy {
    /// Whether two API users must decide the same.
    #[schema(value_type = bool)]
    four_eyes: Option<bool>,
}

impl Parse for NewPolicy {
    fn parse(object: &mut Object<'_>) -> Self {
        Self { four_eyes: object.boolean("four_eyes") }
    }
}

/// How decisions are made.
#[derive(Serialize, ToSchema)]
pub(crate) struct PolicyView {
    /// Whether two API users must decide the same.
    four_eyes: bool,
}

/// Tells how decisions on verifications are made.
#[utoipa::path(
    get,
    path = "/kyc/review_policy",
    operation_id = "get_review_policy",
    tag = "Verifications",
    responses((status = 200, description = "So", body = Success<PolicyView>), Refusals),
)]
async fn policy(
    State(peers): State<Peers>,
    Query(Nothing, outgoing): Query<Nothing>,
) -> Result<Answer<Success<PolicyView>>, Failure> {
    outgoing.check()?;
    outgoing
        .send(peers.reviews, GetReviewPolicyRequest {}, |peer, request| {
            Box::pin(peer.get_review_policy(request))
        })
        .await?
        .view(|policy| Ok(Success::of(PolicyView { four_eyes: policy.four_eyes })))
}

/// Says how decisions on verifications are made, from the next one on.
#[utoipa::path(
    put,
    path = "/kyc/review_policy",
    operation_id = "set_review_policy",
    tag = "Verifications",
    request_body = NewPolicy,
    responses((status = 200, description = "So", body = Success<PolicyView>), Refusals),
)]
async fn set_policy(
    State(peers): State<Peers>,
    Body(policy, outgoing): Body<NewPolicy>,
) -> Result<Answer<Success<PolicyView>>, Failure> {
    let outgoing = outgoing.without_effect().requiring("four_eyes", policy.four_eyes.is_some());
    outgoing.check()?;
    let policy = ReviewPolicy { four_eyes: policy.four_eyes.unwrap_or_default() };
    outgoing
        .send(peers.reviews, SetReviewPolicyRequest { policy: Some(policy) }, |peer, request| {
            Box::pin(peer.set_review_policy(request))
        })
        .await?
        .view(|policy| Ok(Success::of(PolicyView { four_eyes: policy.four_eyes })))
}

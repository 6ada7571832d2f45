//! Decisions of people, and decisions that are played.

use kit::{caller::Caller, errors::Violations, idempotency::Key, time::timestamp};
use proto::kyc::v1::{
    self as pb, review_service_server::ReviewService, sandbox_service_server::SandboxService,
};
use tonic::{Request, Response, Status};
use types::VerificationId;

use super::{parse, render::verification as render};
use crate::{
    domain::{Decision, Note, Verification},
    error::Error,
    reviews::{Informed, Reviews, Ruled, Ruling},
    store::{decisions::Made, transitions::Transition},
    wire,
};

/// Why, where somebody plays and does not say.
const PLAYED: &str = "PLAYED";

pub(super) struct Rpc(pub(super) Reviews);

#[tonic::async_trait]
impl ReviewService for Rpc {
    async fn decide_verification(
        &self,
        request: Request<pb::DecideVerificationRequest>,
    ) -> Result<Response<pb::DecideVerificationResponse>, Status> {
        let caller = Caller::of(&request).map_err(Error::from)?;
        let message = request.into_inner();
        let mut bad = Violations::new();
        let key = Key::of(&caller, "DecideVerification", &message.request_id, &message, &mut bad);
        let informed = informed(&message, bad)?;
        if message.validate_only {
            return Ok(Response::new(pb::DecideVerificationResponse::default()));
        }
        Ok(self.0.decide(&caller, key, informed, render_ruled).await?.into_response())
    }

    async fn get_verification_history(
        &self,
        request: Request<pb::GetVerificationHistoryRequest>,
    ) -> Result<Response<pb::GetVerificationHistoryResponse>, Status> {
        let caller = Caller::of(&request).map_err(Error::from)?;
        let id = parse::verification_id(&request.get_ref().verification_id)?;
        let (transitions, decisions) = self.0.history(&caller, id).await?;
        Ok(Response::new(pb::GetVerificationHistoryResponse {
            transitions: transitions.into_iter().map(render_transition).collect(),
            decisions: decisions.into_iter().map(render_made).collect(),
        }))
    }

    async fn get_review_policy(
        &self,
        request: Request<pb::GetReviewPolicyRequest>,
    ) -> Result<Response<pb::ReviewPolicy>, Status> {
        let caller = Caller::of(&request).map_err(Error::from)?;
        let four_eyes = self.0.four_eyes(caller.tenant()).await?;
        Ok(Response::new(pb::ReviewPolicy { four_eyes }))
    }

    async fn set_review_policy(
        &self,
        request: Request<pb::SetReviewPolicyRequest>,
    ) -> Result<Response<pb::ReviewPolicy>, Status> {
        let caller = Caller::of(&request).map_err(Error::from)?;
        let mut bad = Violations::new();
        let policy = request.into_inner().policy.ok_or("is required");
        let policy = bad.take("policy", policy).ok_or_else(|| Error::from(bad))?;
        self.0.set_four_eyes(&caller, policy.four_eyes).await?;
        Ok(Response::new(policy))
    }
}

#[tonic::async_trait]
impl SandboxService for Rpc {
    async fn play_decision(
        &self,
        request: Request<pb::PlayDecisionRequest>,
    ) -> Result<Response<pb::PlayDecisionResponse>, Status> {
        let caller = Caller::of(&request).map_err(Error::from)?;
        let message = request.into_inner();
        let mut bad = Violations::new();
        let key = Key::of(&caller, "PlayDecision", &message.request_id, &message, &mut bad);
        let reason = bad.optional("reason", &message.reason, code);
        let reason = reason.map(|reason| reason.unwrap_or_else(|| PLAYED.to_owned()));
        let ruling = ruling(&message.verification_id, message.decision, reason, &mut bad);
        let ruling = ruling.filter(|_| bad.is_empty()).ok_or_else(|| Error::from(bad))?;
        if message.validate_only {
            return Ok(Response::new(pb::PlayDecisionResponse::default()));
        }
        let render = |verification: &Verification| pb::PlayDecisionResponse {
            verification: Some(render(verification)),
        };
        Ok(self.0.play(&caller, key, ruling, render).await?.into_response())
    }
}

fn informed(
    message: &pb::DecideVerificationRequest,
    mut bad: Violations,
) -> Result<Informed, Error> {
    let reason = bad.required("reason", &message.reason, code);
    let ruling = ruling(&message.verification_id, message.decision, reason, &mut bad);
    let evidence_version = match message.evidence_version {
        0 => Err("is required"),
        1.. => Ok(message.evidence_version),
        ..0 => Err("must be a version of evidence"),
    };
    let evidence_version = bad.take("evidence_version", evidence_version);
    let note = bad.optional("note", &message.note, Note::parse);
    match (ruling, evidence_version, note) {
        (Some(ruling), Some(evidence_version), Some(note)) if bad.is_empty() => {
            Ok(Informed { ruling, evidence_version, note })
        }
        _ => Err(bad.into()),
    }
}

fn ruling(
    verification: &str,
    decision: i32,
    reason: Option<String>,
    bad: &mut Violations,
) -> Option<Ruling> {
    let verification = bad.required("verification_id", verification, VerificationId::parse);
    let decision = match pb::Decision::try_from(decision) {
        Ok(pb::Decision::Approve) => Some(Decision::Approve),
        Ok(pb::Decision::Reject) => Some(Decision::Reject),
        Ok(pb::Decision::Resubmission) => Some(Decision::Resubmission),
        Ok(pb::Decision::Unspecified) => {
            bad.add("decision", "is required");
            None
        }
        Err(_) => {
            bad.add("decision", "must be one of approve, reject, resubmission");
            None
        }
    };
    Some(Ruling { verification: verification?, decision: decision?, reason: reason? })
}

/// An `UPPER_SNAKE` code.
fn code(text: &str) -> Result<String, &'static str> {
    let is_code = text.len() <= 64
        && text.starts_with(|first: char| first.is_ascii_uppercase())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
    if is_code {
        Ok(text.to_owned())
    } else {
        Err("must be an UPPER_SNAKE code of 1-64 characters")
    }
}

fn render_ruled(ruled: &Ruled) -> pb::DecideVerificationResponse {
    pb::DecideVerificationResponse {
        verification: Some(render(&ruled.verification)),
        waits_for_another: ruled.waits,
    }
}

fn render_transition(transition: Transition) -> pb::VerificationTransition {
    pb::VerificationTransition {
        verification_status: wire::status(transition.status).into(),
        reasons: transition.reasons,
        user_id: transition.user.map(|user| user.to_string()).unwrap_or_default(),
        create_time: Some(timestamp(transition.create_time)),
    }
}

fn render_made(made: Made) -> pb::VerificationDecision {
    let decision = match made.decision {
        Decision::Approve => pb::Decision::Approve,
        Decision::Reject => pb::Decision::Reject,
        Decision::Resubmission => pb::Decision::Resubmission,
    };
    pb::VerificationDecision {
        decision: decision.into(),
        reason: made.reason,
        user_id: made.user.to_string(),
        took_effect: made.took_effect,
        evidence_version: made.evidence_version,
        note: made.note.map(|note| note.as_str().to_owned()).unwrap_or_default(),
        create_time: Some(timestamp(made.create_time)),
    }
}

//! Decisions of people on what a provider left to them.

use std::{sync::Arc, time::Duration};

use kit::caller::{Call, Caller};
use kyc::providers::Sandbox;
use proto::{
    kyc::v1::{
        DecideVerificationRequest, DecideVerificationResponse, Decision,
        GetVerificationHistoryRequest, GetVerificationHistoryResponse, ListVerificationsRequest,
        PlayDecisionRequest, ReviewPolicy, SetReviewPolicyRequest, Verification,
        review_service_client::ReviewServiceClient, sandbox_service_client::SandboxServiceClient,
    },
    r#type::v1::VerificationStatus as Status,
};
use tonic::Code;
use types::{ApiKeyId, UserId};

use crate::support::{Setup, bad_fields, reason, setup, setup_with, with_provider};

/// Another API user of the same tenant.
fn colleague(setup: &Setup) -> Caller {
    let call = Call::begin(None, Duration::from_secs(20));
    Caller::new(call, setup.caller.tenant(), Some(UserId::new()), Vec::new())
}

async fn in_review(setup: &mut Setup) -> Verification {
    let created = setup.verification_of("Refer").await;
    setup.decided(&created.verification_id).await;
    setup.settled().await;
    created
}

/// A decision of somebody who has looked at the evidence just now.
async fn ruling(
    setup: &Setup,
    verification: &Verification,
    decision: Decision,
) -> DecideVerificationRequest {
    let evidence = setup.evidence(&verification.verification_id).await;
    DecideVerificationRequest {
        verification_id: verification.verification_id.clone(),
        decision: decision.into(),
        reason: "LOOKED_AT".to_owned(),
        evidence_version: evidence.evidence_version,
        ..DecideVerificationRequest::default()
    }
}

async fn decide(
    setup: &Setup,
    caller: &Caller,
    request: DecideVerificationRequest,
) -> Result<DecideVerificationResponse, tonic::Status> {
    let mut reviews = ReviewServiceClient::new(setup.channel.clone());
    Ok(reviews.decide_verification(caller.request(request)).await?.into_inner())
}

async fn history(setup: &Setup, id: &str) -> GetVerificationHistoryResponse {
    let mut reviews = ReviewServiceClient::new(setup.channel.clone());
    let request = GetVerificationHistoryRequest { verification_id: id.to_owned() };
    let answer = reviews.get_verification_history(setup.caller.request(request)).await;
    answer.unwrap().into_inner()
}

async fn want_four_eyes(setup: &Setup) {
    let mut reviews = ReviewServiceClient::new(setup.channel.clone());
    let policy = Some(ReviewPolicy { four_eyes: true });
    let request = setup.caller.request(SetReviewPolicyRequest { policy });
    assert!(reviews.set_review_policy(request).await.unwrap().into_inner().four_eyes);
}

fn status(response: &DecideVerificationResponse) -> Status {
    response.verification.as_ref().unwrap().verification_status()
}

#[tokio::test]
async fn each_decision_has_its_outcome_and_the_customer_follows() {
    let mut setup = setup().await;

    for (decision, expected, reasons) in [
        (Decision::Approve, Status::Verified, &[][..]),
        (Decision::Reject, Status::Rejected, &["LOOKED_AT"]),
        (Decision::Resubmission, Status::ResubmissionRequired, &["LOOKED_AT"]),
    ] {
        let created = in_review(&mut setup).await;
        let decided =
            decide(&setup, &setup.caller, ruling(&setup, &created, decision).await).await.unwrap();
        assert_eq!((status(&decided), decided.waits_for_another), (expected, false));
        assert_eq!(decided.verification.unwrap().reasons, reasons);
        assert_eq!(setup.settled_status(&created.customer_id).await, expected);
    }
}

#[tokio::test]
async fn every_transition_is_on_record_with_who_made_it() {
    let mut setup = setup().await;
    let created = in_review(&mut setup).await;
    decide(&setup, &setup.caller, ruling(&setup, &created, Decision::Approve).await).await.unwrap();

    let history = history(&setup, &created.verification_id).await;

    let user = setup.caller.user().unwrap().to_string();
    let made: Vec<_> = history
        .transitions
        .iter()
        .map(|one| (one.verification_status(), one.user_id.as_str()))
        .collect();
    assert_eq!(
        made,
        [(Status::Pending, &*user), (Status::InReview, ""), (Status::Verified, &*user)]
    );
    let [decision] = &history.decisions[..] else { panic!("one decision") };
    assert_eq!((decision.decision(), decision.took_effect), (Decision::Approve, true));
    assert_eq!((decision.reason.as_str(), &decision.user_id), ("LOOKED_AT", &user));
}

#[tokio::test]
async fn four_eyes_are_two_people() {
    let mut setup = setup().await;
    want_four_eyes(&setup).await;
    let created = in_review(&mut setup).await;
    let approve = ruling(&setup, &created, Decision::Approve).await;

    let first = decide(&setup, &setup.caller, approve.clone()).await.unwrap();
    let same = decide(&setup, &setup.caller, approve.clone()).await.unwrap();
    let second = decide(&setup, &colleague(&setup), approve.clone()).await.unwrap();

    for waiting in [first, same] {
        assert_eq!((status(&waiting), waiting.waits_for_another), (Status::InReview, true));
    }
    assert_eq!((status(&second), second.waits_for_another), (Status::Verified, false));
    let decisions = history(&setup, &created.verification_id).await.decisions;
    assert_eq!(decisions.len(), 2);
    assert_eq!(setup.settled_status(&created.customer_id).await, Status::Verified);
}

#[tokio::test]
async fn a_key_is_none_of_two_people() {
    let mut setup = setup().await;
    let created = in_review(&mut setup).await;
    let approve = ruling(&setup, &created, Decision::Approve).await;
    let key = colleague(&setup).with_key(Some(ApiKeyId::new()));
    want_four_eyes(&setup).await;

    let first = decide(&setup, &setup.caller, approve.clone()).await.unwrap();
    let refused = decide(&setup, &key, approve).await.unwrap_err();

    assert!(first.waits_for_another);
    assert_eq!(
        (refused.code(), reason(&refused)),
        (Code::PermissionDenied, "LOGIN_REQUIRED".into())
    );
    assert_eq!(history(&setup, &created.verification_id).await.decisions.len(), 1);
}

#[tokio::test]
async fn two_people_who_disagree_decide_nothing() {
    let mut setup = setup().await;
    want_four_eyes(&setup).await;
    let created = in_review(&mut setup).await;
    let other = colleague(&setup);

    decide(&setup, &setup.caller, ruling(&setup, &created, Decision::Approve).await).await.unwrap();
    let second =
        decide(&setup, &other, ruling(&setup, &created, Decision::Reject).await).await.unwrap();
    let agreed = decide(&setup, &setup.caller, ruling(&setup, &created, Decision::Reject).await)
        .await
        .unwrap();

    assert_eq!((status(&second), second.waits_for_another), (Status::InReview, true));
    assert_eq!(status(&agreed), Status::Rejected);
}

#[tokio::test]
async fn of_two_people_at_once_one_decides() {
    let mut setup = setup().await;
    for _ in 0..8 {
        let created = in_review(&mut setup).await;
        let other = colleague(&setup);
        let approve = ruling(&setup, &created, Decision::Approve).await;
        let reject = ruling(&setup, &created, Decision::Reject).await;

        let (one, two) =
            tokio::join!(decide(&setup, &setup.caller, approve), decide(&setup, &other, reject),);

        let (won, lost) = if one.is_ok() { (one, two) } else { (two, one) };
        let lost = lost.unwrap_err();
        assert_eq!(lost.code(), Code::FailedPrecondition);
        assert_eq!(reason(&lost), "VERIFICATION_NOT_IN_REVIEW");
        let expected = status(&won.unwrap());
        assert_eq!(setup.settled_status(&created.customer_id).await, expected);
        assert_eq!(history(&setup, &created.verification_id).await.transitions.len(), 3);
    }
}

#[tokio::test]
async fn two_people_at_once_who_agree_are_four_eyes() {
    let mut setup = setup().await;
    want_four_eyes(&setup).await;
    for _ in 0..8 {
        let created = in_review(&mut setup).await;
        let other = colleague(&setup);
        let approve = ruling(&setup, &created, Decision::Approve).await;

        let (one, two) = tokio::join!(
            decide(&setup, &setup.caller, approve.clone()),
            decide(&setup, &other, approve.clone()),
        );

        let waits = [one.unwrap(), two.unwrap()].map(|one| one.waits_for_another);
        assert_eq!(waits.iter().filter(|waits| **waits).count(), 1);
        assert_eq!(setup.settled_status(&created.customer_id).await, Status::Verified);
    }
}

#[tokio::test]
async fn a_retry_decides_once() {
    let mut setup = setup().await;
    let created = in_review(&mut setup).await;
    let mut request = ruling(&setup, &created, Decision::Reject).await;
    request.request_id = "one".to_owned();

    let first = decide(&setup, &setup.caller, request.clone()).await.unwrap();
    let again = decide(&setup, &setup.caller, request.clone()).await.unwrap();
    request.decision = Decision::Approve.into();
    let other = decide(&setup, &setup.caller, request).await.unwrap_err();

    assert_eq!(first, again);
    assert_eq!(reason(&other), "REQUEST_ID_REUSED");
    assert_eq!(history(&setup, &created.verification_id).await.decisions.len(), 1);
}

#[tokio::test]
async fn the_same_decision_again_changes_nothing_and_another_is_refused() {
    let mut setup = setup().await;
    let created = in_review(&mut setup).await;
    decide(&setup, &setup.caller, ruling(&setup, &created, Decision::Approve).await).await.unwrap();

    let same = decide(&setup, &setup.caller, ruling(&setup, &created, Decision::Approve).await)
        .await
        .unwrap();
    let other =
        decide(&setup, &setup.caller, ruling(&setup, &created, Decision::Reject).await).await;

    assert_eq!(status(&same), Status::Verified);
    assert_eq!(reason(&other.unwrap_err()), "VERIFICATION_NOT_IN_REVIEW");
}

#[tokio::test]
async fn what_waits_for_the_provider_is_not_decided() {
    let mut setup = setup().await;
    let created = setup.verification_of("Slow").await;

    let refused =
        decide(&setup, &setup.caller, ruling(&setup, &created, Decision::Approve).await).await;

    assert_eq!(reason(&refused.unwrap_err()), "VERIFICATION_NOT_IN_REVIEW");
    let decided = setup.decided(&created.verification_id).await;
    assert_eq!(decided.verification_status(), Status::Verified);
}

#[tokio::test]
async fn bad_fields_strangers_and_services_are_refused() {
    let mut setup = setup().await;
    let created = in_review(&mut setup).await;
    let bad = DecideVerificationRequest {
        reason: "because".to_owned(),
        ..DecideVerificationRequest::default()
    };
    let call = Call::begin(None, Duration::from_secs(20));
    let service = Caller::new(call, setup.caller.tenant(), None, Vec::new());
    let approve = ruling(&setup, &created, Decision::Approve).await;

    let bad = decide(&setup, &setup.caller, bad).await.unwrap_err();
    let stranger = decide(&setup, &testkit::caller(), approve.clone()).await.unwrap_err();
    let service = decide(&setup, &service, approve.clone()).await.unwrap_err();

    assert_eq!(bad_fields(&bad), ["decision", "evidence_version", "reason", "verification_id"]);
    assert_eq!(reason(&stranger), "VERIFICATION_NOT_FOUND");
    assert_eq!(reason(&service), "OPERATOR_REQUIRED");
}

#[tokio::test]
async fn a_tenant_without_a_policy_has_decisions_of_one() {
    let setup = setup().await;
    want_four_eyes(&setup).await;
    let mut reviews = ReviewServiceClient::new(setup.channel.clone());
    let request = proto::kyc::v1::GetReviewPolicyRequest {};

    let mine = reviews.get_review_policy(setup.caller.request(request)).await.unwrap();
    let other = reviews.get_review_policy(testkit::caller().request(request)).await.unwrap();

    assert!(mine.get_ref().four_eyes && !other.get_ref().four_eyes);
}

#[tokio::test]
async fn those_in_review_are_listed() {
    let mut setup = setup().await;
    let created = in_review(&mut setup).await;
    let other = setup.verification_of("Bloggs").await;
    setup.decided(&other.verification_id).await;
    let request = ListVerificationsRequest {
        verification_status: Status::InReview.into(),
        ..ListVerificationsRequest::default()
    };

    let listed = setup.kyc.list_verifications(setup.caller.request(request)).await.unwrap();

    let ids: Vec<_> =
        listed.get_ref().verifications.iter().map(|one| &one.verification_id).collect();
    assert_eq!(ids, [&created.verification_id]);
}

async fn play(
    setup: &Setup,
    verification: &Verification,
    decision: Decision,
) -> Result<Status, tonic::Status> {
    let mut sandbox = SandboxServiceClient::new(setup.channel.clone());
    let request = PlayDecisionRequest {
        verification_id: verification.verification_id.clone(),
        decision: decision.into(),
        ..PlayDecisionRequest::default()
    };
    let played = sandbox.play_decision(setup.caller.request(request)).await?.into_inner();
    Ok(played.verification.unwrap().verification_status())
}

#[tokio::test]
async fn in_the_sandbox_anything_under_way_can_be_ended() {
    let slow = Arc::new(Sandbox::new(Duration::from_hours(1)));
    let mut setup = setup_with(with_provider(slow)).await;
    want_four_eyes(&setup).await;
    let reviewed = in_review(&mut setup).await;
    let pending = setup.verification_of("Slow").await;

    let ended = play(&setup, &pending, Decision::Reject).await.unwrap();
    let approved = play(&setup, &reviewed, Decision::Approve).await.unwrap();
    let refused = play(&setup, &pending, Decision::Approve).await.unwrap_err();

    assert_eq!((ended, approved), (Status::Rejected, Status::Verified));
    assert_eq!(reason(&refused), "VERIFICATION_NOT_IN_REVIEW");
    assert_eq!(setup.settled_status(&pending.customer_id).await, Status::Rejected);
}

#[tokio::test]
async fn a_decision_that_is_played_and_the_worker_s_agree_on_one() {
    let mut setup = setup().await;
    for _ in 0..8 {
        let created = setup.verification_of("Bloggs").await;

        let played = play(&setup, &created, Decision::Reject).await;

        let decided = setup.decided(&created.verification_id).await.verification_status();
        match played {
            Ok(status) => assert_eq!(status, decided),
            Err(refused) => assert_eq!(reason(&refused), "VERIFICATION_NOT_IN_REVIEW"),
        }
        assert_eq!(setup.settled_status(&created.customer_id).await, decided);
        assert_eq!(history(&setup, &created.verification_id).await.transitions.len(), 2);
    }
}

#[tokio::test]
async fn outside_the_sandbox_nothing_is_played() {
    let settings = kyc::Settings { sandbox: false, ..crate::support::settings() };
    let mut setup = setup_with(settings).await;
    let created = setup.verification_of("Slow").await;

    let refused = play(&setup, &created, Decision::Approve).await.unwrap_err();

    assert_eq!(refused.code(), Code::Unimplemented);
}

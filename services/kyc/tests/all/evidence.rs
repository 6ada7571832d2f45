//! Decisions that name the evidence which they rest on, and what is written beside them.

use std::time::Duration;

use kit::caller::{Call, Caller};
use proto::{
    customer::v1::Customer,
    kyc::v1::{
        DecideVerificationRequest, DecideVerificationResponse, Decision,
        GetVerificationHistoryRequest, ReviewPolicy, SetReviewPolicyRequest, Verification,
        VerificationDecision, review_service_client::ReviewServiceClient,
    },
    r#type::v1::VerificationStatus as Status,
};
use tonic::Code;
use types::UserId;

use crate::{
    screening::{UK, listed, load, reviews, screened},
    support::{Setup, bad_fields, passport, reason, setup},
};

/// A list on which the customer of [`in_review`] is.
fn list() -> String {
    UK.replace("BARKHATENKO", "REFER")
}

/// Which lists are stored.
async fn lists(setup: &Setup) -> i64 {
    let version = "select lists_version from screening_work";
    sqlx::query_scalar(version).fetch_one(&setup.pool).await.unwrap()
}

/// A review that a provider has asked for, of somebody who will be on a list.
async fn in_review(setup: &mut Setup) -> Verification {
    let customer = setup.customer(Customer { last_name: "Refer".into(), ..listed() }).await;
    let created = setup.create(passport(&customer.customer_id)).await.unwrap();
    let decided = setup.decided(&created.verification_id).await;
    setup.settled().await;
    assert_eq!(decided.verification_status(), Status::InReview);
    decided
}

fn ruling(review: &Verification, decision: Decision, version: i64) -> DecideVerificationRequest {
    DecideVerificationRequest {
        verification_id: review.verification_id.clone(),
        decision: decision.into(),
        reason: "LOOKED_AT".to_owned(),
        evidence_version: version,
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

async fn decisions(setup: &Setup, id: &str) -> Vec<VerificationDecision> {
    let mut reviews = ReviewServiceClient::new(setup.channel.clone());
    let request = GetVerificationHistoryRequest { verification_id: id.to_owned() };
    let history = reviews.get_verification_history(setup.caller.request(request)).await;
    history.unwrap().into_inner().decisions
}

fn colleague(setup: &Setup) -> Caller {
    let call = Call::begin(None, Duration::from_secs(20));
    Caller::new(call, setup.caller.tenant(), Some(UserId::new()), Vec::new())
}

#[tokio::test]
async fn a_match_that_arrives_between_reading_and_deciding_is_not_approved_unseen() {
    let mut setup = setup().await;
    let review = in_review(&mut setup).await;
    let read = setup.evidence(&review.verification_id).await;

    load(&setup, &list()).await;
    screened(&setup).await;
    let stale = ruling(&review, Decision::Approve, read.evidence_version);
    let refused = decide(&setup, &setup.caller, stale).await.unwrap_err();
    let still = setup.get(&review.verification_id).await.unwrap().verification_status();
    let again = setup.evidence(&review.verification_id).await;
    let informed = ruling(&review, Decision::Approve, again.evidence_version);
    let decided = decide(&setup, &setup.caller, informed).await.unwrap().verification.unwrap();

    assert_eq!((refused.code(), &*reason(&refused)), (Code::Aborted, "EVIDENCE_CHANGED"));
    assert_eq!(still, Status::InReview);
    assert_eq!((read.sanctions_matches.len(), again.sanctions_matches.len()), (0, 1));
    assert!(again.evidence_version > read.evidence_version);
    assert_eq!(decided.verification_status(), Status::Verified);
    let [made] = &decisions(&setup, &review.verification_id).await[..] else { panic!("one") };
    assert_eq!(made.evidence_version, again.evidence_version);
}

/// Whoever wins: a match is in a review that is not decided, or is found by one of its own.
#[tokio::test]
async fn a_match_and_a_decision_at_once_never_make_an_approval_of_what_nobody_saw() {
    let mut setup = setup().await;
    for round in 0..10_u64 {
        // So far nobody is on the list.
        load(&setup, UK).await;
        screened(&setup).await;
        let review = in_review(&mut setup).await;
        let read = setup.evidence(&review.verification_id).await.evidence_version;

        let (on_the_list, before) = (list(), lists(&setup).await);

        let deciding = async {
            // The match comes some milliseconds after the list.
            while lists(&setup).await == before {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            tokio::time::sleep(Duration::from_millis(10 * round)).await;
            decide(&setup, &setup.caller, ruling(&review, Decision::Approve, read)).await
        };
        let (decided, ()) = tokio::join!(deciding, load(&setup, &on_the_list));
        screened(&setup).await;

        let found = setup.evidence(&review.verification_id).await.sanctions_matches.len();
        let status = setup.get(&review.verification_id).await.unwrap().verification_status();
        if let Err(status) = &decided {
            assert_eq!(reason(status), "EVIDENCE_CHANGED");
        }
        let expected = if decided.is_ok() { (0, Status::Verified) } else { (1, Status::InReview) };
        assert_eq!((found, status), expected, "round {round}");
        let latest = reviews(&mut setup, &review.customer_id).await.remove(0);
        assert_eq!(latest.verification_status(), Status::InReview, "the match is looked at");
        assert_eq!(setup.evidence(&latest.verification_id).await.sanctions_matches.len(), 1);
    }
}

#[tokio::test]
async fn four_eyes_see_the_same_evidence() {
    let mut setup = setup().await;
    let mut client = ReviewServiceClient::new(setup.channel.clone());
    let policy = SetReviewPolicyRequest { policy: Some(ReviewPolicy { four_eyes: true }) };
    client.set_review_policy(setup.caller.request(policy)).await.unwrap();
    let review = in_review(&mut setup).await;
    let (one, other) = (setup.caller.clone(), colleague(&setup));
    let approve = async |who: &Caller| {
        let version = setup.evidence(&review.verification_id).await.evidence_version;
        decide(&setup, who, ruling(&review, Decision::Approve, version)).await.unwrap()
    };

    let first = approve(&one).await;
    load(&setup, &list()).await;
    screened(&setup).await;
    let second = approve(&other).await;
    let third = approve(&one).await;

    assert!(first.waits_for_another && second.waits_for_another && !third.waits_for_another);
    assert_eq!(third.verification.unwrap().verification_status(), Status::Verified);
    assert_eq!(decisions(&setup, &review.verification_id).await.len(), 3);
}

#[tokio::test]
async fn a_decision_names_what_it_rests_on() {
    let mut setup = setup().await;
    let review = in_review(&mut setup).await;
    let version = setup.evidence(&review.verification_id).await.evidence_version;

    for bad in [0, -1] {
        let bad = ruling(&review, Decision::Approve, bad);
        let refused = decide(&setup, &setup.caller, bad).await.unwrap_err();
        assert_eq!(bad_fields(&refused), ["evidence_version"]);
    }
    let ahead = ruling(&review, Decision::Approve, version + 1);
    let refused = decide(&setup, &setup.caller, ahead).await.unwrap_err();

    assert_eq!(reason(&refused), "EVIDENCE_CHANGED");
    assert_eq!(decisions(&setup, &review.verification_id).await, []);
}

#[tokio::test]
async fn a_note_is_shown_with_its_decision_and_not_to_be_read_in_the_database() {
    const NOTE: &str = "Zoë showed her passport at the counter,\nborn 1988 \u{1F600}";
    let mut setup = setup().await;
    let review = in_review(&mut setup).await;
    let version = setup.evidence(&review.verification_id).await.evidence_version;
    let mut approve = ruling(&review, Decision::Approve, version);
    approve.note = format!("  {NOTE} ");

    decide(&setup, &setup.caller, approve).await.unwrap();

    let [made] = &decisions(&setup, &review.verification_id).await[..] else { panic!("one") };
    assert_eq!(made.note, NOTE);
    let stored: Vec<String> = sqlx::query_scalar(
        "select d::text || n::text || encode(n.note, 'escape')
         from verification_decisions d join decision_notes n using (tenant_id, verification_id, number)",
    )
    .fetch_all(&setup.pool)
    .await
    .unwrap();
    assert!(stored.len() == 1 && !stored[0].contains("passport"), "{stored:?}");
}

#[tokio::test]
async fn a_note_that_was_moved_to_another_decision_does_not_open() {
    let mut setup = setup().await;
    let mut ids = Vec::new();
    for note in ["one", "other"] {
        let review = in_review(&mut setup).await;
        let version = setup.evidence(&review.verification_id).await.evidence_version;
        let mut reject = ruling(&review, Decision::Reject, version);
        reject.note = note.to_owned();
        decide(&setup, &setup.caller, reject).await.unwrap();
        ids.push(review.verification_id);
    }
    let moved = "
        update decision_notes a set note = b.note, note_key = b.note_key
        from decision_notes b
        where a.verification_id = $1::uuid and b.verification_id = $2::uuid";
    sqlx::query(moved).bind(&ids[0]).bind(&ids[1]).execute(&setup.pool).await.unwrap();

    let mut reviews = ReviewServiceClient::new(setup.channel.clone());
    let request = GetVerificationHistoryRequest { verification_id: ids.remove(0) };
    let broken = reviews.get_verification_history(setup.caller.request(request)).await;

    assert_eq!(broken.unwrap_err().code(), Code::Internal);
    assert_eq!(decisions(&setup, &ids[0]).await[0].note, "other");
}

#[tokio::test]
async fn a_note_that_is_too_long_is_named() {
    let setup = setup().await;
    let nobody =
        Verification { verification_id: uuid::Uuid::now_v7().into(), ..Default::default() };
    let mut request = ruling(&nobody, Decision::Reject, 1);
    request.note = "é".repeat(1001);

    let refused = decide(&setup, &setup.caller, request).await.unwrap_err();

    assert_eq!(bad_fields(&refused), ["note"]);
    assert!(!refused.message().contains('é'));
}

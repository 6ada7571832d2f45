//! GO: journeys that are started, asked about until they end, and what becomes of its faults.

use std::time::Duration;

use kyc::Settings;
use proto::r#type::v1::VerificationStatus as Status;

use crate::{
    gbg::{Gbg, START, STATE, Say, TOKEN},
    providers::{GO, outside, with_account},
};

#[tokio::test]
async fn each_end_of_a_journey_has_its_outcome() {
    let gbg = Gbg::start().await;
    let mut setup = with_account(GO, outside(&gbg)).await;

    for (outcome, status) in [
        ("Decision: Accept", Status::Verified),
        ("Decision: Manual review", Status::InReview),
        ("Decision: Reject", Status::Rejected),
        ("Decision: Perhaps", Status::InReview),
    ] {
        gbg.says_outcome(Some(outcome));
        let created = setup.verification_of("Bloggs").await;
        setup.hasten(&created.verification_id).await;
        let decided = setup.decided(&created.verification_id).await;
        assert_eq!(decided.verification_status(), status, "{outcome}");
    }
    assert_eq!(gbg.asked(TOKEN).len(), 1, "a token serves as long as it is good");
    for asked in gbg.asked(START) {
        assert!(asked.body.contains(&asked.key.unwrap()), "the key is the verification's id");
        assert!(asked.body.contains("d1546e85-9241-4674-a6ff-6bde0b7b89c8@latest"));
    }
}

#[tokio::test]
async fn a_journey_is_asked_about_until_it_ends() {
    let gbg = Gbg::start().await;
    let mut setup = with_account(GO, outside(&gbg)).await;
    gbg.says_outcome(None);
    let created = setup.verification_of("Bloggs").await;
    setup.hasten(&created.verification_id).await;
    while gbg.asked(STATE).is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }

    gbg.says_outcome(Some("Decision: Accept"));
    setup.hasten(&created.verification_id).await;
    let decided = setup.decided(&created.verification_id).await;

    assert_eq!(decided.verification_status(), Status::Verified);
    assert_eq!(gbg.asked(START).len(), 1);
}

#[tokio::test]
async fn a_token_that_is_not_good_any_more_is_replaced() {
    let gbg = Gbg::start().await;
    let mut setup = with_account(GO, outside(&gbg)).await;
    gbg.says_first(START, Say::Status(401, None));

    let created = setup.verification_of("Bloggs").await;
    setup.hasten(&created.verification_id).await;
    let decided = setup.decided(&created.verification_id).await;

    assert_eq!(decided.verification_status(), Status::Verified);
    let tokens: Vec<_> = gbg.asked(START).into_iter().map(|asked| asked.authorization).collect();
    assert_eq!(tokens, [Some("Bearer token-1".into()), Some("Bearer token-2".into())]);
}

#[tokio::test]
async fn a_journey_passes_over_what_passes() {
    let passing = [
        (TOKEN, Say::Status(500, None)),
        (TOKEN, Say::Body("{}".to_owned())),
        (START, Say::Body("{\"instanceId\": \"\"}".to_owned())),
        (START, Say::Status(503, Some("1"))),
        (START, Say::Status(429, Some("1"))),
        (START, Say::Nothing),
        (STATE, Say::Body("[".to_owned())),
        (STATE, Say::Status(500, None)),
    ];
    for (index, (path, say)) in passing.into_iter().enumerate() {
        let gbg = Gbg::start().await;
        let settings = Settings { provider_timeout: Duration::from_secs(1), ..outside(&gbg) };
        let mut setup = with_account(GO, settings).await;
        gbg.says_first(path, say);
        let created = setup.verification_of("Bloggs").await;
        setup.hasten(&created.verification_id).await;
        let decided = setup.decided(&created.verification_id).await;
        assert_eq!(decided.verification_status(), Status::Verified, "{index}");
    }
}

#[tokio::test]
async fn a_client_that_go_does_not_know_waits() {
    let gbg = Gbg::start().await;
    let mut setup = with_account(GO, outside(&gbg)).await;
    for _ in 0..3 {
        gbg.says_first(TOKEN, Say::Status(401, None));
    }

    let created = setup.verification_of("Bloggs").await;
    tokio::time::sleep(Duration::from_millis(500)).await;

    let waiting = setup.get(&created.verification_id).await.unwrap();
    assert_eq!(waiting.verification_status(), Status::Pending);
    assert_eq!((gbg.asked(TOKEN).len(), gbg.asked(START).len()), (1, 0));
}

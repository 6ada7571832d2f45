//! Calls of providers: whose are believed, and in what.

use std::time::{Duration, SystemTime};

use aws_lc_rs::hmac;
use kit::postgres::citus::Layout;
use kyc::Settings;
use proto::{
    kyc::v1::{ReceiveCallbackRequest, Verification},
    r#type::v1::VerificationStatus as Status,
};
use tonic::Request;

use crate::{
    gbg::{Gbg, START, STATE},
    providers::{GO, account, outside},
    support::{Setup, bad_fields, reason, setup_with},
};

const SECRET: &str = "0123456789abcdef";

/// A verification that GO works on, of which the worker would not ask for long.
async fn under_way() -> (Gbg, Setup, Verification) {
    under_way_with(Duration::from_hours(1), testkit::citus::layout()).await
}

async fn under_way_with(shortest_poll: Duration, layout: Layout) -> (Gbg, Setup, Verification) {
    let gbg = Gbg::start().await;
    let settings = Settings { shortest_poll, layout, ..outside(&gbg) };
    let mut setup = setup_with(settings).await;
    setup.set_provider(account(GO)).await.unwrap();
    let created = setup.verification_of("Bloggs").await;
    let taken = "select count(*) from verifications
        where provider_reference is not null and overruns = 0";
    while sqlx::query_scalar::<_, i64>(taken).fetch_one(&setup.pool).await.unwrap() == 0 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(gbg.asked(START).len(), 1);
    (gbg, setup, created)
}

fn body(verification: &Verification) -> String {
    let id = format!("instance-of-{}", verification.verification_id);
    format!("{{\"instanceId\": \"{id}\", \"outcome\": \"Decision: Accept\"}}")
}

fn seconds() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()
}

fn signature(secret: &str, seconds: u64, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.as_bytes());
    let tag = hmac::sign(&key, format!("{seconds}.{body}").as_bytes());
    let tag: Vec<_> = tag.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("t={seconds},v1={}", tag.concat())
}

async fn call(setup: &Setup, body: &str, signature: String) -> Result<(), tonic::Status> {
    let request = ReceiveCallbackRequest {
        provider: GO.to_owned(),
        body: body.as_bytes().to_vec(),
        signature,
    };
    // Nobody has told it which tenant it is about.
    setup.providers().receive_callback(Request::new(request)).await.map(drop)
}

#[tokio::test]
async fn a_call_makes_the_worker_ask_and_its_own_outcome_is_not_believed() {
    makes_the_worker_ask(testkit::citus::layout()).await;
}

/// A call does.
pub(crate) async fn makes_the_worker_ask(layout: Layout) {
    let (gbg, mut setup, created) = under_way_with(Duration::from_hours(1), layout).await;
    gbg.says_outcome(Some("Decision: Reject"));
    let body = body(&created);

    call(&setup, &body, signature(SECRET, seconds(), &body)).await.unwrap();
    let decided = setup.decided(&created.verification_id).await;

    assert_eq!(decided.verification_status(), Status::Rejected);
}

#[tokio::test]
async fn the_same_call_again_does_nothing_more() {
    let (gbg, mut setup, created) = under_way().await;
    let body = body(&created);
    let signed = signature(SECRET, seconds(), &body);

    call(&setup, &body, signed.clone()).await.unwrap();
    setup.decided(&created.verification_id).await;
    setup.settled().await;
    let asked = gbg.asked(STATE).len();
    call(&setup, &body, signed).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;

    assert_eq!((asked, gbg.asked(STATE).len()), (1, 1));
}

#[tokio::test]
async fn calls_do_not_make_the_worker_ask_more_often_than_it_may() {
    are_heard_now_and_then(testkit::citus::layout()).await;
}

/// Calls are.
pub(crate) async fn are_heard_now_and_then(layout: Layout) {
    let often = Duration::from_secs(1);
    let (gbg, setup, created) = under_way_with(often, layout).await;
    gbg.says_outcome(None);
    let body = body(&created);
    let begin = std::time::Instant::now();

    while begin.elapsed() < Duration::from_millis(1500) {
        call(&setup, &body, signature(SECRET, seconds(), &body)).await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    tokio::time::sleep(often).await;

    // The journey's own time to be asked again may have come besides.
    let asked = gbg.asked(STATE).len();
    assert!((2..=5).contains(&asked), "{asked}");
}

#[tokio::test]
async fn a_call_that_the_provider_did_not_sign_now_is_refused() {
    let (gbg, setup, created) = under_way().await;
    let (body, now) = (body(&created), seconds());
    let about_another = body.replace("instance-of-", "instance-of-no-");

    for (body, signature) in [
        (&body, String::new()),
        (&body, signature("another secret..", now, &body)),
        (&body, signature(SECRET, now, "{}")),
        (&body, signature(SECRET, now - 400, &body)),
        (&body, signature(SECRET, now + 400, &body)),
        (&about_another, signature(SECRET, now, &about_another)),
    ] {
        let refused = call(&setup, body, signature).await.unwrap_err();
        assert_eq!(reason(&refused), "CALLBACK_REFUSED");
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(gbg.asked(STATE).is_empty());
}

#[tokio::test]
async fn a_call_about_nothing_is_a_bad_field() {
    let (_gbg, setup, _created) = under_way().await;

    let refused = call(&setup, "[]", signature(SECRET, seconds(), "[]")).await.unwrap_err();

    assert_eq!(bad_fields(&refused), ["body"]);
}

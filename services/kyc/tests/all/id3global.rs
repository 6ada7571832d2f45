//! ID3global: what it is asked, what its bands mean, and what becomes of its faults.

use std::time::{Duration, Instant};

use kyc::Settings;
use proto::r#type::v1::VerificationStatus as Status;

use crate::{
    gbg::{Gbg, SOAP, Say, fault, soap},
    providers::{ID3GLOBAL, account, decided, outside, with_account},
    support::{company, passport, setup_with},
};

#[tokio::test]
async fn each_band_has_its_outcome() {
    let gbg = Gbg::start().await;
    let mut setup = with_account(ID3GLOBAL, outside(&gbg)).await;

    for (band, status, reasons) in [
        ("PASS", Status::Verified, &[][..]),
        ("Refer", Status::InReview, &["REFER"]),
        ("ALERT", Status::Rejected, &["ALERT"]),
        ("Joe Bloggs", Status::InReview, &["UNKNOWN_OUTCOME"]),
    ] {
        gbg.says_band(band);
        let decided = decided(&mut setup, "Bloggs").await;
        assert_eq!(
            (decided.verification_status(), decided.provider.as_str()),
            (status, "gb_group")
        );
        assert_eq!(decided.reasons, reasons);
    }
}

#[tokio::test]
async fn a_tenant_says_what_a_band_means() {
    let gbg = Gbg::start().await;
    let mut setup = setup_with(outside(&gbg)).await;
    let mut wanted = account(ID3GLOBAL);
    wanted.provider.as_mut().unwrap().verdicts = vec![proto::kyc::v1::Verdict {
        word: "alert".to_owned(),
        verification_status: Status::ResubmissionRequired.into(),
    }];
    setup.set_provider(wanted).await.unwrap();
    gbg.says_band("ALERT");

    let decided = decided(&mut setup, "Bloggs").await;

    assert_eq!(decided.verification_status(), Status::ResubmissionRequired);
}

#[tokio::test]
async fn a_question_names_the_verification_and_is_escaped() {
    let gbg = Gbg::start().await;
    let mut setup = with_account(ID3GLOBAL, outside(&gbg)).await;

    let decided = decided(&mut setup, "O'Neill & Sons").await;

    let asked = &gbg.asked(SOAP)[0].body;
    assert!(asked.contains(&format!("<CustomerReference>{}<", decided.verification_id)));
    assert!(asked.contains("<o:Username>joe</o:Username>"));
    assert!(asked.contains("correct &lt;horse&gt; &amp; battery</o:Password>"));
    assert!(asked.contains("Neill &amp; Sons</Surname>"));
}

#[tokio::test]
async fn what_passes_is_tried_again_under_the_same_name() {
    let passing = [
        Say::Body("<html>".to_owned()),
        Say::Body("<!DOCTYPE a [<!ENTITY b 'PASS'>]>".to_owned() + &soap("PASS")),
        Say::Body(" ".repeat(5 << 20)),
        Say::Body(fault("s:Server")),
        Say::Status(500, None),
        Say::Status(502, None),
        Say::Nothing,
    ];
    let gbg = Gbg::start().await;
    let settings = Settings { provider_timeout: Duration::from_secs(1), ..outside(&gbg) };
    let mut setup = with_account(ID3GLOBAL, settings).await;

    for (index, say) in passing.into_iter().enumerate() {
        gbg.says_first(SOAP, say);
        let decided = decided(&mut setup, "Bloggs").await;
        assert_eq!(decided.verification_status(), Status::Verified, "{index}");
        let asked = gbg.asked(SOAP);
        let [.., first, second] = &asked[..] else { panic!("{index}: asked once only") };
        assert!(first.body.contains(&decided.verification_id), "{index}");
        assert!(second.body.contains(&decided.verification_id), "{index}");
    }
}

#[tokio::test]
async fn what_will_never_pass_ends_the_attempt() {
    let gbg = Gbg::start().await;
    let mut setup = with_account(ID3GLOBAL, outside(&gbg)).await;

    for say in [Say::Status(400, None), Say::Status(302, None), Say::Body(fault("s:Client"))] {
        gbg.says_first(SOAP, say);
        let decided = decided(&mut setup, "Bloggs").await;
        assert_eq!(decided.verification_status(), Status::Error);
        assert_eq!(decided.reasons, ["PROVIDER_REFUSED"]);
    }
    assert_eq!(gbg.asked(SOAP).len(), 3);
}

#[tokio::test]
async fn refused_credentials_are_not_tried_again_and_again() {
    for say in [Say::Status(401, None), Say::Body(fault("a:FailedAuthentication"))] {
        let gbg = Gbg::start().await;
        let mut setup = with_account(ID3GLOBAL, outside(&gbg)).await;
        gbg.says_first(SOAP, say);

        let first = setup.verification_of("Bloggs").await.verification_id;
        let second = setup.verification_of("Bloggs").await.verification_id;
        tokio::time::sleep(Duration::from_millis(500)).await;

        assert!(gbg.asked(SOAP).len() <= 2, "one may have been under way beside the other");
        let asked = gbg.asked(SOAP).len();
        let third = setup.verification_of("Bloggs").await.verification_id;
        tokio::time::sleep(Duration::from_millis(300)).await;
        assert_eq!(gbg.asked(SOAP).len(), asked);
        let mut statuses = Vec::new();
        for id in [first, second, third] {
            statuses.push(setup.get(&id).await.unwrap().verification_status());
        }
        assert!(statuses.contains(&Status::Pending) && !statuses.contains(&Status::Error));
    }
}

#[tokio::test]
async fn a_provider_that_asks_for_a_pause_gets_it() {
    let gbg = Gbg::start().await;
    let mut setup = with_account(ID3GLOBAL, outside(&gbg)).await;
    gbg.says_first(SOAP, Say::Status(429, Some("1")));
    let begin = Instant::now();

    let decided = decided(&mut setup, "Bloggs").await;

    assert_eq!(decided.verification_status(), Status::Verified);
    assert!(begin.elapsed() >= Duration::from_secs(1));
    assert_eq!(gbg.asked(SOAP).len(), 2);
}

#[tokio::test]
async fn a_company_without_a_person_is_for_a_person_to_decide() {
    let gbg = Gbg::start().await;
    let mut setup = with_account(ID3GLOBAL, outside(&gbg)).await;
    let customer = setup.customer(company("Bloggs Ltd")).await;

    let created = setup.create(passport(&customer.customer_id)).await.unwrap();
    let decided = setup.decided(&created.verification_id).await;

    assert_eq!(decided.verification_status(), Status::InReview);
    assert_eq!(decided.reasons, ["NOT_A_PERSON"]);
    assert!(gbg.asked(SOAP).is_empty());
}

//! Tenants' own providers, as far as a verification shows them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use kyc::Settings;
use proto::{
    kyc::v1::{Provider, SetProviderRequest, Verification},
    r#type::v1::VerificationStatus as Status,
};
use tokio::net::TcpListener;
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, crypto, pki_types::PrivateKeyDer},
};

use crate::{
    gbg::{Gbg, SOAP, START, STATE, Say, TOKEN, fault, soap},
    support::{Setup, passport, reason, settings, setup_with},
};

pub(crate) const ID3GLOBAL: &str = "gbg_id3global";
pub(crate) const GO: &str = "gbg_go";
const PASSWORD: &str = "correct <horse> & battery";

/// Those of production, as far as providers go, with GBG on this machine.
pub(crate) fn outside(gbg: &Gbg) -> Settings {
    Settings {
        providers: kyc::providers::Providers::default(),
        sandbox: false,
        hosts: gbg.hosts(),
        shortest_poll: Duration::from_millis(20),
        circuit_failures: 100,
        ..settings()
    }
}

pub(crate) fn account(provider: &str) -> SetProviderRequest {
    SetProviderRequest {
        provider: Some(Provider {
            provider: provider.to_owned(),
            account_name: "joe".to_owned(),
            profile_id: "d1546e85-9241-4674-a6ff-6bde0b7b89c8".to_owned(),
            ..Provider::default()
        }),
        secret: PASSWORD.to_owned(),
        callback_secret: "0123456789abcdef".to_owned(),
        validate_only: false,
    }
}

/// A tenant with an account, on a service with these settings.
pub(crate) async fn with_account(provider: &str, settings: Settings) -> Setup {
    let mut setup = setup_with(settings).await;
    setup.set_provider(account(provider)).await.unwrap();
    setup
}

async fn decided(setup: &mut Setup, last_name: &str) -> Verification {
    let created = setup.verification_of(last_name).await;
    setup.decided(&created.verification_id).await
}

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

/// A server whose certificate nobody vouches for; counts those who talk to it all the same.
async fn impostor() -> (String, Arc<AtomicUsize>) {
    let made = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
    let provider = Arc::new(crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let (acceptor, listener) =
        (TlsAcceptor::from(Arc::new(config)), TcpListener::bind("127.0.0.1:0").await.unwrap());
    let url = format!("https://{}", listener.local_addr().unwrap());
    let talked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&talked);
    #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
    tokio::spawn(async move {
        loop {
            let (stream, _) = listener.accept().await.unwrap();
            if acceptor.accept(stream).await.is_ok() {
                count.fetch_add(1, Ordering::Relaxed);
            }
        }
    });
    (url, talked)
}

#[tokio::test]
async fn nothing_is_told_to_a_server_whose_certificate_is_not_good() {
    for provider in [ID3GLOBAL, GO] {
        let (url, talked) = impostor().await;
        let mut settings = outside(&Gbg::start().await);
        settings.hosts.id3global = Some(url.clone());
        settings.hosts.id3global_images = Some(url.clone());
        settings.hosts.go_token = Some(url.clone());
        settings.hosts.go = Some(url);
        settings.max_attempts = 2;
        let mut setup = with_account(provider, settings).await;

        let decided = decided(&mut setup, "Bloggs").await;

        assert_eq!(decided.reasons, ["PROVIDER_UNAVAILABLE"]);
        assert_eq!(talked.load(Ordering::Relaxed), 0);
    }
}

#[tokio::test]
async fn a_company_without_a_person_is_for_a_person_to_decide() {
    let gbg = Gbg::start().await;
    let mut setup = with_account(ID3GLOBAL, outside(&gbg)).await;
    let customer = setup.customer(crate::support::company("Bloggs Ltd")).await;

    let created = setup.create(passport(&customer.customer_id)).await.unwrap();
    let decided = setup.decided(&created.verification_id).await;

    assert_eq!(decided.verification_status(), Status::InReview);
    assert_eq!(decided.reasons, ["NOT_A_PERSON"]);
    assert!(gbg.asked(SOAP).is_empty());
}

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

#[tokio::test]
async fn outside_the_sandbox_a_tenant_without_an_account_is_refused() {
    let gbg = Gbg::start().await;
    let mut setup = setup_with(outside(&gbg)).await;
    let customer = setup.person("Bloggs").await.customer_id;

    for provider in ["gb_group", GO, ID3GLOBAL] {
        let mut request = passport(&customer);
        request.provider = provider.to_owned();
        let refused = setup.create(request).await.unwrap_err();
        assert_eq!(reason(&refused), "PROVIDER_NOT_CONFIGURED", "{provider}");
    }
    setup.set_provider(account(ID3GLOBAL)).await.unwrap();
    assert!(setup.create(passport(&customer)).await.is_ok());
}

#[tokio::test]
async fn another_tenants_account_is_not_used() {
    let gbg = Gbg::start().await;
    let mut setup = with_account(ID3GLOBAL, outside(&gbg)).await;
    setup.caller = testkit::caller();
    let customer = setup.person("Bloggs").await.customer_id;

    let refused = setup.create(passport(&customer)).await.unwrap_err();

    assert_eq!(reason(&refused), "PROVIDER_NOT_CONFIGURED");
    assert!(setup.list_providers().await.is_empty());
}

#[tokio::test]
async fn attempts_go_on_with_the_provider_that_has_them() {
    let gbg = Gbg::start().await;
    let mut setup = with_account(GO, outside(&gbg)).await;
    gbg.says_outcome(None);
    let created = setup.verification_of("Bloggs").await;
    while gbg.asked(START).is_empty() {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }

    let mut other = account(ID3GLOBAL);
    other.provider.as_mut().unwrap().is_default = true;
    setup.set_provider(other).await.unwrap();
    gbg.says_outcome(Some("Decision: Reject"));
    setup.hasten(&created.verification_id).await;
    let first = setup.decided(&created.verification_id).await;
    let second = decided(&mut setup, "Bloggs").await;

    assert_eq!(first.verification_status(), Status::Rejected);
    assert_eq!(second.verification_status(), Status::Verified);
    assert_eq!((gbg.asked(START).len(), gbg.asked(SOAP).len()), (1, 1));
}

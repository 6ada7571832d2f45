//! Tenants' own providers, as far as a verification shows them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
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
    gbg::{Gbg, SOAP, START},
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

pub(crate) async fn decided(setup: &mut Setup, last_name: &str) -> Verification {
    let created = setup.verification_of(last_name).await;
    setup.decided(&created.verification_id).await
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

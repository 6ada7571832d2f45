//! Accounts with providers: set, read, forgotten; what is kept of their secrets.

use kit::{keys::Keyring, postgres::citus::Layout};
use kyc::Settings;
use proto::kyc::v1::{
    DeleteProviderRequest, GetProviderRequest, Provider, SetProviderRequest, Verdict,
};
use proto::r#type::v1::VerificationStatus as Status;

use crate::{
    gbg::{Gbg, SOAP},
    providers::{GO, ID3GLOBAL, account, outside},
    support::{Setup, bad_fields, reason, setup_with},
};

async fn service() -> Setup {
    setup_with(outside(&Gbg::start().await)).await
}

#[tokio::test]
async fn an_account_is_told_without_its_secrets() {
    let mut setup = service().await;

    let set = setup.set_provider(account(ID3GLOBAL)).await.unwrap();
    let request = GetProviderRequest { provider: ID3GLOBAL.into() };
    let got = setup.providers().get_provider(setup.caller.request(request)).await.unwrap();

    assert_eq!(got.get_ref(), &set);
    assert!(set.is_default && set.has_callback_secret);
    assert_eq!((set.account_name.as_str(), set.profile_version.as_str()), ("joe", "0"));
    assert_eq!(set.verdicts.len(), 3, "the usual words");
    let told = format!("{got:?}");
    assert!(!told.contains("battery") && !told.contains("0123456789abcdef"));
}

#[tokio::test]
async fn secrets_are_not_in_the_database() {
    let mut setup = service().await;
    setup.set_provider(account(ID3GLOBAL)).await.unwrap();

    for secret in ["battery", "0123456789abcdef"] {
        let found: i64 = sqlx::query_scalar(
            "select count(*) from provider_accounts a
             where position(convert_to($1, 'UTF8') in secret) > 0
                or position(convert_to($1, 'UTF8') in callback_secret) > 0
                or position($1 in a::text) > 0",
        )
        .bind(secret)
        .fetch_one(&setup.pool)
        .await
        .unwrap();
        assert_eq!(found, 0, "{secret}");
    }
}

#[tokio::test]
async fn a_secret_of_one_tenant_does_not_open_for_another() {
    let gbg = Gbg::start().await;
    let mut setup = setup_with(outside(&gbg)).await;
    setup.set_provider(account(ID3GLOBAL)).await.unwrap();
    let mine = setup.caller.clone();
    setup.caller = testkit::caller();
    setup.set_provider(account(ID3GLOBAL)).await.unwrap();
    sqlx::query(
        "update provider_accounts a set secret = b.secret, secret_key = b.secret_key
         from provider_accounts b where b.tenant_id = $1 and a.tenant_id <> $1",
    )
    .bind(mine.tenant().uuid())
    .execute(&setup.pool)
    .await
    .unwrap();

    setup.verification_of("Bloggs").await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;

    assert!(gbg.asked(SOAP).is_empty());
}

#[tokio::test]
async fn secrets_move_to_a_new_key_and_open_as_before() {
    secrets_move(testkit::citus::layout()).await;
}

/// To a new key.
pub(crate) async fn secrets_move(layout: Layout) {
    let keyring = |lines: &str| {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), lines).unwrap();
        Keyring::from_file(file.path()).unwrap()
    };
    let (one, two) = (crate::program::KEYS, "2:HB0eHwABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhs=");
    let gbg = Gbg::start().await;
    let objects = kyc::Objects::in_memory();
    let settings = |keys| Settings { keys, objects: objects.clone(), layout, ..outside(&gbg) };
    // It answers, and leaves the work to another.
    let mut setup = setup_with(Settings { concurrency: 0, ..settings(keyring(one)) }).await;
    setup.set_provider(account(ID3GLOBAL)).await.unwrap();
    let created = setup.verification_of("Bloggs").await;

    let both = keyring(&format!("{one}\n{two}"));
    let pool = setup.pool.clone();
    let rotate = async |keys| {
        let done = kyc::rotate_keys(&pool, keys, objects.clone()).await.unwrap();
        (done.rewrapped, done.failed)
    };
    let first = rotate(both.clone()).await;
    let second = rotate(both).await;
    let other = keyring(&one.replace("1:", "3:"));
    let lost = rotate(other).await;
    setup.start_worker(settings(keyring(two)), setup.customer_channel.clone());
    let decided = setup.decided(&created.verification_id).await;

    // Two secrets, and the key of the document.
    assert_eq!((first, second, lost), ((3, 0), (0, 0), (0, 3)));
    assert_eq!(decided.verification_status(), Status::Verified);
}

#[tokio::test]
async fn what_is_not_said_again_stays() {
    let gbg = Gbg::start().await;
    let mut setup = setup_with(outside(&gbg)).await;
    setup.set_provider(account(ID3GLOBAL)).await.unwrap();
    let mut again = account(ID3GLOBAL);
    again.secret = String::new();
    again.callback_secret = String::new();
    again.provider.as_mut().unwrap().account_name = "jane".into();

    let set = setup.set_provider(again).await.unwrap();
    let created = setup.verification_of("Bloggs").await;
    setup.decided(&created.verification_id).await;

    assert!(set.has_callback_secret);
    let asked = &gbg.asked(SOAP)[0].body;
    assert!(asked.contains("<o:Username>jane<") && asked.contains("battery</o:Password>"));
}

#[tokio::test]
async fn one_account_is_the_default() {
    let mut setup = service().await;

    setup.set_provider(account(ID3GLOBAL)).await.unwrap();
    let second = setup.set_provider(account(GO)).await.unwrap();
    let mut wanted = account(GO);
    wanted.provider.as_mut().unwrap().is_default = true;
    let chosen = setup.set_provider(wanted).await.unwrap();

    assert!(!second.is_default && chosen.is_default);
    let all = setup.list_providers().await;
    let defaults: Vec<_> = all.iter().map(|one| (one.provider.as_str(), one.is_default)).collect();
    assert_eq!(defaults, [(GO, true), (ID3GLOBAL, false)]);
}

#[tokio::test]
async fn accounts_set_at_once_leave_one_default() {
    let setup = service().await;
    let set = |provider| {
        let mut request = account(provider);
        request.provider.as_mut().unwrap().is_default = true;
        let (mut providers, request) = (setup.providers(), setup.caller.request(request));
        async move { providers.set_provider(request).await }
    };

    let (one, other) = tokio::join!(set(GO), set(ID3GLOBAL));

    assert!(one.is_ok() && other.is_ok());
    let defaults = setup.list_providers().await;
    assert_eq!(defaults.iter().filter(|account| account.is_default).count(), 1);
}

#[tokio::test]
async fn a_forgotten_account_is_gone() {
    let mut setup = service().await;
    setup.set_provider(account(GO)).await.unwrap();
    let delete = DeleteProviderRequest { provider: GO.into() };

    let first = setup.providers().delete_provider(setup.caller.request(delete.clone())).await;
    let second = setup.providers().delete_provider(setup.caller.request(delete)).await;

    assert!(first.is_ok());
    assert_eq!(reason(&second.unwrap_err()), "PROVIDER_NOT_FOUND");
    assert!(setup.list_providers().await.is_empty());
    let changes: Vec<String> =
        sqlx::query_scalar("select change from provider_account_changes order by change_id")
            .fetch_all(&setup.pool)
            .await
            .unwrap();
    assert_eq!(changes, ["set", "deleted"]);
}

#[tokio::test]
async fn every_bad_field_is_told_at_once() {
    let mut setup = service().await;
    let verdict = Verdict { word: String::new(), verification_status: Status::Pending.into() };
    let provider = Provider {
        provider: ID3GLOBAL.into(),
        profile_version: "newest".into(),
        verdicts: vec![verdict],
        ..Provider::default()
    };
    let request = SetProviderRequest {
        provider: Some(provider),
        callback_secret: "short".into(),
        ..SetProviderRequest::default()
    };

    let refused = setup.set_provider(request).await.unwrap_err();

    assert_eq!(
        bad_fields(&refused),
        [
            "callback_secret",
            "provider.account_name",
            "provider.profile_id",
            "provider.profile_version",
            "provider.verdicts[0].verification_status",
            "provider.verdicts[0].word",
        ]
    );
}

#[tokio::test]
async fn a_new_account_needs_its_secret_and_a_known_provider() {
    let mut setup = service().await;
    let (mut without, other) = (account(GO), account("somebody"));
    without.secret = String::new();

    let without = setup.set_provider(without).await.unwrap_err();
    let other = setup.set_provider(other).await.unwrap_err();

    assert_eq!(bad_fields(&without), ["secret"]);
    assert_eq!(reason(&other), "PROVIDER_NOT_FOUND");
}

#[tokio::test]
async fn a_provider_that_has_no_address_is_not_offered() {
    let hosts = kyc::providers::Hosts::default();
    let settings = Settings { hosts, ..outside(&Gbg::start().await) };
    let mut setup = setup_with(settings).await;

    let refused = setup.set_provider(account(GO)).await.unwrap_err();

    assert_eq!(reason(&refused), "PROVIDER_NOT_OFFERED");
}

#[tokio::test]
async fn who_sets_and_deletes_an_account_is_on_record() {
    type Kept = (uuid::Uuid, String, String, Option<Vec<u8>>, Option<Vec<u8>>);

    let mut setup = service().await;
    setup.set_provider(account(ID3GLOBAL)).await.unwrap();
    setup.set_provider(account(ID3GLOBAL)).await.unwrap();
    let request = DeleteProviderRequest { provider: ID3GLOBAL.into() };
    setup.providers().delete_provider(setup.caller.request(request)).await.unwrap();

    let kept: Vec<Kept> = sqlx::query_as(
        "select user_id, action, object, before_digest, after_digest from audit_records
         order by audit_record_id",
    )
    .fetch_all(&setup.pool)
    .await
    .unwrap();

    let [set, again, deleted] = &kept[..] else { panic!("{kept:?}") };
    let user = setup.caller.user().unwrap().uuid();
    assert!(kept.iter().all(|it| it.0 == user && it.2 == format!("providers/{ID3GLOBAL}")));
    assert_eq!([&set.1, &again.1, &deleted.1], ["provider.set", "provider.set", "provider.delete"]);
    assert_eq!((&set.3, &deleted.4), (&None, &None));
    assert!(again.3 == set.4 && again.4 != set.4 && deleted.3 == again.4);
}

#[tokio::test]
async fn a_secret_that_another_sets_meanwhile_is_not_lost() {
    let mut setup = service().await;
    setup.set_provider(account(ID3GLOBAL)).await.unwrap();
    let mut other = setup.pool.begin().await.unwrap();
    let rotated = "update provider_accounts set secret = '\\x00', callback_secret = '\\x01'";
    sqlx::query(rotated).execute(&mut *other).await.unwrap();
    let mut renamed = account(ID3GLOBAL);
    (renamed.secret, renamed.callback_secret) = (String::new(), String::new());

    let renaming = setup.set_provider(renamed);
    let commit = async {
        tokio::time::sleep(std::time::Duration::from_millis(300)).await;
        other.commit().await.unwrap();
    };
    let (set, ()) = tokio::join!(renaming, commit);

    set.unwrap();
    let kept: (Vec<u8>, Vec<u8>) =
        sqlx::query_as("select secret, callback_secret from provider_accounts")
            .fetch_one(&setup.pool)
            .await
            .unwrap();
    assert_eq!(kept, (vec![0], vec![1]));
}

//! What a provider has decided, when our own checks fail afterwards.

use std::time::Duration;

use kyc::Settings;
use proto::r#type::v1::VerificationStatus as Status;

use crate::{
    scripted::{Scripted, VERIFIED},
    support::{Setup, idle_with, with_provider},
};

async fn execute(setup: &Setup, statement: &'static str) {
    sqlx::query(statement).execute(&setup.pool).await.unwrap();
}

#[tokio::test]
async fn a_provider_that_has_decided_is_not_asked_again_when_our_own_checks_fail() {
    let provider = Scripted::new(Duration::ZERO, VERIFIED);
    let ocr_program = Some("/bin/true".into());
    let settings = Settings { ocr_program, ..with_provider(provider.clone()) };
    let mut setup = idle_with(&settings).await;
    let created = setup.verification_of("Bloggs").await;
    execute(&setup, "update documents set key_version = key_version + 1").await;

    setup.start_worker(settings, setup.customer_channel.clone());
    tokio::time::sleep(Duration::from_millis(600)).await;
    let meanwhile = setup.get(&created.verification_id).await.unwrap();
    execute(&setup, "update documents set key_version = key_version - 1").await;
    let decided = setup.decided(&created.verification_id).await;

    assert_eq!(meanwhile.verification_status(), Status::Pending);
    assert_eq!(decided.verification_status(), Status::Verified);
    assert_eq!(provider.seen()[0].submissions, 1);
}

#[tokio::test]
async fn reading_images_longer_than_a_lease_asks_nobody_again() {
    let provider = Scripted::new(Duration::ZERO, VERIFIED);
    let directory = tempfile::tempdir().unwrap();
    let program = directory.path().join("slow");
    std::fs::write(&program, "#!/bin/sh\nexec /bin/sleep 10\n").unwrap();
    let all = std::os::unix::fs::PermissionsExt::from_mode(0o700);
    std::fs::set_permissions(&program, all).unwrap();
    let settings = Settings {
        ocr_program: Some(program),
        lease: Duration::from_secs(1),
        max_overruns: 2,
        ..with_provider(provider.clone())
    };
    let mut setup = idle_with(&settings).await;
    let created = setup.verification_of("Bloggs").await;

    setup.start_worker(settings, setup.customer_channel.clone());
    let decided = setup.decided(&created.verification_id).await;

    assert_eq!(decided.reasons, ["WORK_BROKE_OFF"]);
    assert_eq!(provider.seen()[0].submissions, 1);
}

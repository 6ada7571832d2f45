use kit::caller::REPLAYED;
use proto::kyc::v1::{CreateVerificationRequest, IdType};

use crate::support::{Setup, idle, passport, reason, settings, setup};

async fn keyed(setup: &mut Setup) -> CreateVerificationRequest {
    let customer = setup.person("Bloggs").await;
    CreateVerificationRequest { request_id: "one".into(), ..passport(&customer.customer_id) }
}

async fn count(setup: &Setup) -> i64 {
    let count = sqlx::query_scalar("select count(*) from verifications");
    count.fetch_one(&setup.pool).await.unwrap()
}

#[tokio::test]
async fn a_retry_makes_one_verification() {
    let mut setup = setup().await;
    let request = keyed(&mut setup).await;

    let first = setup.create(request.clone()).await.unwrap();
    setup.decided(&first.verification_id).await;
    let again = setup.kyc.create_verification(setup.caller.request(request)).await.unwrap();

    assert_eq!(again.metadata().get(REPLAYED).unwrap(), "true");
    assert_eq!(again.into_inner(), first);
    assert_eq!(count(&setup).await, 1);
}

#[tokio::test]
async fn two_retries_at_once_make_one_verification() {
    let mut setup = idle().await;
    let request = keyed(&mut setup).await;
    let (mut one, mut two) = (setup.kyc.clone(), setup.kyc.clone());

    let (first, second) = tokio::join!(
        one.create_verification(setup.caller.request(request.clone())),
        two.create_verification(setup.caller.request(request)),
    );

    assert_eq!(first.unwrap().into_inner(), second.unwrap().into_inner());
    assert_eq!(count(&setup).await, 1);
}

#[tokio::test]
async fn a_key_does_not_stand_for_another_request() {
    let mut setup = idle().await;
    let request = keyed(&mut setup).await;
    setup.create(request.clone()).await.unwrap();

    let front = request.front.clone();
    let other =
        CreateVerificationRequest { id_type: IdType::IdCard.into(), back: front, ..request };
    let refused = setup.create(other).await.unwrap_err();

    assert_eq!(reason(&refused), "REQUEST_ID_REUSED");
}

#[tokio::test]
async fn what_was_asked_cannot_be_guessed_from_what_is_kept() {
    let mut setup = idle().await;
    let request = keyed(&mut setup).await;
    let caller = setup.caller.clone().with_request_hash("00ff".to_owned());

    let first = setup.kyc.create_verification(caller.request(request.clone())).await.unwrap();
    let again = setup.kyc.create_verification(caller.request(request)).await.unwrap();

    assert_eq!(first.into_inner(), again.into_inner());
    let kept: Vec<u8> = sqlx::query_scalar("select request_hash from requests")
        .fetch_one(&setup.pool)
        .await
        .unwrap();
    assert_eq!(kept.len(), 36, "{kept:?}");
}

#[tokio::test]
async fn a_refusal_leaves_the_key_free() {
    let mut setup = idle().await;
    let request = keyed(&mut setup).await;
    let first = setup.create(passport(&request.customer_id)).await.unwrap();
    let refused = setup.create(request.clone()).await.unwrap_err();
    setup.start_worker(settings(), setup.customer_channel.clone());
    setup.decided(&first.verification_id).await;

    let taken = setup.create(request).await.unwrap();

    assert_eq!(reason(&refused), "VERIFICATION_IN_PROGRESS");
    assert!(taken.verification_id > first.verification_id);
}

#[tokio::test]
async fn a_refusal_does_not_overtake_a_running_request_with_the_same_key() {
    let mut setup = idle().await;
    let request = keyed(&mut setup).await;
    let disable = "update customers set active = false";
    sqlx::query(disable).execute(&setup.customer_pool).await.unwrap();
    let mut running = setup.pool.begin().await.unwrap();
    sqlx::query(
        "
        insert into requests (tenant_id, operation, request_id, request_hash)
        values ($1, 'CreateVerification', 'one', '')
        ",
    )
    .bind(setup.caller.tenant().uuid())
    .execute(&mut *running)
    .await
    .unwrap();

    let waited = setup.create(request.clone()).await.unwrap_err();
    running.rollback().await.unwrap();
    let refused = setup.create(request).await.unwrap_err();

    assert_eq!(reason(&waited), "REQUEST_IN_PROGRESS");
    assert_eq!(reason(&refused), "CUSTOMER_DISABLED");
}

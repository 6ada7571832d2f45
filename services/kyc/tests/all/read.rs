use proto::{
    kyc::v1::{
        BatchGetLatestVerificationsRequest, ListVerificationsRequest, ListVerificationsResponse,
        Verification,
    },
    r#type::v1::VerificationStatus,
};
use tonic::{Code, Status};

use crate::support::{Setup, bad_fields, idle, passport, reason, setup};

async fn list(
    setup: &mut Setup,
    request: ListVerificationsRequest,
) -> Result<ListVerificationsResponse, Status> {
    Ok(setup.kyc.list_verifications(setup.caller.request(request)).await?.into_inner())
}

async fn latest(setup: &mut Setup, ids: &[&str]) -> Result<Vec<Verification>, Status> {
    let customer_ids = ids.iter().map(ToString::to_string).collect();
    let request = BatchGetLatestVerificationsRequest { customer_ids };
    let answer = setup.kyc.batch_get_latest_verifications(setup.caller.request(request)).await?;
    Ok(answer.into_inner().verifications)
}

fn ids(verifications: &[Verification]) -> Vec<&str> {
    verifications.iter().map(|verification| verification.verification_id.as_str()).collect()
}

#[tokio::test]
async fn another_tenants_verification_does_not_exist() {
    let mut setup = idle().await;
    let theirs = setup.verification_of("Bloggs").await;
    setup.caller = testkit::caller();

    let got = setup.get(&theirs.verification_id).await.unwrap_err();
    let listed = list(&mut setup, ListVerificationsRequest::default()).await.unwrap();
    let batch = latest(&mut setup, &[&theirs.customer_id]).await.unwrap();

    assert_eq!(got.code(), Code::NotFound);
    assert_eq!(reason(&got), "VERIFICATION_NOT_FOUND");
    assert_eq!(listed, ListVerificationsResponse::default());
    assert_eq!(batch, []);
}

#[tokio::test]
async fn an_id_that_is_malformed_is_a_bad_field() {
    let mut setup = idle().await;

    let refused = setup.get("one").await.unwrap_err();

    assert_eq!(bad_fields(&refused), ["verification_id"]);
}

#[tokio::test]
async fn a_list_is_newest_first_and_does_not_shift_while_it_is_paged() {
    let mut setup = idle().await;
    let mut made = Vec::new();
    for _ in 0..3 {
        made.push(setup.verification_of("Bloggs").await.verification_id);
    }
    made.reverse();

    let request = ListVerificationsRequest { page_size: Some(2), ..Default::default() };
    let first = list(&mut setup, request.clone()).await.unwrap();
    setup.verification_of("Bloggs").await;
    let page_token = first.next_page_token.clone();
    let second =
        list(&mut setup, ListVerificationsRequest { page_token, ..request }).await.unwrap();

    assert_eq!(ids(&first.verifications), made[..2]);
    assert_eq!(first.total_size, 3);
    assert_eq!(ids(&second.verifications), made[2..]);
    assert_eq!(second.next_page_token, "");
}

#[tokio::test]
async fn filters_must_all_hold() {
    let mut setup = setup().await;
    let first = setup.verification_of("Reject").await;
    setup.decided(&first.verification_id).await;
    let second = setup.create(passport(&first.customer_id)).await.unwrap();
    setup.decided(&second.verification_id).await;
    let verified = setup.verification_of("Bloggs").await;
    setup.decided(&verified.verification_id).await;

    let of_customer =
        ListVerificationsRequest { customer_id: first.customer_id.clone(), ..Default::default() };
    let with_status = ListVerificationsRequest {
        verification_status: VerificationStatus::Verified.into(),
        ..Default::default()
    };
    let both = ListVerificationsRequest {
        verification_status: VerificationStatus::Verified.into(),
        ..of_customer.clone()
    };
    let of_customer = list(&mut setup, of_customer).await.unwrap();
    let with_status = list(&mut setup, with_status).await.unwrap();
    let both = list(&mut setup, both).await.unwrap();

    assert_eq!(ids(&of_customer.verifications), [&second.verification_id, &first.verification_id]);
    assert_eq!(of_customer.total_size, 2);
    assert_eq!(ids(&with_status.verifications), [&verified.verification_id]);
    assert_eq!(with_status.total_size, 1);
    assert_eq!(both, ListVerificationsResponse::default());
}

#[tokio::test]
async fn a_list_of_an_unknown_customer_is_not_found() {
    let mut setup = idle().await;

    let request = ListVerificationsRequest {
        customer_id: "0192f0c1-2d3e-7f40-8a51-6b7c8d9e0f10".into(),
        ..Default::default()
    };
    let refused = list(&mut setup, request).await.unwrap_err();

    assert_eq!(refused.code(), Code::NotFound);
    assert_eq!(reason(&refused), "CUSTOMER_NOT_FOUND");
}

#[tokio::test]
async fn every_bad_filter_is_told_at_once() {
    let mut setup = idle().await;

    let request = ListVerificationsRequest {
        page_size: Some(0),
        page_token: "made up".into(),
        customer_id: "joe".into(),
        verification_status: VerificationStatus::Unverified.into(),
    };
    let refused = list(&mut setup, request).await.unwrap_err();

    assert_eq!(
        bad_fields(&refused),
        ["customer_id", "page_size", "page_token", "verification_status"]
    );
}

#[tokio::test]
async fn the_latest_of_many_customers_come_in_the_order_asked_for() {
    let mut setup = setup().await;
    let earlier = setup.verification_of("Reject").await;
    setup.decided(&earlier.verification_id).await;
    let one = setup.create(passport(&earlier.customer_id)).await.unwrap();
    let two = setup.verification_of("Bloggs").await;
    let none = setup.person("Bloggs").await;

    let asked =
        [&two.customer_id, &none.customer_id, &one.customer_id, &two.customer_id].map(|id| &**id);
    let latest = latest(&mut setup, &asked).await.unwrap();

    assert_eq!(ids(&latest), [&two.verification_id, &one.verification_id]);
}

#[tokio::test]
async fn a_batch_of_bad_or_too_many_ids_is_refused() {
    let mut setup = idle().await;

    let bad = latest(&mut setup, &["joe"]).await.unwrap_err();
    let many = latest(&mut setup, &["joe"; 1001]).await;

    assert_eq!(bad_fields(&bad), ["customer_ids[0]"]);
    assert_eq!(bad_fields(&many.unwrap_err()), ["customer_ids"]);
}

use prost_types::FieldMask;
use proto::customer::v1::{
    Customer, ListCustomersRequest, RecordVerificationRequest, UpdateCustomerRequest,
};
use proto::r#type::v1::VerificationStatus;
use types::VerificationId;

use crate::support::{Setup, bad_fields, joe, reason, setup};

async fn record(
    setup: &mut Setup,
    customer: &Customer,
    verification: VerificationId,
    verification_version: i64,
    status: VerificationStatus,
) -> Customer {
    let request = RecordVerificationRequest {
        customer_id: customer.customer_id.clone(),
        details_version: customer.details_version,
        verification_id: verification.to_string(),
        verification_version,
        verification_status: status.into(),
    };
    let request = setup.caller.request(request);
    setup.client.record_verification(request).await.unwrap().into_inner()
}

#[tokio::test]
async fn a_verification_makes_a_customer_verified_for_lists_too() {
    let mut setup = setup().await;
    let joe = setup.create(joe()).await.unwrap();
    let id = VerificationId::new();

    let pending = record(&mut setup, &joe, id, 1, VerificationStatus::Pending).await;
    let verified = record(&mut setup, &joe, id, 2, VerificationStatus::Verified).await;
    let late = record(&mut setup, &joe, id, 1, VerificationStatus::Pending).await;
    let request = ListCustomersRequest { verified: Some(true), ..Default::default() };
    let list = setup.client.list_customers(setup.caller.request(request)).await.unwrap();

    assert_eq!(pending.verification_status(), VerificationStatus::Pending);
    assert_eq!(verified.verification_status(), VerificationStatus::Verified);
    assert_eq!(late, verified);
    assert_eq!(list.into_inner().customers, [verified]);
}

#[tokio::test]
async fn a_result_for_earlier_details_does_not_verify_the_new_ones() {
    let mut setup = setup().await;
    let joe = setup.create(joe()).await.unwrap();
    let id = VerificationId::new();
    record(&mut setup, &joe, id, 1, VerificationStatus::Pending).await;
    let renamed = Customer { last_name: "Blogs".into(), ..joe.clone() };
    let request = UpdateCustomerRequest {
        customer: Some(renamed),
        update_mask: Some(FieldMask { paths: vec!["last_name".into()] }),
        ..Default::default()
    };
    let updated = setup.client.update_customer(setup.caller.request(request)).await.unwrap();

    let reported = record(&mut setup, &joe, id, 2, VerificationStatus::Verified).await;

    assert_eq!(updated.get_ref().verification_status(), VerificationStatus::Unverified);
    assert_eq!(reported, updated.into_inner());
}

#[tokio::test]
async fn a_report_must_say_everything() {
    let mut setup = setup().await;
    let request = RecordVerificationRequest {
        verification_status: VerificationStatus::Unverified.into(),
        ..Default::default()
    };

    let refused =
        setup.client.record_verification(setup.caller.request(request)).await.unwrap_err();

    assert_eq!(
        bad_fields(&refused),
        [
            "customer_id",
            "details_version",
            "verification_id",
            "verification_status",
            "verification_version",
        ]
    );
}

#[tokio::test]
async fn a_report_about_nobody_is_refused() {
    let mut setup = setup().await;
    let request = RecordVerificationRequest {
        customer_id: types::CustomerId::new().to_string(),
        details_version: 1,
        verification_id: VerificationId::new().to_string(),
        verification_version: 1,
        verification_status: VerificationStatus::Pending.into(),
    };

    let refused =
        setup.client.record_verification(setup.caller.request(request)).await.unwrap_err();

    assert_eq!(reason(&refused), "CUSTOMER_NOT_FOUND");
}

//! Customers and their verifications.

use prost_types::FieldMask;
use proto::{
    customer::v1::{
        CreateCustomerRequest, Customer, GetCustomerRequest, ListCustomersRequest,
        UpdateCustomerRequest,
    },
    kyc::v1::{
        CreateVerificationRequest, Document, GetVerificationRequest, IdType,
        ListVerificationsRequest,
    },
    r#type::v1::VerificationStatus,
};
use tonic::Code;

use super::{Tenant, fields, reason};

#[tokio::test]
async fn a_customer_is_created_read_changed_and_listed() {
    let tenant = Tenant::new();
    let mut customers = tenant.customers.clone();

    let created = tenant.customer("Bloggs").await;
    let get = || tenant.ask(GetCustomerRequest { customer_id: created.customer_id.clone() });
    let found = customers.get_customer(get()).await.unwrap().into_inner();
    let change = UpdateCustomerRequest {
        customer: Some(Customer { last_name: "Smith".to_owned(), ..created.clone() }),
        update_mask: Some(FieldMask { paths: vec!["last_name".to_owned()] }),
        ..UpdateCustomerRequest::default()
    };
    let changed = customers.update_customer(tenant.ask(change)).await.unwrap().into_inner();
    let list = tenant.ask(ListCustomersRequest::default());
    let page = customers.list_customers(list).await.unwrap().into_inner();
    let bad = tenant.ask(CreateCustomerRequest::default());
    let bad = customers.create_customer(bad).await.unwrap_err();

    assert_eq!((&found, found.name.as_str()), (&created, "Joe Bloggs"));
    assert_eq!(found.verification_status(), VerificationStatus::Unverified);
    assert_eq!((changed.name.as_str(), changed.details_version), ("Joe Smith", 2));
    assert_eq!((page.customers.as_slice(), page.total_size), (&[changed][..], 1));
    assert!(fields(&bad).contains(&"customer.customer_type".to_owned()), "{:?}", fields(&bad));
    let stranger = Tenant::new();
    let get = stranger.ask(GetCustomerRequest { customer_id: created.customer_id });
    let unseen = customers.get_customer(get).await.unwrap_err();
    assert_eq!((unseen.code(), reason(&unseen).as_str()), (Code::NotFound, "CUSTOMER_NOT_FOUND"));
}

#[tokio::test]
async fn a_verification_is_made_read_and_listed() {
    let tenant = Tenant::new();
    let mut kyc = tenant.kyc.clone();
    // In review, and so not decided while the test looks.
    let customer_id = tenant.customer("Refer").await.customer_id;
    let request = CreateVerificationRequest {
        customer_id: customer_id.clone(),
        provider: "gb_group".to_owned(),
        id_type: IdType::Passport.into(),
        front: Some(Document {
            mime_type: "image/jpeg".to_owned(),
            content: testkit::files::JPEG.to_vec().into(),
            ..Default::default()
        }),
        ..CreateVerificationRequest::default()
    };

    let created = kyc.create_verification(tenant.ask(request.clone())).await.unwrap().into_inner();
    let again = kyc.create_verification(tenant.ask(request)).await.unwrap_err();
    let get = GetVerificationRequest { verification_id: created.verification_id.clone() };
    let found = kyc.get_verification(tenant.ask(get)).await.unwrap().into_inner();
    let list = ListVerificationsRequest {
        customer_id: customer_id.clone(),
        ..ListVerificationsRequest::default()
    };
    let page = kyc.list_verifications(tenant.ask(list)).await.unwrap().into_inner();

    assert_eq!(created.verification_status(), VerificationStatus::Pending);
    assert_eq!(
        (&found.verification_id, &found.customer_id),
        (&created.verification_id, &customer_id)
    );
    assert_eq!(
        (again.code(), reason(&again).as_str()),
        (Code::FailedPrecondition, "VERIFICATION_IN_PROGRESS")
    );
    assert_eq!(page.total_size, 1);
    assert_eq!(page.verifications[0].verification_id, created.verification_id);
    let bad = kyc.create_verification(tenant.ask(CreateVerificationRequest::default())).await;
    let mut bad = fields(&bad.unwrap_err());
    bad.sort_unstable();
    assert_eq!(bad, ["customer_id", "front", "id_type", "provider"]);
}

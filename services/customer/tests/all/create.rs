use kit::caller::Caller;
use proto::customer::v1::{
    Address, BatchGetCustomersRequest, CreateCustomerRequest, Customer, GetCustomerRequest,
    ListCustomersRequest,
};
use proto::r#type::v1::VerificationStatus;
use tokio::task::JoinSet;
use tonic::Code;
use types::CustomerId;

use crate::support::{Setup, acme, bad_fields, joe, reason, setup};

async fn count(setup: &mut Setup) -> i64 {
    let request = setup.caller.request(ListCustomersRequest::default());
    setup.client.list_customers(request).await.unwrap().into_inner().total_size
}

#[tokio::test]
async fn a_created_customer_is_read_back_as_it_was_sent() {
    let mut setup = setup().await;

    let created = setup.create(joe()).await.unwrap();
    let request = GetCustomerRequest { customer_id: created.customer_id.clone() };
    let read = setup.client.get_customer(setup.caller.request(request)).await.unwrap().into_inner();

    assert_eq!(read, created);
    assert_eq!(read.name, "Joe Bloggs");
    assert_eq!(read.email, "Support@acquired.com");
    assert_eq!(read.phone, "+44(0)203 982 6580");
    assert_eq!(read.address.as_ref().unwrap().iso_country, "GB");
    assert_eq!(read.verification_status(), VerificationStatus::Unverified);
    assert!(read.active);
    assert_eq!(read.details_version, 1);
}

#[tokio::test]
async fn a_company_needs_no_person() {
    let mut setup = setup().await;

    let created = setup.create(acme()).await.unwrap();

    assert_eq!(created.name, "Acme & Sons");
    assert_eq!(created.first_name, "");
}

#[tokio::test]
async fn every_bad_field_is_named_at_once_and_nothing_is_stored() {
    let mut setup = setup().await;
    let bad = Customer {
        first_name: "J<script>".into(),
        middle_name: "x".repeat(51),
        last_name: String::new(),
        company_name: "Acme".into(),
        address: Some(Address {
            number: "123456789012".into(),
            street: "Baker\u{7}Street".into(),
            iso_country: "XX".into(),
            ..Default::default()
        }),
        date_of_birth: "2023-02-29".into(),
        email: "no address".into(),
        phone: "12".into(),
        ..joe()
    };

    let refused = setup.create(bad).await.unwrap_err();

    assert_eq!(refused.code(), Code::InvalidArgument);
    assert_eq!(reason(&refused), "INVALID_FIELDS");
    assert_eq!(
        bad_fields(&refused),
        [
            "customer.address.iso_country",
            "customer.address.number",
            "customer.address.street",
            "customer.company_name",
            "customer.date_of_birth",
            "customer.email",
            "customer.first_name",
            "customer.last_name",
            "customer.middle_name",
            "customer.phone",
        ]
    );
    assert_eq!(count(&mut setup).await, 0);
}

#[tokio::test]
async fn nothing_at_all_is_told_what_it_lacks() {
    let mut setup = setup().await;

    let refused = setup.create(Customer::default()).await.unwrap_err();

    assert_eq!(
        bad_fields(&refused),
        [
            "customer.address",
            "customer.address.iso_country",
            "customer.customer_type",
            "customer.date_of_birth",
            "customer.first_name",
            "customer.last_name",
        ]
    );
}

#[tokio::test]
async fn validation_alone_stores_nothing() {
    let mut setup = setup().await;
    let request = CreateCustomerRequest {
        customer: Some(joe()),
        validate_only: true,
        request_id: "key".into(),
    };

    setup.client.create_customer(setup.caller.request(request)).await.unwrap();

    assert_eq!(count(&mut setup).await, 0);
}

#[tokio::test]
async fn a_retry_is_answered_with_the_first_answer() {
    let mut setup = setup().await;
    let request = CreateCustomerRequest {
        customer: Some(joe()),
        request_id: "key".into(),
        validate_only: false,
    };

    let first = setup.client.create_customer(setup.caller.request(request.clone())).await.unwrap();
    let again = setup.client.create_customer(setup.caller.request(request)).await.unwrap();

    assert_eq!(first.metadata().get("x-lombard-replayed"), None);
    assert_eq!(again.metadata().get("x-lombard-replayed").unwrap(), "true");
    assert_eq!(first.into_inner(), again.into_inner());
    assert_eq!(count(&mut setup).await, 1);
}

#[tokio::test]
async fn a_request_id_stands_for_one_request_only() {
    let mut setup = setup().await;
    let request = |customer| CreateCustomerRequest {
        customer: Some(customer),
        request_id: "key".into(),
        validate_only: false,
    };
    setup.client.create_customer(setup.caller.request(request(joe()))).await.unwrap();

    let refused =
        setup.client.create_customer(setup.caller.request(request(acme()))).await.unwrap_err();
    let other_tenant =
        setup.client.create_customer(testkit::caller().request(request(acme()))).await;

    assert_eq!(refused.code(), Code::AlreadyExists);
    assert_eq!(reason(&refused), "REQUEST_ID_REUSED");
    assert!(other_tenant.is_ok());
}

#[tokio::test]
async fn a_hundred_requests_with_one_request_id_create_one_customer() {
    let mut setup = setup().await;
    let mut all = JoinSet::new();
    for _ in 0..100 {
        let (mut client, caller) = (setup.client.clone(), setup.caller.clone());
        let request = CreateCustomerRequest {
            customer: Some(joe()),
            request_id: "one".into(),
            validate_only: false,
        };
        all.spawn(async move {
            client.create_customer(caller.request(request)).await.unwrap().into_inner()
        });
    }

    let answers = all.join_all().await;

    assert!(answers.windows(2).all(|pair| pair[0] == pair[1]));
    assert_eq!(count(&mut setup).await, 1);
}

#[tokio::test]
async fn what_was_asked_cannot_be_guessed_from_what_is_kept() {
    let mut setup = setup().await;
    let caller = setup.caller.clone().with_request_hash("00ff".to_owned());
    let request = CreateCustomerRequest {
        customer: Some(joe()),
        request_id: "one".into(),
        ..Default::default()
    };

    let first = setup.client.create_customer(caller.request(request.clone())).await.unwrap();
    let again = setup.client.create_customer(caller.request(request)).await.unwrap();

    assert_eq!(first.into_inner(), again.into_inner());
    let kept: Vec<u8> = sqlx::query_scalar("select request_hash from requests")
        .fetch_one(&setup.pool)
        .await
        .unwrap();
    assert_eq!(kept.len(), 36, "{kept:?}");
}

#[tokio::test]
async fn a_request_id_of_a_request_still_running_is_told_after_a_wait() {
    let mut setup = setup().await;
    let mut running = setup.pool.begin().await.unwrap();
    sqlx::query(
        "
        insert into requests (tenant_id, operation, request_id, request_hash)
        values ($1, 'CreateCustomer', 'running', '')
        ",
    )
    .bind(setup.caller.tenant().uuid())
    .execute(&mut *running)
    .await
    .unwrap();
    let request = CreateCustomerRequest {
        customer: Some(joe()),
        request_id: "running".into(),
        validate_only: false,
    };

    let refused =
        setup.client.create_customer(setup.caller.request(request.clone())).await.unwrap_err();
    running.rollback().await.unwrap();
    let accepted = setup.client.create_customer(setup.caller.request(request)).await;

    assert_eq!(refused.code(), Code::Aborted);
    assert_eq!(reason(&refused), "REQUEST_IN_PROGRESS");
    assert!(accepted.is_ok());
}

#[tokio::test]
async fn another_tenants_customer_does_not_exist() {
    let mut setup = setup().await;
    let customer_id = setup.create(joe()).await.unwrap().customer_id;
    let stranger = testkit::caller();

    let get = GetCustomerRequest { customer_id: customer_id.clone() };
    let get = setup.client.get_customer(stranger.request(get)).await.unwrap_err();
    let batch = BatchGetCustomersRequest { customer_ids: vec![customer_id] };
    let batch = setup.client.batch_get_customers(stranger.request(batch)).await.unwrap();

    assert_eq!(get.code(), Code::NotFound);
    assert_eq!(reason(&get), "CUSTOMER_NOT_FOUND");
    assert!(batch.into_inner().customers.is_empty());
}

#[tokio::test]
async fn a_batch_answers_in_the_order_asked_for_and_leaves_out_the_unknown() {
    let mut setup = setup().await;
    let first = setup.create(joe()).await.unwrap();
    let second = setup.create(acme()).await.unwrap();
    let customer_ids =
        vec![second.customer_id.clone(), CustomerId::new().to_string(), first.customer_id.clone()];

    let request = setup.caller.request(BatchGetCustomersRequest { customer_ids });
    let found = setup.client.batch_get_customers(request).await.unwrap().into_inner().customers;

    assert_eq!(found, [second, first]);
}

#[tokio::test]
async fn a_call_without_a_tenant_is_refused() {
    let mut setup = setup().await;
    let request = tonic::Request::new(GetCustomerRequest::default());

    let refused = setup.client.get_customer(request).await.unwrap_err();

    assert_eq!(refused.code(), Code::Unauthenticated);
    assert_eq!(reason(&refused), "CALLER_REQUIRED");
}

#[tokio::test]
async fn a_malformed_id_is_a_bad_field() {
    let mut setup = setup().await;
    let caller: &Caller = &setup.caller;
    let request = caller.request(GetCustomerRequest { customer_id: "921rte4".into() });

    let refused = setup.client.get_customer(request).await.unwrap_err();

    assert_eq!(bad_fields(&refused), ["customer_id"]);
}

//! Documents of customers whose personal data is erased.

use std::time::Duration;

use proto::{
    customer::v1::{
        ErasePersonalDataRequest, UpdateCustomerRequest,
        retention_service_client::RetentionServiceClient,
    },
    kyc::v1::DocumentSide,
};
use tonic::Code;

use crate::{
    at_rest::AtRest,
    support::{Setup, passport, reason, settings},
};

/// Erases a customer whose relationship ended six years ago.
async fn erase(setup: &mut Setup, customer: &str) {
    let mut disabled = setup.get_customer(customer).await;
    disabled.active = false;
    let request = UpdateCustomerRequest {
        customer: Some(disabled),
        update_mask: Some(prost_types::FieldMask { paths: vec!["active".to_owned()] }),
        ..Default::default()
    };
    setup.customers.update_customer(setup.caller.request(request)).await.unwrap();
    sqlx::query(
        "update customers set relationship_ended_at = now() - interval '6 years'
         where customer_id = $1::uuid",
    )
    .bind(customer)
    .execute(&setup.customer_pool)
    .await
    .unwrap();
    let mut retention = RetentionServiceClient::new(setup.customer_channel.clone());
    let request = ErasePersonalDataRequest { customer_id: customer.to_owned() };
    retention.erase_personal_data(setup.caller.request(request)).await.unwrap();
}

#[tokio::test]
async fn the_documents_of_an_erased_customer_are_destroyed_and_no_others() {
    let mut at_rest = AtRest::start().await;
    let erased = at_rest.setup.verification_of("Bloggs").await;
    let other = at_rest.setup.verification_of("Bloggs").await;
    erase(&mut at_rest.setup, &erased.customer_id).await;

    at_rest.setup.start_worker(at_rest.settings.clone(), at_rest.setup.customer_channel.clone());
    at_rest.files_when(1).await;

    let gone = at_rest.setup.read(&erased.verification_id, DocumentSide::Front).await.unwrap_err();
    assert_eq!(
        (gone.code(), reason(&gone).as_str()),
        (Code::FailedPrecondition, "DOCUMENT_ERASED")
    );
    at_rest.setup.read(&other.verification_id, DocumentSide::Front).await.unwrap();
    let keys: i64 = sqlx::query_scalar("select count(wrapped_key) from documents")
        .fetch_one(&at_rest.setup.pool)
        .await
        .unwrap();
    assert_eq!(keys, 1);
    // That there was an attempt, and how it ended, stays on record.
    assert_eq!(
        at_rest.setup.get(&erased.verification_id).await.unwrap().customer_id,
        erased.customer_id
    );
    let acknowledged = async {
        let left = "select count(*) from customer_erasures";
        while sqlx::query_scalar::<_, i64>(left)
            .fetch_one(&at_rest.setup.customer_pool)
            .await
            .unwrap()
            > 0
        {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), acknowledged).await.unwrap();
}

#[tokio::test]
async fn an_erased_customer_is_not_verified_any_more() {
    let mut setup = crate::support::setup_with(settings()).await;
    let customer = setup.person("Bloggs").await.customer_id;
    erase(&mut setup, &customer).await;

    let refused = setup.create(passport(&customer)).await.unwrap_err();

    assert_eq!(reason(&refused), "CUSTOMER_DISABLED");
}

use std::{sync::Arc, time::Duration};

use kyc::providers::Sandbox;
use proto::{
    customer::v1::{Customer, CustomerType, UpdateCustomerRequest},
    r#type::v1::VerificationStatus as Status,
};

use crate::support::{Setup, passport, person, settings, setup, setup_with, with_provider};

/// What a verification of this customer comes to, and what the customer then shows.
async fn outcome(setup: &mut Setup, customer: Customer) -> (Status, Vec<String>) {
    let customer = setup.customer(customer).await.customer_id;
    let created = setup.create(passport(&customer)).await.unwrap();

    let decided = setup.decided(&created.verification_id).await;

    assert_eq!(setup.settled_status(&customer).await, decided.verification_status());
    assert!(decided.update_time.unwrap().seconds >= created.create_time.unwrap().seconds);
    (decided.verification_status(), decided.reasons)
}

fn because(reason: &str) -> Vec<String> {
    vec![reason.to_owned()]
}

#[tokio::test]
async fn anybody_is_verified() {
    let mut setup = setup().await;

    let outcome = outcome(&mut setup, person("Bloggs")).await;

    assert_eq!(outcome, (Status::Verified, Vec::new()));
}

#[tokio::test]
async fn each_name_has_its_outcome_in_either_case() {
    let mut setup = setup().await;

    for (name, status, reason) in [
        ("Refer", Status::InReview, "REFERRED"),
        ("reject", Status::Rejected, "IDENTITY_NOT_ESTABLISHED"),
        ("RESUBMIT", Status::ResubmissionRequired, "DOCUMENT_UNREADABLE"),
        ("Expire", Status::Expired, "OUT_OF_TIME"),
        ("Sanction", Status::InReview, "SANCTIONS_MATCH"),
    ] {
        let outcome = outcome(&mut setup, person(name)).await;

        assert_eq!(outcome, (status, because(reason)), "{name}");
    }
}

#[tokio::test]
async fn a_company_is_decided_by_its_own_name() {
    let mut setup = setup().await;
    let company = Customer {
        customer_type: CustomerType::Company.into(),
        company_name: "Reject".into(),
        first_name: "Joe".into(),
        last_name: "Refer".into(),
        date_of_birth: String::new(),
        ..person("")
    };

    let outcome = outcome(&mut setup, company).await;

    assert_eq!(outcome.0, Status::Rejected);
}

#[tokio::test]
async fn who_was_born_with_the_century_is_in_review() {
    let mut setup = setup().await;
    let old = Customer { date_of_birth: "1900-01-01".into(), ..person("Bloggs") };

    let outcome = outcome(&mut setup, old).await;

    assert_eq!(outcome, (Status::InReview, because("SANCTIONS_MATCH")));
}

#[tokio::test]
async fn a_slow_decision_is_pending_for_its_time_and_then_verified() {
    let slow = Duration::from_millis(700);
    let mut setup = setup_with(with_provider(Arc::new(Sandbox::new(slow)))).await;
    let created = setup.verification_of("Slow").await;

    tokio::time::sleep(Duration::from_millis(300)).await;
    let meanwhile = setup.get(&created.verification_id).await.unwrap();
    let decided = setup.decided(&created.verification_id).await;

    assert_eq!(meanwhile.verification_status(), Status::Pending);
    assert_eq!(decided.verification_status(), Status::Verified);
    assert_eq!(setup.settled_status(&created.customer_id).await, Status::Verified);
}

#[tokio::test]
async fn an_outage_ends_after_two_failures() {
    let mut setup = setup_with(settings()).await;
    let created = setup.verification_of("Outage").await;

    let decided = setup.decided(&created.verification_id).await;

    assert_eq!(decided.verification_status(), Status::Verified);
    let failures = sqlx::query_scalar::<_, i32>("select attempts from verifications");
    assert_eq!(failures.fetch_one(&setup.pool).await.unwrap(), 2);
}

#[tokio::test]
async fn a_result_for_earlier_details_does_not_verify_the_new_ones() {
    let mut setup = setup().await;
    let created = setup.verification_of("Slow").await;
    let renamed = Customer { customer_id: created.customer_id.clone(), ..person("Bloggs") };
    let update = UpdateCustomerRequest {
        customer: Some(renamed),
        update_mask: Some(prost_types::FieldMask { paths: vec!["last_name".into()] }),
        ..Default::default()
    };
    setup.customers.update_customer(setup.caller.request(update)).await.unwrap();

    let decided = setup.decided(&created.verification_id).await;

    assert_eq!(decided.verification_status(), Status::Verified);
    assert_eq!(setup.settled_status(&created.customer_id).await, Status::Unverified);

    let again = setup.create(passport(&created.customer_id)).await.unwrap();
    setup.decided(&again.verification_id).await;
    assert_eq!(again.details_version, created.details_version + 1);
    assert_eq!(setup.settled_status(&created.customer_id).await, Status::Verified);
}

//! Work that a process left when it died, and a customer service that is away for a while.

use std::time::Duration;

use proto::{
    kyc::v1::BatchGetLatestVerificationsRequest, r#type::v1::VerificationStatus as Status,
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;

use crate::support::{Setup, idle, passport, settings};

async fn execute(setup: &Setup, statement: &'static str) {
    sqlx::query(statement).execute(&setup.pool).await.unwrap();
}

/// A customer service that is not there yet, and where it will be.
fn absent() -> (Channel, String) {
    // Every address of this network is this machine's; nobody else takes this one.
    let [.., a, b, c] = *uuid::Uuid::now_v7().as_bytes();
    let address = format!("127.{a}.{b}.{}:7002", c.clamp(1, 254));
    (kit::client::channel(format!("http://{address}")).unwrap(), address)
}

#[tokio::test]
async fn an_attempt_that_nobody_began_is_driven() {
    let mut setup = idle().await;
    let created = setup.verification_of("Bloggs").await;
    execute(&setup, "update verifications set reported_version = 0").await;

    setup.start_worker(settings(), setup.customer_channel.clone());

    assert_eq!(setup.settled_status(&created.customer_id).await, Status::Verified);
}

#[tokio::test]
async fn an_attempt_of_a_dead_process_is_driven_when_its_lease_ends() {
    let mut setup = idle().await;
    let created = setup.verification_of("Bloggs").await;
    execute(&setup, "update verifications set next_attempt_time = now() + interval '600 ms'").await;

    setup.start_worker(settings(), setup.customer_channel.clone());
    tokio::time::sleep(Duration::from_millis(200)).await;
    let meanwhile = setup.get(&created.verification_id).await.unwrap();
    let decided = setup.decided(&created.verification_id).await;

    assert_eq!(meanwhile.verification_status(), Status::Pending);
    assert_eq!(decided.verification_status(), Status::Verified);
}

#[tokio::test]
async fn a_decision_that_nobody_reported_is_reported() {
    let mut setup = idle().await;
    let created = setup.verification_of("Bloggs").await;
    execute(&setup, "update verifications set status = 'rejected', version = 2").await;

    setup.start_worker(settings(), setup.customer_channel.clone());

    assert_eq!(setup.settled_status(&created.customer_id).await, Status::Rejected);
}

#[tokio::test]
async fn a_report_arrives_when_the_customer_service_is_back() {
    let mut setup = idle().await;
    let created = setup.verification_of("Reject").await;
    let (channel, address) = absent();
    setup.start_worker(settings(), channel);
    tokio::time::sleep(Duration::from_millis(300)).await;
    let meanwhile = setup.get_customer(&created.customer_id).await.verification_status();

    let listener = TcpListener::bind(address).await.unwrap();
    let service = customer::service(setup.customer_pool.clone(), testkit::keys());
    let (drain, stop) = (Duration::ZERO, CancellationToken::new());
    #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
    tokio::spawn(kit::server::serve(listener, service, drain, stop));

    assert_eq!(meanwhile, Status::Pending);
    assert_eq!(setup.settled_status(&created.customer_id).await, Status::Rejected);
}

#[tokio::test]
async fn a_creation_does_not_need_its_report_to_be_heard() {
    let mut setup = idle().await;
    let customer = setup.person("Bloggs").await.customer_id;
    let deafen =
        "alter table customers add constraint deaf check (verification_status = 'unverified')";
    sqlx::query(deafen).execute(&setup.customer_pool).await.unwrap();

    let created = setup.create(passport(&customer)).await.unwrap();
    let meanwhile = setup.get_customer(&customer).await.verification_status();
    setup.start_worker(settings(), setup.customer_channel.clone());
    tokio::time::sleep(Duration::from_millis(200)).await;
    let cure = "alter table customers drop constraint deaf";
    sqlx::query(cure).execute(&setup.customer_pool).await.unwrap();

    assert_eq!(created.verification_status(), Status::Pending);
    assert_eq!(meanwhile, Status::Unverified);
    assert_eq!(setup.settled_status(&customer).await, Status::Verified);
}

#[tokio::test]
async fn a_later_attempt_has_a_greater_id_than_one_of_a_clock_that_is_ahead() {
    let mut setup = idle().await;
    let customer = setup.verification_of("Bloggs").await.customer_id;
    let ahead = "0fffffff-ffff-7000-8000-000000000000";
    execute(&setup, "delete from documents").await;
    execute(
        &setup,
        "update verifications set verification_id = '0fffffff-ffff-7000-8000-000000000000'",
    )
    .await;
    setup.start_worker(settings(), setup.customer_channel.clone());
    assert_eq!(setup.decided(ahead).await.verification_status(), Status::Verified);
    setup.settled().await;
    // Without a new version of the details, so that the two attempts are compared.
    sqlx::query("update customers set last_name = 'Reject'")
        .execute(&setup.customer_pool)
        .await
        .unwrap();

    let created = setup.create(passport(&customer)).await.unwrap();
    let request = BatchGetLatestVerificationsRequest { customer_ids: vec![customer.clone()] };
    let latest = setup.kyc.batch_get_latest_verifications(setup.caller.request(request)).await;
    let decided = setup.decided(&created.verification_id).await;

    assert!(created.verification_id.as_str() > ahead);
    assert_eq!(latest.unwrap().get_ref().verifications[0].verification_id, created.verification_id);
    assert_eq!(decided.verification_status(), Status::Rejected);
    assert_eq!(setup.settled_status(&customer).await, Status::Rejected);
}

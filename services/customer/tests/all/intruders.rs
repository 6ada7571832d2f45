//! Peers with good certificates who call what is not theirs to call, for whomever they name.

use std::time::Duration;

use devcerts::write_all;
use kit::{
    caller::Caller,
    peers::{ACCESS, CUSTOMER, GATEWAY, KYC, LEDGER, OPERATOR},
    tls::{Links, TlsConfig},
};
use prost_types::FieldMask;
use proto::customer::v1::{
    BatchGetCustomerStandingsRequest, CreateCustomerRequest, Customer, GetCustomerRequest,
    ListCustomersRequest, RecordVerificationRequest, UpdateCustomerRequest,
    customer_service_client::CustomerServiceClient,
};
use tempfile::TempDir;
use tonic::{Code, Status, transport::Channel};
use tonic_health::pb::{HealthCheckRequest, health_client::HealthClient};

use crate::support::{joe, reason};

/// A customer service that knows its peers, with one customer.
struct Scene {
    certificates: TempDir,
    url: String,
    caller: Caller,
    customer_id: String,
}

impl Scene {
    async fn new() -> Self {
        Self::with(&[]).await
    }

    async fn with(internal_callers: &[&str]) -> Self {
        let certificates = TempDir::new().unwrap();
        write_all(certificates.path(), "lombard", Duration::from_hours(1)).unwrap();
        let internal_callers = internal_callers.iter().map(|&name| name.to_owned()).collect();
        let tls = TlsConfig::in_directory(certificates.path(), CUSTOMER);
        let links = TlsConfig { internal_callers, ..tls }.links(CUSTOMER).unwrap();
        let listener = links.listen("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let url = format!("https://{}", listener.local_addr().unwrap());
        let pool = testkit::database("customer", &customer::MIGRATIONS).await;
        testkit::serve_on(listener, customer::service(pool, testkit::keys()));
        let caller = testkit::caller();
        let mut scene = Self { certificates, url, caller, customer_id: String::new() };
        let request = CreateCustomerRequest { customer: Some(joe()), ..Default::default() };
        let created = scene.client(GATEWAY).create_customer(scene.caller.request(request)).await;
        scene.customer_id = created.unwrap().into_inner().customer_id;
        scene
    }

    fn links(&self, name: &str) -> Links {
        TlsConfig::in_directory(self.certificates.path(), name).links(name).unwrap()
    }

    fn channel(&self, name: &str) -> Channel {
        self.links(name).channel(CUSTOMER, &self.url).unwrap()
    }

    fn client(&self, name: &str) -> CustomerServiceClient<Channel> {
        CustomerServiceClient::new(self.channel(name))
    }

    /// Asks as a peer to disable the customer, for a caller.
    async fn disable(&self, peer: &str) -> Result<(), Status> {
        let request = UpdateCustomerRequest {
            customer: Some(Customer { customer_id: self.customer_id.clone(), ..joe() }),
            update_mask: Some(FieldMask { paths: vec!["active".into()] }),
            ..Default::default()
        };
        self.client(peer).update_customer(self.caller.request(request)).await.map(drop)
    }

    async fn record_verification(&self, peer: &str) -> Result<(), Status> {
        let request = RecordVerificationRequest {
            customer_id: self.customer_id.clone(),
            details_version: 1,
            verification_id: uuid::Uuid::now_v7().to_string(),
            verification_version: 1,
            verification_status: 2,
        };
        self.client(peer).record_verification(self.caller.request(request)).await.map(drop)
    }

    async fn get(&self, peer: &str) -> Result<Customer, Status> {
        let request = GetCustomerRequest { customer_id: self.customer_id.clone() };
        let answer = self.client(peer).get_customer(self.caller.request(request)).await;
        answer.map(tonic::Response::into_inner)
    }
}

fn denied<T: std::fmt::Debug>(answer: Result<T, Status>) {
    let status = answer.unwrap_err();
    assert_eq!(status.code(), Code::PermissionDenied, "{status:?}");
    assert_eq!(reason(&status), "PEER_NOT_ALLOWED");
}

#[tokio::test]
async fn a_peer_that_names_a_tenant_does_nothing_that_is_not_its_own() {
    let scene = Scene::new().await;

    for peer in [KYC, LEDGER, ACCESS, CUSTOMER, OPERATOR] {
        denied(scene.disable(peer).await);
        let request = scene.caller.request(ListCustomersRequest::default());
        denied(scene.client(peer).list_customers(request).await);
    }
    for peer in [GATEWAY, LEDGER, OPERATOR] {
        denied(scene.record_verification(peer).await);
    }
    for peer in [ACCESS, OPERATOR] {
        denied(scene.get(peer).await);
    }
    let request = scene.caller.request(BatchGetCustomerStandingsRequest::default());
    denied(scene.client(KYC).batch_get_customer_standings(request).await);

    let unchanged = scene.get(GATEWAY).await.unwrap();
    assert!(unchanged.active);
    assert_eq!(unchanged.details_version, 1);
}

#[tokio::test]
async fn a_peer_does_what_is_its_own() {
    let scene = Scene::new().await;

    scene.get(KYC).await.unwrap();
    scene.get(LEDGER).await.unwrap();
    scene.record_verification(KYC).await.unwrap();
    scene.disable(GATEWAY).await.unwrap();

    assert!(!scene.get(GATEWAY).await.unwrap().active);
}

#[tokio::test]
async fn who_is_named_an_internal_caller_may_do_what_the_gateway_may() {
    let scene = Scene::with(&[OPERATOR]).await;

    scene.disable(OPERATOR).await.unwrap();
    denied(scene.record_verification(OPERATOR).await);
}

#[tokio::test]
async fn everybody_with_a_certificate_learns_the_health() {
    let scene = Scene::new().await;

    let mut health = HealthClient::new(scene.channel(OPERATOR));

    health.check(HealthCheckRequest::default()).await.unwrap();
}

//! A running service and its peer, a caller, and what tests say again and again.

use std::{sync::Arc, time::Duration};

use kit::{
    caller::{Call, Caller},
    keys::Keyring,
};
use kyc::{
    Objects, Settings, UpkeepSettings,
    providers::{Provider, Providers, Sandbox},
};
use proto::{
    customer::v1::{
        Address, CreateCustomerRequest, Customer, CustomerType, GetCustomerRequest,
        customer_service_client::CustomerServiceClient,
    },
    kyc::v1::{
        self as pb, CreateVerificationRequest, DecideVerificationRequest, Decision, Document,
        DocumentSide, GetDocumentRequest, GetVerificationEvidenceRequest, GetVerificationRequest,
        IdType, ListProvidersRequest, SetProviderRequest, Verification, VerificationEvidence,
        document_service_client::DocumentServiceClient, kyc_service_client::KycServiceClient,
        provider_service_client::ProviderServiceClient, review_service_client::ReviewServiceClient,
        screening_service_client::ScreeningServiceClient,
    },
    r#type::v1::VerificationStatus,
};
use sqlx::PgPool;
use tokio::{net::TcpListener, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use tonic::{Status, transport::Channel};
use tonic_types::StatusExt;
use types::{TenantId, UserId};

use crate::documents;

const PATIENCE: Duration = Duration::from_secs(20);

/// A service with its peer, each on a database of its own, and one tenant.
pub(crate) struct Setup {
    pub(crate) kyc: KycServiceClient<Channel>,
    pub(crate) channel: Channel,
    pub(crate) documents: DocumentServiceClient<Channel>,
    pub(crate) customers: CustomerServiceClient<Channel>,
    pub(crate) customer_channel: Channel,
    pub(crate) customer_pool: PgPool,
    pub(crate) caller: Caller,
    pub(crate) pool: PgPool,
}

/// A service that answers and works.
pub(crate) async fn setup() -> Setup {
    setup_with(settings()).await
}

pub(crate) async fn setup_with(settings: Settings) -> Setup {
    let mut setup = idle_with(&settings).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (channel, pool) = (setup.customer_channel.clone(), setup.pool.clone());
    let (drain, stop) = (Duration::from_secs(1), CancellationToken::new());
    #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
    tokio::spawn(kyc::serve(listener, settings, pool, channel, drain, stop));
    setup.channel = kit::client::channel(url).unwrap();
    setup.kyc = KycServiceClient::new(setup.channel.clone());
    setup.documents = documents_client(setup.channel.clone());
    setup
}

/// A service that answers, and does no work.
pub(crate) async fn idle() -> Setup {
    idle_with(&settings()).await
}

pub(crate) async fn idle_with(settings: &Settings) -> Setup {
    let customer_pool = testkit::database("customer", &customer::MIGRATIONS).await;
    let pool = testkit::database("kyc", &kyc::MIGRATIONS).await;
    testkit::citus::pretend(&pool, settings.layout, "verifications").await;
    let customer_channel =
        testkit::serve(customer::service(customer_pool.clone(), testkit::keys())).await;
    let service = kyc::service(settings, pool.clone(), customer_channel.clone());
    let channel = testkit::serve(service).await;
    Setup {
        kyc: KycServiceClient::new(channel.clone()),
        documents: documents_client(channel.clone()),
        channel,
        customers: CustomerServiceClient::new(customer_channel.clone()),
        customer_channel,
        customer_pool,
        caller: testkit::caller(),
        pool,
    }
}

/// Those of production, without the waiting.
pub(crate) fn settings() -> Settings {
    let sandbox = Arc::new(Sandbox::new(Duration::from_millis(400)));
    Settings {
        poll_interval: Duration::from_millis(20),
        first_pause: Duration::from_millis(20),
        ..with_provider(sandbox)
    }
}

pub(crate) fn with_provider(provider: Arc<dyn Provider>) -> Settings {
    Settings {
        providers: Providers::new(provider),
        poll_interval: Duration::from_millis(20),
        first_pause: Duration::from_millis(20),
        shortest_poll: Duration::from_millis(20),
        upkeep: UpkeepSettings { interval: Duration::from_millis(20), ..UpkeepSettings::default() },
        layout: testkit::citus::layout(),
        ..Settings::new(Keyring::throw_away().unwrap(), Objects::in_memory()).in_the_sandbox()
    }
}

pub(crate) fn documents_client(channel: Channel) -> DocumentServiceClient<Channel> {
    DocumentServiceClient::new(channel).max_decoding_message_size(5 * 1024 * 1024)
}

impl Setup {
    /// Reads a document back, as somebody who may.
    pub(crate) async fn read(
        &mut self,
        verification: &str,
        side: DocumentSide,
    ) -> Result<Document, Status> {
        let reader = reader(self.caller.tenant());
        self.read_as(&reader, verification, side).await
    }

    pub(crate) async fn read_as(
        &mut self,
        caller: &Caller,
        verification: &str,
        side: DocumentSide,
    ) -> Result<Document, Status> {
        let side = side.into();
        let request = GetDocumentRequest { verification_id: verification.to_owned(), side };
        Ok(self.documents.get_document(caller.request(request)).await?.into_inner())
    }

    /// Another process that works on the same verifications, until the test ends.
    pub(crate) fn start_worker(&self, settings: Settings, customer: Channel) -> JoinHandle<()> {
        let (pool, stop) = (self.pool.clone(), CancellationToken::new());
        #[expect(clippy::disallowed_methods, reason = "ends with the test's runtime")]
        tokio::spawn(kyc::work(settings, pool, customer, Duration::ZERO, stop))
    }

    pub(crate) async fn customer(&mut self, customer: Customer) -> Customer {
        let request = CreateCustomerRequest { customer: Some(customer), ..Default::default() };
        let created = self.customers.create_customer(self.caller.request(request)).await;
        created.unwrap().into_inner()
    }

    pub(crate) async fn person(&mut self, last_name: &str) -> Customer {
        self.customer(person(last_name)).await
    }

    pub(crate) async fn get_customer(&mut self, id: &str) -> Customer {
        let request = GetCustomerRequest { customer_id: id.to_owned() };
        self.customers.get_customer(self.caller.request(request)).await.unwrap().into_inner()
    }

    pub(crate) async fn create(
        &mut self,
        request: CreateVerificationRequest,
    ) -> Result<Verification, Status> {
        let created = self.kyc.create_verification(self.caller.request(request)).await?;
        Ok(created.into_inner())
    }

    pub(crate) async fn get(&mut self, id: &str) -> Result<Verification, Status> {
        let request = GetVerificationRequest { verification_id: id.to_owned() };
        Ok(self.kyc.get_verification(self.caller.request(request)).await?.into_inner())
    }

    /// What was found about a verification, as a person reads it.
    pub(crate) async fn evidence(&self, id: &str) -> VerificationEvidence {
        let mut client = ScreeningServiceClient::new(self.channel.clone());
        let request = GetVerificationEvidenceRequest { verification_id: id.to_owned() };
        let found = client.get_verification_evidence(self.caller.request(request)).await;
        found.unwrap().into_inner()
    }

    /// Decides as the caller, on the evidence as it is now.
    pub(crate) async fn decide(&self, id: &str, decision: Decision) -> Verification {
        let request = DecideVerificationRequest {
            verification_id: id.to_owned(),
            decision: decision.into(),
            reason: "LOOKED_AT".to_owned(),
            evidence_version: self.evidence(id).await.evidence_version,
            ..DecideVerificationRequest::default()
        };
        let mut reviews = ReviewServiceClient::new(self.channel.clone());
        let decided = reviews.decide_verification(self.caller.request(request)).await;
        self.settled().await;
        decided.unwrap().into_inner().verification.unwrap()
    }

    pub(crate) fn providers(&self) -> ProviderServiceClient<Channel> {
        ProviderServiceClient::new(self.channel.clone())
    }

    pub(crate) async fn set_provider(
        &mut self,
        request: SetProviderRequest,
    ) -> Result<pb::Provider, Status> {
        Ok(self.providers().set_provider(self.caller.request(request)).await?.into_inner())
    }

    pub(crate) async fn list_providers(&self) -> Vec<pb::Provider> {
        let request = self.caller.request(ListProvidersRequest {});
        self.providers().list_providers(request).await.unwrap().into_inner().providers
    }

    /// As if the time had come to ask the provider again, once it has the attempt.
    pub(crate) async fn hasten(&self, id: &str) {
        let hasten = "
            update verifications set next_attempt_time = now()
            where verification_id = $1::uuid and overruns = 0 and provider_reference is not null";
        let hastened = async {
            while sqlx::query(hasten).bind(id).execute(&self.pool).await.unwrap().rows_affected()
                == 0
            {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(PATIENCE, hastened).await.unwrap();
    }

    /// A verification of a new person with this name.
    pub(crate) async fn verification_of(&mut self, last_name: &str) -> Verification {
        let customer = self.person(last_name).await;
        self.create(passport(&customer.customer_id)).await.unwrap()
    }

    /// The verification, once it is decided.
    pub(crate) async fn decided(&mut self, id: &str) -> Verification {
        let decided = async {
            loop {
                let verification = self.get(id).await.unwrap();
                if verification.verification_status() != VerificationStatus::Pending {
                    return verification;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(PATIENCE, decided).await.unwrap()
    }

    /// Waits until the service has nothing left to do.
    pub(crate) async fn settled(&self) {
        let settled = async {
            let left = "select count(*) from verifications where next_attempt_time is not null";
            while sqlx::query_scalar::<_, i64>(left).fetch_one(&self.pool).await.unwrap() > 0 {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(PATIENCE, settled).await.unwrap();
    }

    /// Where the customer stands, once nothing is left to do.
    pub(crate) async fn settled_status(&mut self, customer: &str) -> VerificationStatus {
        self.settled().await;
        self.get_customer(customer).await.verification_status()
    }
}

/// Somebody of the tenant who may read documents.
pub(crate) fn reader(tenant: TenantId) -> Caller {
    let call = Call::begin(None, PATIENCE);
    Caller::new(call, tenant, Some(UserId::new()), vec!["documents:read".to_owned()])
}

pub(crate) fn person(last_name: &str) -> Customer {
    Customer {
        customer_type: CustomerType::Individual.into(),
        first_name: "Joe".into(),
        last_name: last_name.into(),
        address: Some(Address { iso_country: "GB".into(), ..Default::default() }),
        date_of_birth: "1988-10-03".into(),
        ..Default::default()
    }
}

pub(crate) fn company(name: &str) -> Customer {
    Customer {
        customer_type: CustomerType::Company.into(),
        company_name: name.into(),
        address: Some(Address { iso_country: "GB".into(), ..Default::default() }),
        ..Default::default()
    }
}

pub(crate) fn passport(customer: &str) -> CreateVerificationRequest {
    CreateVerificationRequest {
        customer_id: customer.to_owned(),
        provider: "gb_group".into(),
        id_type: IdType::Passport.into(),
        front: Some(documents::png()),
        ..Default::default()
    }
}

/// The fields that a status complains about and how, in the order of the fields.
pub(crate) fn violations(status: &Status) -> Vec<(String, String)> {
    let details = status.get_error_details();
    let violations = details.bad_request().map(|bad| bad.field_violations.clone());
    let violations = violations.unwrap_or_default().into_iter();
    let mut fields: Vec<_> = violations.map(|one| (one.field, one.description)).collect();
    fields.sort();
    fields
}

/// The fields alone.
pub(crate) fn bad_fields(status: &Status) -> Vec<String> {
    violations(status).into_iter().map(|(field, _)| field).collect()
}

/// The reason that programs go by.
pub(crate) fn reason(status: &Status) -> String {
    status.get_error_details().error_info().map(|info| info.reason.clone()).unwrap_or_default()
}

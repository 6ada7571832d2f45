//! The services behind the gateway.

use proto::{
    access::v1::{
        access_service_client::AccessServiceClient,
        allowance_service_client::AllowanceServiceClient,
        api_key_service_client::ApiKeyServiceClient,
    },
    audit::v1::audit_service_client::AuditServiceClient,
    customer::v1::{
        customer_service_client::CustomerServiceClient,
        retention_service_client::RetentionServiceClient,
    },
    kyc::v1::{
        kyc_service_client::KycServiceClient, provider_service_client::ProviderServiceClient,
        review_service_client::ReviewServiceClient,
        sandbox_service_client::SandboxServiceClient as KycSandboxClient,
        screening_service_client::ScreeningServiceClient,
    },
    ledger::v1::{
        ledger_service_client::LedgerServiceClient, payment_service_client::PaymentServiceClient,
        sandbox_service_client::SandboxServiceClient,
    },
};
use tonic::transport::Channel;

use crate::{Settings, allowances::Allowances, auth::Tokens};

/// The longest answer that is taken: a page of 1,000 customers with the longest texts there are.
const MESSAGE: usize = 32 * 1024 * 1024;

/// One service's part of the audit log.
pub(crate) type Auditor = AuditServiceClient<Channel>;

/// What handlers call. Clients are cheap to clone, and calls need one of their own.
#[derive(Clone, Debug)]
pub(crate) struct Peers {
    pub(crate) access: AccessServiceClient<Channel>,
    pub(crate) keys: ApiKeyServiceClient<Channel>,
    /// Those of access, customer, kyc and ledger.
    pub(crate) audits: [Auditor; 4],
    pub(crate) customer: CustomerServiceClient<Channel>,
    pub(crate) retention: RetentionServiceClient<Channel>,
    pub(crate) kyc: KycServiceClient<Channel>,
    pub(crate) kyc_sandbox: KycSandboxClient<Channel>,
    pub(crate) providers: ProviderServiceClient<Channel>,
    pub(crate) reviews: ReviewServiceClient<Channel>,
    pub(crate) ledger: LedgerServiceClient<Channel>,
    pub(crate) payments: PaymentServiceClient<Channel>,
    pub(crate) screening: ScreeningServiceClient<Channel>,
    pub(crate) sandbox: SandboxServiceClient<Channel>,
    pub(crate) tokens: Tokens,
    pub(crate) allowances: Allowances,
}

impl Peers {
    pub(crate) fn new(settings: &Settings) -> Self {
        let access = AccessServiceClient::new(settings.access.clone());
        let customer = CustomerServiceClient::new(settings.customer.clone());
        let kyc = KycServiceClient::new(settings.kyc.clone());
        let ledger = LedgerServiceClient::new(settings.ledger.clone());
        let payments = PaymentServiceClient::new(settings.ledger.clone());
        Self {
            tokens: Tokens::new(access.clone()),
            keys: ApiKeyServiceClient::new(settings.access.clone()),
            allowances: Allowances::new(AllowanceServiceClient::new(settings.access.clone())),
            access,
            audits: [&settings.access, &settings.customer, &settings.kyc, &settings.ledger]
                .map(|service| Auditor::new(service.clone())),
            customer: customer.max_decoding_message_size(MESSAGE),
            kyc_sandbox: KycSandboxClient::new(settings.kyc.clone()),
            providers: ProviderServiceClient::new(settings.kyc.clone()),
            reviews: ReviewServiceClient::new(settings.kyc.clone()),
            retention: RetentionServiceClient::new(settings.customer.clone()),
            kyc: kyc.max_decoding_message_size(MESSAGE),
            ledger: ledger.max_decoding_message_size(MESSAGE),
            payments: payments.max_decoding_message_size(MESSAGE),
            screening: ScreeningServiceClient::new(settings.kyc.clone()),
            sandbox: SandboxServiceClient::new(settings.ledger.clone()),
        }
    }
}

//! The services behind the gateway.

use proto::{
    access::v1::access_service_client::AccessServiceClient,
    customer::v1::customer_service_client::CustomerServiceClient,
    kyc::v1::{
        kyc_service_client::KycServiceClient, screening_service_client::ScreeningServiceClient,
    },
    ledger::v1::{
        ledger_service_client::LedgerServiceClient, payment_service_client::PaymentServiceClient,
        sandbox_service_client::SandboxServiceClient,
    },
};
use tonic::transport::Channel;

use crate::{Settings, auth::Tokens};

/// The longest answer that is taken: a page of 1,000 customers with the longest texts there are.
const MESSAGE: usize = 32 * 1024 * 1024;

/// What handlers call. Clients are cheap to clone, and calls need one of their own.
#[derive(Clone, Debug)]
pub(crate) struct Peers {
    pub(crate) access: AccessServiceClient<Channel>,
    pub(crate) customer: CustomerServiceClient<Channel>,
    pub(crate) kyc: KycServiceClient<Channel>,
    pub(crate) ledger: LedgerServiceClient<Channel>,
    pub(crate) payments: PaymentServiceClient<Channel>,
    pub(crate) screening: ScreeningServiceClient<Channel>,
    pub(crate) sandbox: SandboxServiceClient<Channel>,
    pub(crate) tokens: Tokens,
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
            access,
            customer: customer.max_decoding_message_size(MESSAGE),
            kyc: kyc.max_decoding_message_size(MESSAGE),
            ledger: ledger.max_decoding_message_size(MESSAGE),
            payments: payments.max_decoding_message_size(MESSAGE),
            screening: ScreeningServiceClient::new(settings.kyc.clone()),
            sandbox: SandboxServiceClient::new(settings.ledger.clone()),
        }
    }
}

//! The customer service, as far as verifications need it: who a customer is, and the reports of how
//! far a verification has come.

use std::time::Duration;

use kit::{
    caller::{Call, Caller},
    client, errors,
};
use proto::customer::v1::{
    AcknowledgeErasuresRequest, Erasure, GetCustomerRequest, ListErasuresRequest,
    RecordVerificationRequest, customer_service_client::CustomerServiceClient,
    retention_service_client::RetentionServiceClient,
};
use tonic::{Code, Status, transport::Channel};
use types::{CustomerId, TenantId};
use uuid::Uuid;

use crate::{
    domain::Verification,
    error::Error,
    providers::{Address, Subject},
    record::Record,
    wire,
};

/// How long a call may take that nobody waits for.
const TIMEOUT: Duration = Duration::from_secs(5);

/// What counts of a customer here.
#[derive(Debug)]
pub(crate) struct Customer {
    pub(crate) active: bool,
    pub(crate) details_version: i64,
    pub(crate) subject: Subject,
    pub(crate) record: Record,
}

/// The customers of all tenants.
#[derive(Debug, Clone)]
pub(crate) struct Customers {
    client: CustomerServiceClient<Channel>,
    retention: RetentionServiceClient<Channel>,
}

impl Customers {
    pub(crate) fn new(channel: Channel) -> Self {
        let retention = RetentionServiceClient::new(channel.clone());
        Self { client: CustomerServiceClient::new(channel), retention }
    }

    /// The service's rpcs themselves, for those whose business is theirs alone.
    pub(crate) fn client(&self) -> CustomerServiceClient<Channel> {
        self.client.clone()
    }

    pub(crate) async fn get(&self, caller: &Caller, id: CustomerId) -> Result<Customer, Error> {
        let (service, caller) = (self.client.clone(), caller.clone());
        let answer = client::retry(move || {
            let request = caller.request(GetCustomerRequest { customer_id: id.to_string() });
            let mut service = service.clone();
            async move { service.get_customer(request).await }
        });
        let customer = answer.await.map_err(|status| failed(id, status))?.into_inner();
        let record = Record::from(&customer);
        let address = customer.address.unwrap_or_default();
        Ok(Customer {
            active: customer.active,
            details_version: customer.details_version,
            record,
            subject: Subject {
                first_name: customer.first_name,
                middle_name: customer.middle_name,
                last_name: customer.last_name,
                company_name: customer.company_name,
                date_of_birth: customer.date_of_birth,
                address: Address {
                    number: address.number,
                    refinement: address.refinement,
                    street: address.street,
                    region: address.region,
                    city: address.city,
                    postal_code: address.postal_code,
                    iso_country: address.iso_country,
                },
            },
        })
    }

    /// Reports how far a verification has come. May be repeated, and come late.
    pub(crate) async fn report(
        &self,
        caller: &Caller,
        verification: &Verification,
    ) -> Result<(), Error> {
        let request = caller.request(RecordVerificationRequest {
            customer_id: verification.customer.to_string(),
            details_version: verification.details_version,
            verification_id: verification.id.to_string(),
            verification_version: verification.lifecycle.version(),
            verification_status: wire::status(verification.lifecycle.status()).into(),
        });
        match self.client.clone().record_verification(request).await {
            Ok(_) => Ok(()),
            Err(status) => Err(failed(verification.customer, status)),
        }
    }
}

/// A customer whose personal data was erased.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Erased {
    pub(crate) tenant: TenantId,
    pub(crate) customer: CustomerId,
}

impl Customers {
    /// A page of those who were erased, and were not acknowledged, and where the next one begins.
    pub(crate) async fn erased(&self, page_token: &str) -> Result<(Vec<Erased>, String), Error> {
        let page_token = page_token.to_owned();
        let request = ListErasuresRequest { page_token, ..ListErasuresRequest::default() };
        let listed = self.retention.clone().list_erasures(the_platform().request(request)).await;
        let page = listed.map_err(errors::Error::from)?.into_inner();
        let read = page.erasures.iter().map(|erasure| {
            let tenant = TenantId::parse(&erasure.tenant_id).ok()?;
            Some(Erased { tenant, customer: CustomerId::parse(&erasure.customer_id).ok()? })
        });
        let read: Option<Vec<Erased>> = read.collect();
        let broken = || errors::Error::Internal("a list of erasures has no ids".to_owned());
        Ok((read.ok_or_else(broken)?, page.next_page_token))
    }

    pub(crate) async fn acknowledge_erased(&self, erased: &[Erased]) -> Result<(), Error> {
        let erasures = erased.iter().map(|one| Erasure {
            tenant_id: one.tenant.to_string(),
            customer_id: one.customer.to_string(),
        });
        let request = AcknowledgeErasuresRequest { erasures: erasures.collect() };
        let request = the_platform().request(request);
        let done = self.retention.clone().acknowledge_erasures(request).await;
        done.map_err(errors::Error::from)?;
        Ok(())
    }
}

/// The platform as a caller, for no tenant.
fn the_platform() -> Caller {
    on_our_own_account(TenantId::from_uuid(Uuid::nil()))
}

/// The service itself as a caller.
pub(crate) fn on_our_own_account(tenant: TenantId) -> Caller {
    Caller::service(Call::begin(None, TIMEOUT), tenant, "kyc")
}

fn failed(id: CustomerId, status: Status) -> Error {
    if status.code() == Code::NotFound {
        return Error::CustomerNotFound(id);
    }
    errors::Error::from(status).into()
}

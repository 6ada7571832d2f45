//! The customer service, as far as verifications need it: who a customer is, and the reports of how
//! far a verification has come.

use std::time::Duration;

use kit::{
    caller::{Call, Caller},
    client, errors,
};
use proto::customer::v1::{
    GetCustomerRequest, RecordVerificationRequest, customer_service_client::CustomerServiceClient,
};
use tonic::{Code, Status, transport::Channel};
use types::{CustomerId, TenantId};

use crate::{domain::Verification, error::Error, providers::Subject, record::Record, wire};

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
}

impl Customers {
    pub(crate) fn new(channel: Channel) -> Self {
        Self { client: CustomerServiceClient::new(channel) }
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
        Ok(Customer {
            active: customer.active,
            details_version: customer.details_version,
            record: Record::from(&customer),
            subject: Subject {
                last_name: customer.last_name,
                company_name: customer.company_name,
                date_of_birth: customer.date_of_birth,
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

/// The service itself as a caller.
pub(crate) fn on_our_own_account(tenant: TenantId) -> Caller {
    Caller::new(Call::begin(None, TIMEOUT), tenant, None, Vec::new())
}

fn failed(id: CustomerId, status: Status) -> Error {
    if status.code() == Code::NotFound {
        return Error::CustomerNotFound(id);
    }
    errors::Error::from(status).into()
}

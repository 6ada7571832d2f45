//! The customer service, as far as everybody is to be screened: who was created or changed, and who there
//! is. It is asked on the platform's own account, for no tenant.

use std::time::Duration;

use kit::{
    caller::{Call, Caller},
    errors,
};
use proto::customer::v1::{
    AcknowledgeCustomerChangesRequest, CustomerChange, ListCustomerChangesRequest,
    ListEveryCustomerRequest, TenantCustomer,
};
use types::{CustomerId, TenantId};
use uuid::Uuid;

use crate::{customers::Customers, error::Error, record::Record};

/// How long a call may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How many customers come at a time.
const PAGE: i32 = 200;

/// A customer of some tenant.
#[derive(Debug, Clone)]
pub(crate) struct Somebody {
    pub(crate) tenant: TenantId,
    pub(crate) customer: CustomerId,
    pub(crate) details_version: i64,
    pub(crate) record: Record,
}

/// Some whose latest change is not acknowledged.
pub(crate) async fn list(customers: &Customers) -> Result<Vec<Somebody>, Error> {
    let request = platform().request(ListCustomerChangesRequest { page_size: Some(PAGE) });
    let answer = customers.client().list_customer_changes(request).await;
    Ok(read(answer.map_err(errors::Error::from)?.into_inner().customers))
}

/// Says that these were screened as they were.
pub(crate) async fn acknowledge(customers: &Customers, seen: &[Somebody]) -> Result<(), Error> {
    let changes = seen.iter().map(|seen| CustomerChange {
        tenant_id: seen.tenant.to_string(),
        customer_id: seen.customer.to_string(),
        details_version: seen.details_version,
    });
    let message = AcknowledgeCustomerChangesRequest { changes: changes.collect() };
    let request = platform().request(message);
    customers.client().acknowledge_customer_changes(request).await.map_err(errors::Error::from)?;
    Ok(())
}

/// A page of everybody, or of all of one tenant's, and where the next one begins.
pub(crate) async fn everybody(
    customers: &Customers,
    tenant: Option<TenantId>,
    token: &str,
) -> Result<(Vec<Somebody>, String), Error> {
    let message = ListEveryCustomerRequest {
        page_size: Some(PAGE),
        page_token: token.to_owned(),
        tenant_id: tenant.map(|tenant| tenant.to_string()).unwrap_or_default(),
    };
    let answer = customers.client().list_every_customer(platform().request(message)).await;
    let page = answer.map_err(errors::Error::from)?.into_inner();
    Ok((read(page.customers), page.next_page_token))
}

fn platform() -> Caller {
    let nobody = TenantId::from_uuid(Uuid::nil());
    Caller::service(Call::begin(None, TIMEOUT), nobody, "kyc")
}

/// One without ids, which nobody can do anything about here, keeps no other from being screened.
fn read(found: Vec<TenantCustomer>) -> Vec<Somebody> {
    let somebody = found.into_iter().filter_map(|found| {
        let customer = found.customer.unwrap_or_default();
        let tenant = TenantId::parse(&found.tenant_id);
        let (Ok(tenant), Ok(id)) = (tenant, CustomerId::parse(&customer.customer_id)) else {
            tracing::error!("a customer was listed without ids, and is not screened");
            return None;
        };
        Some(Somebody {
            tenant,
            customer: id,
            details_version: customer.details_version,
            record: Record::from(&customer),
        })
    });
    somebody.collect()
}

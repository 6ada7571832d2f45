//! The contract: messages to domain values and back.

use kit::{
    caller::Caller,
    errors::Violations,
    idempotency::Key,
    page::{cut, token},
};
use proto::customer::v1::{
    self as pb,
    customer_service_server::{CustomerService, CustomerServiceServer},
    retention_service_server::RetentionServiceServer,
};
use tonic::{Request, Response, Status, service::Routes};

use crate::{
    changes::Changes,
    customers::{Customers, parse_details},
    domain::Customer,
    error::Error,
    retention::Retentions,
};

mod changes;
mod parse;
mod render;
mod retention;

use render::{customer, standings, tenant_customer};

/// The service's rpcs.
pub(crate) fn routes(customers: Customers, changes: Changes, retentions: Retentions) -> Routes {
    Routes::new(CustomerServiceServer::new(Rpc { customers, changes }))
        .add_service(RetentionServiceServer::new(retentions))
}

struct Rpc {
    customers: Customers,
    changes: Changes,
}

#[tonic::async_trait]
impl CustomerService for Rpc {
    async fn create_customer(
        &self,
        request: Request<pb::CreateCustomerRequest>,
    ) -> Result<Response<pb::Customer>, Status> {
        let caller = Caller::of(&request).map_err(Error::Kit)?;
        let message = request.into_inner();
        let mut bad = Violations::new();
        let key = Key::of(&caller, "CreateCustomer", &message.request_id, &message, &mut bad);
        let given = message.customer.unwrap_or_default();
        let customer_type = parse::customer_type(given.customer_type, &mut bad);
        if given.address.is_none() {
            bad.add("customer.address", "is required");
        }
        let details = parse_details(customer_type, &parse::everything(given), &mut bad);
        bad.into_result().map_err(Error::Kit)?;
        let Some(details) = details.filter(|_| !message.validate_only) else {
            return Ok(Response::new(pb::Customer::default()));
        };
        let answer = self.customers.create(&caller, key, details, customer).await?;
        Ok(answer.into_response())
    }

    async fn get_customer(
        &self,
        request: Request<pb::GetCustomerRequest>,
    ) -> Result<Response<pb::Customer>, Status> {
        let caller = Caller::of(&request).map_err(Error::Kit)?;
        let id = parse::customer_id(&request.get_ref().customer_id)?;
        let found = self.customers.get(caller.tenant(), id).await?;
        Ok(Response::new(customer(&found)))
    }

    async fn batch_get_customers(
        &self,
        request: Request<pb::BatchGetCustomersRequest>,
    ) -> Result<Response<pb::BatchGetCustomersResponse>, Status> {
        let caller = Caller::of(&request).map_err(Error::Kit)?;
        let ids = parse::customer_ids(&request.get_ref().customer_ids)?;
        let found = self.customers.batch_get(caller.tenant(), &ids).await?;
        let customers = found.iter().map(customer).collect();
        Ok(Response::new(pb::BatchGetCustomersResponse { customers }))
    }

    async fn batch_get_customer_standings(
        &self,
        request: Request<pb::BatchGetCustomerStandingsRequest>,
    ) -> Result<Response<pb::BatchGetCustomerStandingsResponse>, Status> {
        let caller = Caller::of(&request).map_err(Error::Kit)?;
        let ids = parse::customer_ids(&request.get_ref().customer_ids)?;
        let found = self.customers.standings(caller.tenant(), &ids).await?;
        Ok(Response::new(standings(&found)))
    }

    async fn update_customer(
        &self,
        request: Request<pb::UpdateCustomerRequest>,
    ) -> Result<Response<pb::Customer>, Status> {
        let caller = Caller::of(&request).map_err(Error::Kit)?;
        let message = request.into_inner();
        let mut bad = Violations::new();
        let key = Key::of(&caller, "UpdateCustomer", &message.request_id, &message, &mut bad);
        let validate_only = message.validate_only;
        let (id, change) = parse::update(message, &mut bad);
        if let (Some(id), true) = (id, validate_only || !bad.is_empty()) {
            self.customers.check_update(caller.tenant(), id, &change, &mut bad).await?;
        }
        bad.into_result().map_err(Error::Kit)?;
        let Some(id) = id.filter(|_| !validate_only) else {
            return Ok(Response::new(pb::Customer::default()));
        };
        let answer = self.customers.update(&caller, key, id, &change, customer).await?;
        Ok(answer.into_response())
    }

    async fn list_customers(
        &self,
        request: Request<pb::ListCustomersRequest>,
    ) -> Result<Response<pb::ListCustomersResponse>, Status> {
        let caller = Caller::of(&request).map_err(Error::Kit)?;
        let (filter, page, size) = parse::list(&request.into_inner())?;
        let (found, total_size) = self.customers.list(caller.tenant(), &filter, &page).await?;
        let (found, more) = cut(found, size);
        let last = found.last().filter(|_| more);
        let next_page_token = last.map(|last| token(&last.id)).unwrap_or_default();
        let customers = found.iter().map(customer).collect();
        Ok(Response::new(pb::ListCustomersResponse { customers, next_page_token, total_size }))
    }

    async fn record_verification(
        &self,
        request: Request<pb::RecordVerificationRequest>,
    ) -> Result<Response<pb::Customer>, Status> {
        let caller = Caller::of(&request).map_err(Error::Kit)?;
        let (id, report) = parse::report(request.get_ref())?;
        let recorded: Customer = self.customers.record_verification(&caller, id, &report).await?;
        Ok(Response::new(customer(&recorded)))
    }

    async fn list_customer_changes(
        &self,
        request: Request<pb::ListCustomerChangesRequest>,
    ) -> Result<Response<pb::ListCustomerChangesResponse>, Status> {
        changes::for_the_platform(&request)?;
        let size = changes::size(request.get_ref().page_size)?;
        let customers = self.changes.list(size).await?.iter().map(tenant_customer).collect();
        Ok(Response::new(pb::ListCustomerChangesResponse { customers }))
    }

    async fn acknowledge_customer_changes(
        &self,
        request: Request<pb::AcknowledgeCustomerChangesRequest>,
    ) -> Result<Response<pb::AcknowledgeCustomerChangesResponse>, Status> {
        changes::for_the_platform(&request)?;
        let seen = changes::seen(&request.get_ref().changes)?;
        self.changes.acknowledge(&seen).await?;
        Ok(Response::new(pb::AcknowledgeCustomerChangesResponse {}))
    }

    async fn list_every_customer(
        &self,
        request: Request<pb::ListEveryCustomerRequest>,
    ) -> Result<Response<pb::ListEveryCustomerResponse>, Status> {
        changes::for_the_platform(&request)?;
        let (tenant, after, size) = changes::everyone(request.get_ref())?;
        let (found, next) = self.changes.everyone(tenant, after, size).await?;
        let next_page_token = next.as_ref().map(changes::token).unwrap_or_default();
        let customers = found.iter().map(tenant_customer).collect();
        Ok(Response::new(pb::ListEveryCustomerResponse { customers, next_page_token }))
    }
}

//! How long personal data is kept: messages to domain values and back.

use kit::{
    caller::Caller,
    errors::Violations,
    idempotency::Key,
    page::{self, cut},
    time::{from_timestamp, timestamp},
};
use proto::customer::v1::{
    AcknowledgeErasuresRequest, AcknowledgeErasuresResponse, ErasePersonalDataRequest, Erasure,
    GetRetentionRequest, ListErasuresRequest, ListErasuresResponse, Retention,
    UpdateRetentionRequest, retention_service_server::RetentionService,
};
use tonic::{Request, Response, Status};
use types::{CustomerId, TenantId};

use super::parse;
use crate::{
    domain::Customer,
    error::Error,
    retention::{RetentionChange, Retentions},
    store::retention::Owned,
};

#[tonic::async_trait]
impl RetentionService for Retentions {
    async fn get_retention(
        &self,
        request: Request<GetRetentionRequest>,
    ) -> Result<Response<Retention>, Status> {
        let caller = Caller::of(&request).map_err(Error::Kit)?;
        let id = parse::customer_id(&request.get_ref().customer_id)?;
        Ok(Response::new(render(&self.get(caller.tenant(), id).await?)))
    }

    async fn update_retention(
        &self,
        request: Request<UpdateRetentionRequest>,
    ) -> Result<Response<Retention>, Status> {
        let caller = Caller::of(&request).map_err(Error::Kit)?;
        let message = request.into_inner();
        let mut bad = Violations::new();
        let key = Key::of(&caller, "UpdateRetention", &message.request_id, &message, &mut bad);
        let validate_only = message.validate_only;
        let (id, change) = update(message, &mut bad);
        bad.into_result().map_err(Error::Kit)?;
        let Some(id) = id.filter(|_| !validate_only) else {
            return Ok(Response::new(Retention::default()));
        };
        Ok(self.update(&caller, key, id, &change, render).await?.into_response())
    }

    async fn erase_personal_data(
        &self,
        request: Request<ErasePersonalDataRequest>,
    ) -> Result<Response<Retention>, Status> {
        let caller = Caller::of(&request).map_err(Error::Kit)?;
        let id = parse::customer_id(&request.get_ref().customer_id)?;
        Ok(Response::new(render(&self.erase(&caller, id).await?)))
    }

    async fn list_erasures(
        &self,
        request: Request<ListErasuresRequest>,
    ) -> Result<Response<ListErasuresResponse>, Status> {
        super::changes::for_the_platform(&request)?;
        let mut bad = Violations::new();
        let size = page::size("page_size", request.get_ref().page_size, &mut bad);
        let after = super::changes::after(&request.get_ref().page_token, &mut bad);
        bad.into_result().map_err(Error::Kit)?;
        let (erasures, more) = cut(self.erasures(after, size.saturating_add(1)).await?, size);
        let last = erasures.last().filter(|_| more);
        let next_page_token = last.map(super::changes::token).unwrap_or_default();
        let erasures = erasures.into_iter().map(|(tenant, id)| Erasure {
            tenant_id: tenant.to_string(),
            customer_id: id.to_string(),
        });
        let erasures = erasures.collect();
        Ok(Response::new(ListErasuresResponse { erasures, next_page_token }))
    }

    async fn acknowledge_erasures(
        &self,
        request: Request<AcknowledgeErasuresRequest>,
    ) -> Result<Response<AcknowledgeErasuresResponse>, Status> {
        super::changes::for_the_platform(&request)?;
        self.acknowledge(&erased(&request.get_ref().erasures)?).await?;
        Ok(Response::new(AcknowledgeErasuresResponse {}))
    }
}

fn update(
    message: UpdateRetentionRequest,
    bad: &mut Violations,
) -> (Option<CustomerId>, RetentionChange) {
    let given = message.retention.unwrap_or_default();
    let id = bad.required("retention.customer_id", &given.customer_id, CustomerId::parse);
    let paths = message.update_mask.unwrap_or_default().paths;
    if paths.is_empty() {
        bad.add("update_mask", "must name at least one field");
    }
    let mut change = RetentionChange::default();
    for path in &paths {
        match path.as_str() {
            "relationship_ended_at" => {
                let at = given.relationship_ended_at.as_ref().map(from_timestamp);
                if at == Some(None) {
                    bad.add("retention.relationship_ended_at", "must be a time");
                }
                change.relationship_ended_at = Some(at.flatten());
            }
            "legal_hold" => change.legal_hold = Some(given.legal_hold),
            _ => bad.add("update_mask", "names a field that cannot be changed"),
        }
    }
    (id, change)
}

/// A batch that is too long is not read.
fn erased(erasures: &[Erasure]) -> Result<Vec<Owned>, Error> {
    let mut bad = Violations::new();
    page::check_batch("erasures", erasures.len(), &mut bad);
    let read = if bad.is_empty() { erasures } else { &[] };
    let mut owned = Vec::with_capacity(read.len());
    for (i, one) in read.iter().enumerate() {
        let field = |name: &str| format!("erasures[{i}].{name}");
        let tenant = bad.required(&field("tenant_id"), &one.tenant_id, TenantId::parse);
        let customer = bad.required(&field("customer_id"), &one.customer_id, CustomerId::parse);
        owned.extend(tenant.zip(customer));
    }
    bad.into_result().map_err(Error::Kit)?;
    Ok(owned)
}

fn render(customer: &Customer) -> Retention {
    let retention = &customer.retention;
    Retention {
        customer_id: customer.id.to_string(),
        relationship_ended_at: retention.relationship_ended_at.map(timestamp),
        legal_hold: retention.legal_hold,
        keep_until: retention.keep_until().map(timestamp),
        erased_at: retention.erased_at.map(timestamp),
    }
}

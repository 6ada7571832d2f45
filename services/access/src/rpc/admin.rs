//! Tenants and users: messages to domain values and back.

use kit::{
    caller::{Call, Caller, DEFAULT_DEADLINE},
    errors::{self, Violations},
    page,
    time::timestamp,
};
use proto::access::v1::{self as pb, admin_service_server::AdminService};
use tonic::{Request, Response, Status};
use types::{Email, TenantId, Text, UserId};

use super::{Rpc, keys::rate, scopes};
use crate::{
    admin::{NewUser, UserChange},
    domain::{Edit, Password},
    error::Error,
    store::{
        tenants::{self, Tenant},
        users::Profile,
    },
};

#[tonic::async_trait]
impl AdminService for Rpc {
    async fn create_tenant(
        &self,
        request: Request<pb::CreateTenantRequest>,
    ) -> Result<Response<pb::Tenant>, Status> {
        let call = operator(&request)?;
        let given = request.into_inner().tenant.unwrap_or_default();
        let mut bad = Violations::new();
        let name = bad.required("tenant.name", &given.name, |text| Text::parse(text, 1..=100));
        let rate = rate("tenant.requests_per_second", given.requests_per_second, &mut bad);
        let name = valid(name, bad)?;
        Ok(Response::new(tenant(self.access.create_tenant(call, &name, rate).await?)))
    }

    async fn list_tenants(
        &self,
        request: Request<pb::ListTenantsRequest>,
    ) -> Result<Response<pb::ListTenantsResponse>, Status> {
        operator(&request)?;
        let message = request.into_inner();
        let mut bad = Violations::new();
        let size = page::size("page_size", message.page_size, &mut bad);
        let before = page::place("page_token", &message.page_token, &mut bad);
        bad.into_result().map_err(Error::Kit)?;
        let found = self.access.list_tenants(before, size.saturating_add(1)).await?;
        let (found, next_page_token) = super::page(found, size, |tenant| tenant.id.to_string());
        let tenants = found.into_iter().map(tenant).collect();
        Ok(Response::new(pb::ListTenantsResponse { tenants, next_page_token }))
    }

    async fn update_tenant(
        &self,
        request: Request<pb::UpdateTenantRequest>,
    ) -> Result<Response<pb::Tenant>, Status> {
        let call = operator(&request)?;
        let message = request.into_inner();
        let given = message.tenant.unwrap_or_default();
        let mut bad = Violations::new();
        let id = bad.required("tenant.tenant_id", &given.tenant_id, TenantId::parse);
        let mut change = tenants::Change::default();
        for path in paths(message.update_mask, &mut bad) {
            match path.as_str() {
                "active" => change.active = Some(given.active),
                "requests_per_second" => {
                    let field = "tenant.requests_per_second";
                    let rate = rate(field, given.requests_per_second, &mut bad);
                    change.requests_per_s = Edit::Set(rate);
                }
                _ => bad.add("update_mask", "names a field that cannot be changed"),
            }
        }
        let id = valid(id, bad)?;
        Ok(Response::new(tenant(self.access.update_tenant(call, id, change).await?)))
    }

    async fn create_user(
        &self,
        request: Request<pb::CreateUserRequest>,
    ) -> Result<Response<pb::User>, Status> {
        let call = operator(&request)?;
        let message = request.into_inner();
        let given = message.user.unwrap_or_default();
        let mut bad = Violations::new();
        let tenant = bad.required("user.tenant_id", &given.tenant_id, TenantId::parse);
        let email = bad.required("user.email", &given.email, Email::parse);
        let password = bad.take("password", Password::parse_new(&message.password));
        let scopes = scopes("user.scopes", &given.scopes, &mut bad);
        let new = tenant.zip(email).zip(password).zip(scopes);
        let (((tenant, email), password), scopes) = valid(new, bad)?;
        let new = NewUser { tenant, email, password, scopes };
        let made = self.access.create_user(call, new).await?;
        Ok(Response::new(user(made)))
    }

    async fn list_users(
        &self,
        request: Request<pb::ListUsersRequest>,
    ) -> Result<Response<pb::ListUsersResponse>, Status> {
        let call = operator(&request)?;
        let message = request.into_inner();
        let mut bad = Violations::new();
        let tenant = bad.required("tenant_id", &message.tenant_id, TenantId::parse);
        let size = page::size("page_size", message.page_size, &mut bad);
        let before = page::place("page_token", &message.page_token, &mut bad);
        let tenant = valid(tenant, bad)?;
        let found = self.access.list_users(call, tenant, before, size.saturating_add(1)).await?;
        let (found, next_page_token) = super::page(found, size, |user| user.id.to_string());
        let users = found.into_iter().map(user).collect();
        Ok(Response::new(pb::ListUsersResponse { users, next_page_token }))
    }

    async fn update_user(
        &self,
        request: Request<pb::UpdateUserRequest>,
    ) -> Result<Response<pb::User>, Status> {
        let call = operator(&request)?;
        let message = request.into_inner();
        let given = message.user.unwrap_or_default();
        let mut bad = Violations::new();
        let tenant = bad.required("user.tenant_id", &given.tenant_id, TenantId::parse);
        let id = bad.required("user.user_id", &given.user_id, UserId::parse);
        let mut change = UserChange::default();
        for path in paths(message.update_mask, &mut bad) {
            match path.as_str() {
                "active" => change.active = Some(given.active),
                "scopes" => change.scopes = scopes("user.scopes", &given.scopes, &mut bad),
                "password" => {
                    change.password = bad.take("password", Password::parse_new(&message.password));
                }
                _ => bad.add("update_mask", "names a field that cannot be changed"),
            }
        }
        let (tenant, id) = valid(tenant.zip(id), bad)?;
        Ok(Response::new(user(self.access.update_user(call, tenant, id, change).await?)))
    }
}

/// Refuses calls on behalf of an API user: these are the platform's own. Answers the call.
fn operator<M>(request: &Request<M>) -> Result<Call, Error> {
    let user = Caller::of(request).ok().and_then(|caller| caller.user());
    if user.is_some() {
        return Err(Error::OperatorsOnly);
    }
    let call = request.extensions().get::<Call>().cloned();
    Ok(call.unwrap_or_else(|| Call::begin(None, DEFAULT_DEADLINE)))
}

fn paths(mask: Option<prost_types::FieldMask>, bad: &mut Violations) -> Vec<String> {
    let paths = mask.unwrap_or_default().paths;
    if paths.is_empty() {
        bad.add("update_mask", "must name at least one field");
    }
    paths
}

/// What was read, unless anything is wrong.
fn valid<T>(read: Option<T>, bad: Violations) -> Result<T, Error> {
    bad.into_result()?;
    read.ok_or_else(|| errors::Error::Internal("a field that is lost".to_owned()).into())
}

fn tenant(tenant: Tenant) -> pb::Tenant {
    pb::Tenant {
        tenant_id: tenant.id.to_string(),
        name: tenant.name,
        active: tenant.active,
        requests_per_second: tenant.requests_per_s.unwrap_or(0),
        create_time: Some(timestamp(tenant.create_time)),
    }
}

fn user(user: Profile) -> pb::User {
    pb::User {
        tenant_id: user.tenant.to_string(),
        user_id: user.id.to_string(),
        email: user.email,
        active: user.active,
        scopes: user.scopes,
        create_time: Some(timestamp(user.create_time)),
    }
}

//! The contract: messages to domain values and back.

use std::net::IpAddr;

use kit::{
    audit,
    caller::{Call, Caller, DEFAULT_DEADLINE},
    errors::Violations,
    page::{cut, token},
    time::timestamp,
};
use proto::access::v1::{
    self as pb,
    access_service_server::{AccessService, AccessServiceServer},
    admin_service_server::AdminServiceServer,
    allowance_service_server::AllowanceServiceServer,
    api_key_service_server::ApiKeyServiceServer,
};
use tonic::{Request, Response, Status, service::Routes};

use crate::{
    Access,
    domain::{Credentials, EmailKey, Grant, Holder, Password, Scope, Token},
    error::Error,
};

mod admin;
mod allowances;
mod keys;

/// Rpcs without a caller: by which one comes to be known, and those that are on behalf of none.
pub(crate) const PUBLIC: [&str; 8] = [
    "/lombard.access.v1.AccessService/Login",
    "/lombard.access.v1.AccessService/LookUpToken",
    "/lombard.access.v1.AdminService/CreateTenant",
    "/lombard.access.v1.AdminService/ListTenants",
    "/lombard.access.v1.AdminService/UpdateTenant",
    "/lombard.access.v1.AdminService/CreateUser",
    "/lombard.access.v1.AdminService/ListUsers",
    "/lombard.access.v1.AdminService/UpdateUser",
];

/// The service's rpcs.
pub(crate) fn routes_with_administration(access: Access) -> Routes {
    let admin = AdminServiceServer::new(Rpc { access: access.clone() });
    routes(access).add_service(admin)
}

pub(crate) fn routes(access: Access) -> Routes {
    let audit = audit::server(access.database.clone());
    let rpc = Rpc { access };
    Routes::new(AccessServiceServer::new(rpc.clone()))
        .add_service(AllowanceServiceServer::new(rpc.clone()))
        .add_service(ApiKeyServiceServer::new(rpc))
        .add_service(audit)
}

#[derive(Clone)]
struct Rpc {
    access: Access,
}

#[tonic::async_trait]
impl AccessService for Rpc {
    async fn login(
        &self,
        request: Request<pb::LoginRequest>,
    ) -> Result<Response<pb::LoginResponse>, Status> {
        let credentials = credentials(request.get_ref())?;
        if request.get_ref().validate_only {
            return Ok(Response::new(pb::LoginResponse::default()));
        }
        let call = request.extensions().get::<Call>().cloned();
        let call = call.unwrap_or_else(|| Call::begin(None, DEFAULT_DEADLINE));
        let issued = self.access.login(&call, credentials).await?;
        Ok(Response::new(pb::LoginResponse {
            token: issued.token.reveal(),
            expire_time: Some(timestamp(issued.expire_time)),
        }))
    }

    async fn logout(
        &self,
        request: Request<pb::LogoutRequest>,
    ) -> Result<Response<pb::LogoutResponse>, Status> {
        let caller = Caller::of(&request).map_err(Error::Kit)?;
        let text = &request.get_ref().token;
        if text.is_empty() {
            let mut bad = Violations::new();
            bad.add("token", "is required");
            return Err(Error::from(bad).into());
        }
        // What cannot be a token is an unknown one.
        if let Some(token) = Token::parse(text) {
            self.access.revoke(&caller, &token).await?;
        }
        Ok(Response::new(pb::LogoutResponse {}))
    }

    async fn look_up_token(
        &self,
        request: Request<pb::LookUpTokenRequest>,
    ) -> Result<Response<pb::LookUpTokenResponse>, Status> {
        let grant = self.access.look_up(&request.get_ref().token).await?;
        Ok(Response::new(self.grant(grant)))
    }
}

impl Rpc {
    fn grant(&self, grant: Grant) -> pb::LookUpTokenResponse {
        let rates = self.access.rates(&grant);
        let (api_key_id, allowed_addresses) = match grant.holder {
            Holder::Token => (String::new(), Vec::new()),
            Holder::Key { id, allowed_addresses, .. } => (id.to_string(), allowed_addresses),
        };
        pb::LookUpTokenResponse {
            tenant_id: grant.tenant.to_string(),
            user_id: grant.user.to_string(),
            scopes: grant.scopes.iter().map(|scope| scope.as_str().to_owned()).collect(),
            expire_time: grant.expire_time.map(timestamp),
            api_key_id,
            allowed_addresses,
            tenant_requests_per_second: rates.tenant,
            holder_requests_per_second: rates.holder,
        }
    }
}

/// What was found as a page of this size, and the token of the next one; empty where there is none.
fn page<T>(found: Vec<T>, size: i64, id: impl FnOnce(&T) -> String) -> (Vec<T>, String) {
    let (found, more) = cut(found, size);
    let next = found.last().filter(|_| more).map_or_else(String::new, |last| token(&id(last)));
    (found, next)
}

/// Scopes as somebody wrote them.
fn scopes(field: &str, given: &[String], bad: &mut Violations) -> Option<Vec<Scope>> {
    let mut read = Vec::with_capacity(given.len());
    for text in given {
        match Scope::parse(text) {
            Ok(scope) if read.contains(&scope) => {}
            Ok(scope) => read.push(scope),
            Err(error) => {
                bad.add(field, error);
                return None;
            }
        }
    }
    Some(read)
}

fn credentials(message: &pb::LoginRequest) -> Result<Credentials, Error> {
    let mut bad = Violations::new();
    if message.email.trim().is_empty() {
        bad.add("email", "is required");
    }
    let password = bad.take("password", Password::parse(&message.password));
    let address = bad.optional("client_address", &message.client_address, |text| {
        text.parse::<IpAddr>().map_err(|_| "must be an IP address, without a port")
    });
    match (password, address) {
        (Some(password), Some(address)) if bad.is_empty() => {
            Ok(Credentials { email: EmailKey::of_any(&message.email), password, address })
        }
        _ => Err(bad.into()),
    }
}

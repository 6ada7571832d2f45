//! The contract: messages to domain values and back.

use std::net::IpAddr;

use kit::{caller::Caller, errors::Violations, time::timestamp};
use proto::access::v1::{
    self as pb,
    access_service_server::{AccessService, AccessServiceServer},
};
use tonic::{Request, Response, Status, service::Routes};

use crate::{
    Access,
    domain::{Credentials, EmailKey, Password, Token},
    error::Error,
};

/// Rpcs by which a caller comes to be known.
pub(crate) const PUBLIC: [&str; 2] =
    ["/lombard.access.v1.AccessService/Login", "/lombard.access.v1.AccessService/LookUpToken"];

/// The service's rpcs.
pub(crate) fn routes(access: Access) -> Routes {
    Routes::new(AccessServiceServer::new(Rpc { access }))
}

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
        let issued = self.access.login(credentials).await?;
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
            self.access.revoke(caller.tenant(), &token).await?;
        }
        Ok(Response::new(pb::LogoutResponse {}))
    }

    async fn look_up_token(
        &self,
        request: Request<pb::LookUpTokenRequest>,
    ) -> Result<Response<pb::LookUpTokenResponse>, Status> {
        let token = Token::parse(&request.get_ref().token).ok_or(Error::TokenInvalid)?;
        let grant = self.access.look_up(&token).await?;
        Ok(Response::new(pb::LookUpTokenResponse {
            tenant_id: grant.tenant.to_string(),
            user_id: grant.user.to_string(),
            scopes: grant.scopes.iter().map(|scope| scope.as_str().to_owned()).collect(),
            expire_time: Some(timestamp(grant.expire_time)),
        }))
    }
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

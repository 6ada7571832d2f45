//! A running service with a user, and what tests say again and again.

use std::time::Duration;

use access::{Access, SCOPES, Settings};
use kit::caller::{Call, Caller};
use proto::access::v1::{
    LoginRequest, LoginResponse, LogoutRequest, LookUpTokenRequest, LookUpTokenResponse,
    access_service_client::AccessServiceClient,
};
use sqlx::PgPool;
use tonic::{Code, Status, transport::Channel};
use tonic_types::StatusExt;
use types::{TenantId, UserId};

pub(crate) const EMAIL: &str = "Ann@Example.com";
pub(crate) const PASSWORD: &str = "correct horse battery";

/// A service on a database of its own, and one tenant with one user.
#[derive(Clone)]
pub(crate) struct Setup {
    pub(crate) channel: Channel,
    pub(crate) client: AccessServiceClient<Channel>,
    pub(crate) access: Access,
    pub(crate) pool: PgPool,
    pub(crate) tenant: TenantId,
    pub(crate) user: UserId,
}

pub(crate) async fn setup() -> Setup {
    with_lifetime(Duration::from_mins(1)).await
}

pub(crate) async fn with_lifetime(token_lifetime: Duration) -> Setup {
    let pool = testkit::database("access", &access::MIGRATIONS).await;
    let service = access::service(pool.clone(), Settings { token_lifetime, ..Settings::default() });
    let channel = testkit::serve(service).await;
    let client = AccessServiceClient::new(channel.clone());
    let access = Access::new(pool.clone(), token_lifetime);
    let tenant = access.ensure_tenant("acme").await.unwrap();
    let user = access.ensure_user(tenant, EMAIL, PASSWORD, &SCOPES).await.unwrap();
    Setup { channel, client, access, pool, tenant, user }
}

impl Setup {
    pub(crate) async fn login(&self, email: &str, password: &str) -> Result<LoginResponse, Status> {
        self.login_from("", email, password).await
    }

    pub(crate) async fn login_from(
        &self,
        client_address: &str,
        email: &str,
        password: &str,
    ) -> Result<LoginResponse, Status> {
        let request = LoginRequest {
            email: email.into(),
            password: password.into(),
            client_address: client_address.into(),
            validate_only: false,
        };
        Ok(self.client.clone().login(request).await?.into_inner())
    }

    /// A fresh token of the user.
    pub(crate) async fn token(&self) -> String {
        self.login(EMAIL, PASSWORD).await.unwrap().token
    }

    pub(crate) async fn look_up(&self, token: &str) -> Result<LookUpTokenResponse, Status> {
        let request = LookUpTokenRequest { token: token.into() };
        Ok(self.client.clone().look_up_token(request).await?.into_inner())
    }

    pub(crate) async fn logout(&self, tenant: TenantId, token: &str) -> Result<(), Status> {
        let call = Call::begin(None, Duration::from_secs(20));
        let caller = Caller::new(call, tenant, None, Vec::new());
        let request = caller.request(LogoutRequest { token: token.into() });
        self.client.clone().logout(request).await.map(|_| ())
    }
}

/// The code and the reason of a refusal, which programs go by.
pub(crate) fn refusal<T: std::fmt::Debug>(answer: Result<T, Status>) -> (Code, String) {
    let status = answer.unwrap_err();
    let info = status.get_error_details().error_info().cloned().unwrap();
    assert_eq!(info.domain, access::DOMAIN);
    (status.code(), info.reason)
}

pub(crate) fn wrong_credentials() -> (Code, String) {
    (Code::Unauthenticated, "WRONG_CREDENTIALS".into())
}

pub(crate) fn too_many_attempts() -> (Code, String) {
    (Code::ResourceExhausted, "TOO_MANY_ATTEMPTS".into())
}

pub(crate) fn token_invalid() -> (Code, String) {
    (Code::Unauthenticated, "TOKEN_INVALID".into())
}

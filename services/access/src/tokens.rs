//! What becomes of a token once it is issued.

use types::TenantId;

use crate::{
    Access,
    domain::{Grant, Token},
    error::Error,
    store::tokens,
};

impl Access {
    /// Whom a token stands for at this moment.
    pub(crate) async fn look_up(&self, token: &Token) -> Result<Grant, Error> {
        let mut conn = self.pool.acquire().await?;
        tokens::find(&mut conn, token.hash()).await?.ok_or(Error::TokenInvalid)
    }

    /// Revokes a token of the tenant. Any other stays as it is, which is no error: whether it exists
    /// is not told.
    pub(crate) async fn revoke(&self, tenant: TenantId, token: &Token) -> Result<(), Error> {
        let mut conn = self.pool.acquire().await?;
        Ok(tokens::revoke(&mut conn, tenant, token.hash()).await?)
    }
}

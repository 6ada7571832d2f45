//! What becomes of a token once it is issued.

use kit::{
    audit::{self, Act},
    caller::Caller,
};

use crate::{
    Access,
    admin::user_object,
    domain::{Grant, Holder, Secret, Token},
    error::Error,
    store::{keys, tokens},
};

/// Requests each second.
pub(crate) struct Rates {
    pub(crate) tenant: i32,
    pub(crate) holder: i32,
}

impl Access {
    /// Whom a token, or the secret of a key, stands for at this moment.
    pub(crate) async fn look_up(&self, text: &str) -> Result<Grant, Error> {
        if let Some(secret) = Secret::parse(text) {
            return self.look_up_key(&secret).await;
        }
        let token = Token::parse(text).ok_or(Error::TokenInvalid)?;
        // Whose it is, is what the token tells.
        let mut conn = self.database.platform().await?;
        tokens::find(&mut conn, token.hash()).await?.ok_or(Error::TokenInvalid)
    }

    async fn look_up_key(&self, secret: &Secret) -> Result<Grant, Error> {
        let mut conn = self.database.of(secret.tenant()).await?;
        let found = keys::find(&mut conn, secret.tenant(), secret.hash()).await?;
        let grant = found.ok_or(Error::TokenInvalid)?;
        if let Holder::Key { id, is_use_due: true, .. } = grant.holder {
            self.uses.note(grant.tenant, id);
        }
        Ok(grant)
    }

    /// How many requests each second whom a token stands for may make; 0: without limit.
    pub(crate) fn rates(&self, grant: &Grant) -> Rates {
        let own = match grant.holder {
            Holder::Token => None,
            Holder::Key { requests_per_s, .. } => requests_per_s,
        };
        Rates {
            tenant: grant.tenant_requests_per_s.unwrap_or(self.settings.tenant_requests_per_s),
            holder: own.unwrap_or(self.settings.holder_requests_per_s),
        }
    }

    /// Revokes a token of the tenant. Any other stays as it is, which is no error: whether it exists
    /// is not told.
    pub(crate) async fn revoke(&self, caller: &Caller, token: &Token) -> Result<(), Error> {
        let mut tx = self.database.begin(caller.tenant()).await?;
        if let Some(user) = tokens::revoke(&mut tx, caller.tenant(), token.hash()).await? {
            audit::record(&mut tx, caller, &Act::new("logout", user_object(user))).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}

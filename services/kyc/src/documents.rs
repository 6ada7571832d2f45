//! Reading documents back.

use kit::{
    audit::{self, Act},
    caller::Caller,
    postgres::Database,
};
use types::VerificationId;
use zeroize::Zeroizing;

use crate::{
    domain::{MimeType, Side},
    error::Error,
    safe::Safe,
    store::{
        documents::{self, Found, Plain},
        verifications,
    },
};

/// What a token must allow, to read documents.
const SCOPE: &str = "documents:read";

/// The documents of all tenants, for those who may look at them.
#[derive(Debug, Clone)]
pub(crate) struct Reading {
    database: Database,
    safe: Safe,
}

/// A document's content, which is wiped when it is dropped.
pub(crate) type Content = Zeroizing<Vec<u8>>;

impl Reading {
    pub(crate) fn new(database: Database, safe: Safe) -> Self {
        Self { database, safe }
    }

    /// A document. That it is read is on record before it is given out.
    pub(crate) async fn read(
        &self,
        caller: &Caller,
        id: VerificationId,
        side: Side,
    ) -> Result<(MimeType, Content), Error> {
        if !caller.scopes().iter().any(|scope| scope == SCOPE) {
            return Err(Error::ScopeRequired(SCOPE));
        }
        let mut conn = self.database.of(caller.tenant()).await?;
        let found = documents::find(&mut conn, caller.tenant(), id, side).await?;
        let Some(found) = found else {
            let verification = verifications::find(&mut conn, caller.tenant(), id).await?;
            verification.ok_or(Error::VerificationNotFound(id))?;
            return Err(Error::DocumentNotFound(id, side));
        };
        let object = format!("verifications/{id}/documents/{}", side.as_str());
        audit::record(&mut conn, caller, &Act::new("document.read", object)).await?;
        drop(conn);
        match found {
            Found::Kept(kept) => {
                let content = self.safe.open(&kept).await?;
                // Its object goes after its key.
                let content = content.ok_or(Error::DocumentErased(id, side))?;
                Ok((kept.label.mime_type, content))
            }
            Found::Plain(Plain { label, content }) => Ok((label.mime_type, Content::new(content))),
            Found::Erased => Err(Error::DocumentErased(id, side)),
        }
    }
}

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
    safe::{Kept, Label, Safe},
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
                let content = open(&self.database, &self.safe, &kept).await?;
                Ok((kept.label.mime_type, content))
            }
            Found::Plain(Plain { label, content }) => Ok((label.mime_type, Content::new(content))),
            Found::Erased => Err(Error::DocumentErased(id, side)),
        }
    }
}

/// What is in a document. One that was erased meanwhile is told from one whose object is lost, which is a
/// fault.
pub(crate) async fn open(database: &Database, safe: &Safe, kept: &Kept) -> Result<Content, Error> {
    if let Some(content) = safe.open(kept).await? {
        return Ok(content);
    }
    let Label { tenant, verification, side, .. } = kept.label;
    let mut conn = database.of(tenant).await?;
    // An object goes after its key.
    match documents::find(&mut conn, tenant, verification, side).await? {
        Some(Found::Erased) => Err(Error::DocumentErased(verification, side)),
        Some(Found::Kept(_) | Found::Plain(_)) | None => {
            let (object, side) = (kept.object, side.as_str());
            let lost =
                format!("object {object} is lost: the {side} of verification {verification}");
            Err(Error::internal(lost))
        }
    }
}

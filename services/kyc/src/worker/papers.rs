//! The documents of attempts, opened for those who look at them: the provider, and we ourselves.

use kit::postgres::Database;

use crate::{
    documents::{Content, open},
    domain::{MimeType, Side, Verification},
    error::Error,
    providers::Images,
    safe::Safe,
    store::documents::{self, Found, Plain},
};

/// The way to them.
#[derive(Debug, Clone)]
pub(super) struct Papers {
    database: Database,
    safe: Safe,
}

impl Papers {
    pub(super) fn new(database: Database, safe: Safe) -> Self {
        Self { database, safe }
    }

    /// What a provider looks at: all that was sent in, or an error.
    pub(super) async fn images(&self, verification: &Verification) -> Result<Images, Error> {
        let front = self.image(verification, Side::Front).await?;
        Ok(Images { front, back: self.image(verification, Side::Back).await? })
    }

    /// An image that was sent in; none where another kind of file was, or nothing. One that was erased, or
    /// is lost, is an error.
    pub(super) async fn image(
        &self,
        verification: &Verification,
        side: Side,
    ) -> Result<Option<Content>, Error> {
        let (tenant, id) = (verification.tenant, verification.id);
        let mut conn = self.database.of(tenant).await?;
        let found = documents::find(&mut conn, tenant, id, side).await?;
        drop(conn);
        match found {
            Some(Found::Kept(kept)) if kept.label.mime_type != MimeType::Pdf => {
                open(&self.database, &self.safe, &kept).await.map(Some)
            }
            Some(Found::Plain(Plain { label, content })) if label.mime_type != MimeType::Pdf => {
                Ok(Some(Content::new(content)))
            }
            Some(Found::Erased) => Err(Error::DocumentErased(id, side)),
            Some(Found::Kept(_) | Found::Plain(_)) | None => Ok(None),
        }
    }
}

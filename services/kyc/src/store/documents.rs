//! Where documents are kept: the only place that knows.

use sqlx::PgConnection;

use crate::{
    domain::{Documents, Verification},
    error::Error,
};

/// Stores the documents of a new attempt.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    verification: &Verification,
    documents: &Documents,
) -> Result<(), Error> {
    for (side, document) in documents.iter() {
        sqlx::query!(
            "
            insert into documents
                (tenant_id, verification_id, side, mime_type, content, create_time)
            values ($1, $2, $3, $4, $5, $6)
            ",
            verification.tenant.uuid(),
            verification.id.uuid(),
            side.as_str(),
            document.mime_type().as_str(),
            document.content(),
            verification.create_time,
        )
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

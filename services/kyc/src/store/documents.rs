//! Where documents are kept: the only place that knows.

use sqlx::PgConnection;

use crate::{
    domain::{Documents, Side, Verification},
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

/// An image that was sent in; none where there is none, or another kind of file.
pub(crate) async fn image(
    conn: &mut PgConnection,
    verification: &Verification,
    side: Side,
) -> Result<Option<Vec<u8>>, Error> {
    let content = sqlx::query_scalar!(
        "
        select content
        from documents
        where tenant_id = $1 and verification_id = $2 and side = $3
            and mime_type <> 'application/pdf'
        ",
        verification.tenant.uuid(),
        verification.id.uuid(),
        side.as_str(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(content)
}

//! Statements on the table `mrz_findings`.

use sqlx::PgConnection;
use types::{TenantId, VerificationId};

use crate::{
    domain::{Side, Verification},
    error::Error,
    mrz::{Finding, Findings, Source},
};

struct Row {
    side: String,
    source: String,
    format: String,
    check_digits: String,
    name: String,
    date_of_birth: String,
    expiry: String,
    country: String,
}

impl Row {
    fn read(self) -> Option<Findings> {
        Some(Findings {
            side: [Side::Front, Side::Back].into_iter().find(|side| side.as_str() == self.side)?,
            source: Source::parse(&self.source)?,
            format: self.format,
            check_digits: Finding::parse(&self.check_digits)?,
            name: Finding::parse(&self.name)?,
            date_of_birth: Finding::parse(&self.date_of_birth)?,
            expiry: Finding::parse(&self.expiry)?,
            country: Finding::parse(&self.country)?,
        })
    }
}

/// Stores what was found; what is there already stays.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    verification: &Verification,
    findings: &[Findings],
) -> Result<(), Error> {
    for found in findings {
        sqlx::query!(
            "
            insert into mrz_findings
                (tenant_id, verification_id, side, source, format, check_digits, name,
                 date_of_birth, expiry, country)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
            on conflict on constraint mrz_findings_pkey do nothing
            ",
            verification.tenant.uuid(),
            verification.id.uuid(),
            found.side.as_str(),
            found.source.as_str(),
            found.format,
            found.check_digits.as_str(),
            found.name.as_str(),
            found.date_of_birth.as_str(),
            found.expiry.as_str(),
            found.country.as_str(),
        )
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

/// What was found for a verification.
pub(crate) async fn of_verification(
    conn: &mut PgConnection,
    tenant: TenantId,
    verification: VerificationId,
) -> Result<Vec<Findings>, Error> {
    let rows = sqlx::query_as!(
        Row,
        "
        select side, source, format, check_digits, name, date_of_birth, expiry, country
        from mrz_findings
        where tenant_id = $1 and verification_id = $2
        order by side desc
        ",
        tenant.uuid(),
        verification.uuid(),
    )
    .fetch_all(conn)
    .await?;
    let read =
        rows.into_iter().map(|row| row.read().ok_or_else(|| Error::broken_row(verification)));
    read.collect()
}

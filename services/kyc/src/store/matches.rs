//! Statements on the table `screening_matches`, and on what it says of verifications.

use sqlx::PgConnection;
use time::OffsetDateTime;
use types::{CustomerId, TenantId, VerificationId};

use crate::{
    domain::{Status, Verification},
    error::Error,
    screening::{Difference, Match, REASON},
};

/// A match of a customer that was found before, and what became of it.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    pub(crate) verification: VerificationId,
    pub(crate) status: Status,
    /// It was left to a person, who has decided it or will: no provider has.
    pub(crate) reviewed: bool,
    pub(crate) list: String,
    pub(crate) entry: String,
    pub(crate) entry_hash: Vec<u8>,
    pub(crate) details_version: i64,
}

impl Known {
    /// Whether it is this match of these details, both as they were.
    pub(crate) fn is(&self, found: &Match, details_version: i64) -> bool {
        self.list == found.list.as_str()
            && self.entry == found.entry
            && self.entry_hash == found.entry_hash
            && self.details_version == details_version
    }
}

/// What a person looks at.
#[derive(Debug, Clone)]
pub(crate) struct Evidence {
    pub(crate) list: String,
    pub(crate) entry: String,
    pub(crate) name: String,
    pub(crate) score: i32,
    pub(crate) differences: Vec<String>,
    pub(crate) create_time: OffsetDateTime,
}

/// All matches of a customer.
pub(crate) async fn known(
    conn: &mut PgConnection,
    tenant: TenantId,
    customer: CustomerId,
) -> Result<Vec<Known>, Error> {
    let rows = sqlx::query!(
        r#"
        select m.verification_id, v.status, m.list, m.entry_id, m.entry_hash, m.details_version,
               exists (
                   select from verification_transitions t
                   where t.tenant_id = $1 and t.verification_id = v.verification_id
                       and t.status = 'in_review'
               ) as "reviewed!"
        from screening_matches m
        join verifications v
            on v.tenant_id = m.tenant_id and v.verification_id = m.verification_id
        where m.tenant_id = $1 and m.customer_id = $2
        "#,
        tenant.uuid(),
        customer.uuid(),
    )
    .fetch_all(conn)
    .await?;
    let known = rows.into_iter().map(|row| {
        let verification = VerificationId::from_uuid(row.verification_id);
        Ok(Known {
            verification,
            status: Status::parse(&row.status).ok_or_else(|| Error::broken_row(verification))?,
            reviewed: row.reviewed,
            list: row.list,
            entry: row.entry_id,
            entry_hash: row.entry_hash,
            details_version: row.details_version,
        })
    });
    known.collect()
}

/// Adds matches to a verification's evidence; what is there stays.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    verification: &Verification,
    details_version: i64,
    found: &[&Match],
) -> Result<(), Error> {
    for found in found {
        let differences: Vec<String> =
            found.differences.iter().copied().map(Difference::as_str).map(str::to_owned).collect();
        sqlx::query!(
            "
            insert into screening_matches
                (tenant_id, verification_id, customer_id, list, entry_id, entry_hash,
                 details_version, name, score, differences)
            values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
            on conflict on constraint screening_matches_pkey do update
            set entry_hash = excluded.entry_hash, details_version = excluded.details_version,
                name = excluded.name, score = excluded.score, differences = excluded.differences
            ",
            verification.tenant.uuid(),
            verification.id.uuid(),
            verification.customer.uuid(),
            found.list.as_str(),
            found.entry,
            found.entry_hash,
            details_version,
            found.name,
            i32::try_from(found.score).unwrap_or(i32::MAX),
            &differences,
        )
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

/// The version of the details that a verification's matches are of, the latest of them; none without any.
pub(crate) async fn details_version(
    conn: &mut PgConnection,
    verification: &Verification,
) -> Result<Option<i64>, Error> {
    let version = sqlx::query_scalar!(
        "
        select max(details_version)
        from screening_matches
        where tenant_id = $1 and verification_id = $2
        ",
        verification.tenant.uuid(),
        verification.id.uuid(),
    )
    .fetch_one(conn)
    .await?;
    Ok(version)
}

/// Makes the evidence of one verification another's too, which has none yet.
pub(crate) async fn copy(
    conn: &mut PgConnection,
    from: &Verification,
    to: &Verification,
) -> Result<(), Error> {
    sqlx::query!(
        "
        insert into screening_matches
            (tenant_id, verification_id, customer_id, list, entry_id, entry_hash, details_version,
             name, score, differences)
        select tenant_id, $3, customer_id, list, entry_id, entry_hash, details_version, name, score,
               differences
        from screening_matches
        where tenant_id = $1 and verification_id = $2
        ",
        from.tenant.uuid(),
        from.id.uuid(),
        to.id.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The evidence of a verification, the best match first.
pub(crate) async fn of_verification(
    conn: &mut PgConnection,
    tenant: TenantId,
    verification: VerificationId,
) -> Result<Vec<Evidence>, Error> {
    let rows = sqlx::query_as!(
        Evidence,
        "
        select list, entry_id as entry, name, score, differences, create_time
        from screening_matches
        where tenant_id = $1 and verification_id = $2
        order by score desc, list, entry_id
        ",
        tenant.uuid(),
        verification.uuid(),
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// The customer's attempt that is under way, kept from changing until the transaction ends.
pub(crate) async fn lock_under_way(
    conn: &mut PgConnection,
    tenant: TenantId,
    customer: CustomerId,
) -> Result<Option<VerificationId>, Error> {
    let id = sqlx::query_scalar!(
        "
        select verification_id
        from verifications
        where tenant_id = $1 and customer_id = $2 and status in ('pending', 'in_review')
        for no key update
        ",
        tenant.uuid(),
        customer.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(id.map(VerificationId::from_uuid))
}

/// Counts that matches were added to a verification's evidence, and adds to the reasons of a review that is
/// under way already. The verification must be locked.
pub(crate) async fn note_added(
    conn: &mut PgConnection,
    verification: &Verification,
) -> Result<(), Error> {
    sqlx::query!(
        "
        update verifications
        set evidence_version = evidence_version + 1,
            reasons = case
                when status = 'in_review' and not ($3 = any (reasons)) then array_append(reasons, $3)
                else reasons
            end
        where tenant_id = $1 and verification_id = $2
        ",
        verification.tenant.uuid(),
        verification.id.uuid(),
        REASON,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Whether the last of the customer's attempts that came to a result, for these details and before this
/// one, established the identity. To clear a match, in a review that screening asked for, establishes
/// nothing.
pub(crate) async fn was_verified(
    conn: &mut PgConnection,
    verification: &Verification,
) -> Result<bool, Error> {
    let status = sqlx::query_scalar!(
        "
        select status
        from verifications
        where tenant_id = $1 and customer_id = $2 and verification_id < $3
            and details_version = $4 and status in ('verified', 'in_review', 'rejected')
            and (id_type <> 'none' or status = 'rejected')
        order by verification_id desc
        limit 1
        ",
        verification.tenant.uuid(),
        verification.customer.uuid(),
        verification.id.uuid(),
        verification.details_version,
    )
    .fetch_optional(conn)
    .await?;
    Ok(status.as_deref() == Some(Status::Verified.as_str()))
}

/// Removes all of a customer's.
pub(crate) async fn erase(
    conn: &mut PgConnection,
    tenant: TenantId,
    customer: CustomerId,
) -> Result<(), Error> {
    sqlx::query!(
        "
        delete from screening_matches
        where tenant_id = $1 and customer_id = $2
        ",
        tenant.uuid(),
        customer.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

//! Statements on the table `verifications`, for those who ask. When work on them is due is not here.

use kit::{caller::Caller, postgres};
use sqlx::PgConnection;
use time::OffsetDateTime;
use types::{CustomerId, TenantId, VerificationId};
use uuid::Uuid;

use crate::{
    domain::{IdType, Lifecycle, Status, Verification},
    error::Error,
    store::transitions,
};

/// Which verifications a list is about. What is absent lets all through.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Filter {
    pub(crate) customer: Option<CustomerId>,
    pub(crate) status: Option<Status>,
}

/// Which part of a list is wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Page {
    /// The last verification of the page before.
    pub(crate) after: Option<VerificationId>,
    pub(crate) limit: i64,
}

/// A verification as it is stored.
struct Row {
    tenant_id: Uuid,
    verification_id: Uuid,
    customer_id: Uuid,
    provider: String,
    id_type: String,
    status: String,
    reasons: Vec<String>,
    details_version: i64,
    version: i64,
    create_time: OffsetDateTime,
    update_time: OffsetDateTime,
}

impl TryFrom<Row> for Verification {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let id = VerificationId::from_uuid(row.verification_id);
        let broken = || Error::broken_row(id);
        let status = Status::parse(&row.status).ok_or_else(broken)?;
        Ok(Self {
            tenant: TenantId::from_uuid(row.tenant_id),
            id,
            customer: CustomerId::from_uuid(row.customer_id),
            provider: row.provider,
            id_type: IdType::parse(&row.id_type).ok_or_else(broken)?,
            details_version: row.details_version,
            create_time: row.create_time,
            lifecycle: Lifecycle::restore(status, row.reasons, row.version, row.update_time),
        })
    }
}

/// Stores a new attempt, with its work due at once. `adapter` is who decides.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    verification: &Verification,
    adapter: &str,
) -> Result<(), Error> {
    let lifecycle = &verification.lifecycle;
    let inserted = sqlx::query!(
        "
        insert into verifications
            (tenant_id, verification_id, customer_id, provider, id_type, status, reasons,
             details_version, version, reported_version, attempts, next_attempt_time, create_time,
             update_time, adapter)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, 0, now(), $10, $11, $12)
        ",
        verification.tenant.uuid(),
        verification.id.uuid(),
        verification.customer.uuid(),
        verification.provider,
        verification.id_type.as_str(),
        lifecycle.status().as_str(),
        lifecycle.reasons(),
        verification.details_version,
        lifecycle.version(),
        verification.create_time,
        lifecycle.update_time(),
        adapter,
    )
    .execute(conn)
    .await;
    match inserted {
        Ok(_) => Ok(()),
        Err(error) if postgres::constraint(&error) == Some("verifications_one_in_progress") => {
            Err(Error::VerificationInProgress(verification.customer))
        }
        Err(error) => Err(error.into()),
    }
}

/// The greatest id of the customer's other attempts, if it is greater than this one's: a process whose
/// clock is ahead made it.
pub(crate) async fn greater_id(
    conn: &mut PgConnection,
    verification: &Verification,
) -> Result<Option<VerificationId>, Error> {
    let id = sqlx::query_scalar!(
        "
        select verification_id
        from verifications
        where tenant_id = $1 and customer_id = $2 and verification_id > $3
        order by verification_id desc
        limit 1
        ",
        verification.tenant.uuid(),
        verification.customer.uuid(),
        verification.id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(id.map(VerificationId::from_uuid))
}

pub(crate) async fn find(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: VerificationId,
) -> Result<Option<Verification>, Error> {
    let row = sqlx::query_as!(
        Row,
        "
        select tenant_id, verification_id, customer_id, provider, id_type, status, reasons,
               details_version, version, create_time, update_time
        from verifications
        where tenant_id = $1 and verification_id = $2
        ",
        tenant.uuid(),
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    row.map(Verification::try_from).transpose()
}

/// Reads one verification and keeps everybody else from changing it until the transaction ends.
pub(crate) async fn lock(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: VerificationId,
) -> Result<Option<Verification>, Error> {
    let row = sqlx::query_as!(
        Row,
        "
        select tenant_id, verification_id, customer_id, provider, id_type, status, reasons,
               details_version, version, create_time, update_time
        from verifications
        where tenant_id = $1 and verification_id = $2
        for no key update
        ",
        tenant.uuid(),
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    row.map(Verification::try_from).transpose()
}

/// The version of the evidence that a decision would rest on now; none without the verification. What is
/// added later has a greater one, so whoever reads the evidence reads this first.
pub(crate) async fn evidence_version(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: VerificationId,
) -> Result<Option<i64>, Error> {
    let version = sqlx::query_scalar!(
        "select evidence_version from verifications where tenant_id = $1 and verification_id = $2",
        tenant.uuid(),
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(version)
}

/// Stores a transition: the one from the version before, `by` a person's request or a worker. The work
/// is left to whoever does it; it is due at once where nobody did any more.
pub(crate) async fn save_transition(
    conn: &mut PgConnection,
    verification: &Verification,
    by: Option<&Caller>,
) -> Result<(), Error> {
    let lifecycle = &verification.lifecycle;
    let saved = sqlx::query!(
        "
        update verifications
        set status = $3, reasons = $4, version = $5, update_time = $6,
            evidence_version = evidence_version + 1,
            next_attempt_time = coalesce(next_attempt_time, $6)
        where tenant_id = $1 and verification_id = $2 and version = $5::bigint - 1
        ",
        verification.tenant.uuid(),
        verification.id.uuid(),
        lifecycle.status().as_str(),
        lifecycle.reasons(),
        lifecycle.version(),
        lifecycle.update_time(),
    )
    .execute(&mut *conn)
    .await?;
    if saved.rows_affected() != 1 {
        return Err(Error::broken_row(verification.id));
    }
    transitions::insert(conn, verification, by).await
}

/// A page of those that the filter lets through, newest first.
pub(crate) async fn list(
    conn: &mut PgConnection,
    tenant: TenantId,
    filter: Filter,
    page: Page,
) -> Result<Vec<Verification>, Error> {
    let rows = sqlx::query_as!(
        Row,
        "
        select tenant_id, verification_id, customer_id, provider, id_type, status, reasons,
               details_version, version, create_time, update_time
        from verifications
        where tenant_id = $1
            and ($2::uuid is null or customer_id = $2)
            and ($3::text is null or status = $3)
            and ($4::uuid is null or verification_id < $4)
        order by verification_id desc
        limit $5
        ",
        tenant.uuid(),
        filter.customer.map(CustomerId::uuid),
        filter.status.map(Status::as_str),
        page.after.map(VerificationId::uuid),
        page.limit,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Verification::try_from).collect()
}

/// How many the filter lets through.
pub(crate) async fn count(
    conn: &mut PgConnection,
    tenant: TenantId,
    filter: Filter,
) -> Result<i64, Error> {
    let count = sqlx::query_scalar!(
        r#"
        select count(*) as "count!"
        from verifications
        where tenant_id = $1
            and ($2::uuid is null or customer_id = $2)
            and ($3::text is null or status = $3)
        "#,
        tenant.uuid(),
        filter.customer.map(CustomerId::uuid),
        filter.status.map(Status::as_str),
    )
    .fetch_one(conn)
    .await?;
    Ok(count)
}

/// The newest of each customer that has any, in the order of `customers`.
pub(crate) async fn latest(
    conn: &mut PgConnection,
    tenant: TenantId,
    customers: &[CustomerId],
) -> Result<Vec<Verification>, Error> {
    let customers: Vec<Uuid> = customers.iter().map(|customer| customer.uuid()).collect();
    let rows = sqlx::query_as!(
        Row,
        "
        select v.tenant_id, v.verification_id, v.customer_id, v.provider, v.id_type, v.status,
               v.reasons, v.details_version, v.version, v.create_time, v.update_time
        from unnest($2::uuid[]) with ordinality as asked (customer_id, place)
        cross join lateral (
            select tenant_id, verification_id, customer_id, provider, id_type, status, reasons,
                   details_version, version, create_time, update_time
            from verifications
            where tenant_id = $1 and customer_id = asked.customer_id
            order by verification_id desc
            limit 1
        ) v
        order by place
        ",
        tenant.uuid(),
        &customers,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Verification::try_from).collect()
}

//! Statements on the table `customers`. How many a tenant has in all is kept apart, in
//! [`counts`]; how often one was enabled or disabled, in [`standings`]; who was changed, in [`changes`].

use std::ops::Range;

use sqlx::PgConnection;
use time::{Duration, OffsetDateTime};
use types::{CustomerId, TenantId};
use uuid::Uuid;

use crate::{
    domain::{Customer, CustomerType},
    error::Error,
};

pub(crate) mod changes;
pub(crate) mod counts;
pub(crate) mod retention;
mod row;
pub(crate) mod standings;

use row::Row;
pub(crate) use row::{key, state};

/// How far the time in an id may be from the time of creation: a clock may be set in between.
const CLOCK_MARGIN: Duration = Duration::MINUTE;

/// Which customers a list is about. What is absent lets everyone through.
#[derive(Default, PartialEq)]
pub(crate) struct Filter {
    pub(crate) customer_type: Option<CustomerType>,
    pub(crate) active: Option<bool>,
    pub(crate) verified: Option<bool>,
    /// In the form that is compared.
    pub(crate) email_key: Option<String>,
    /// In lower case.
    pub(crate) name_prefix: Option<String>,
    pub(crate) create_time_from: Option<OffsetDateTime>,
    pub(crate) create_time_before: Option<OffsetDateTime>,
}

impl Filter {
    /// The range of ids that those created in time can have. It is a range of the primary key, which
    /// the times are not.
    fn ids(&self) -> Range<Uuid> {
        let from = self.create_time_from.map(|at| first_id(at.saturating_sub(CLOCK_MARGIN)));
        let before = self.create_time_before.map(|at| first_id(at.saturating_add(CLOCK_MARGIN)));
        from.unwrap_or(Uuid::nil())..before.unwrap_or(Uuid::max())
    }
}

/// The least UUIDv7 of a time.
fn first_id(at: OffsetDateTime) -> Uuid {
    let ms = u128::try_from(at.unix_timestamp_nanos() / 1_000_000).unwrap_or_default();
    Uuid::from_u128(ms.saturating_mul(1 << 80))
}

/// Which part of a list is wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Page {
    /// The last customer of the page before.
    pub(crate) after: Option<CustomerId>,
    pub(crate) limit: i64,
}

pub(crate) async fn insert(
    conn: &mut PgConnection,
    tenant: TenantId,
    customer: &Customer,
) -> Result<(), Error> {
    let row = Row::from(customer);
    sqlx::query!(
        "
        insert into customers
            (tenant_id, customer_id, customer_type, first_name, middle_name, last_name,
             company_name, name_key, address_number, address_refinement, address_street,
             address_region, address_city, address_postal_code, address_iso_country, date_of_birth,
             email, email_key, phone, phone_e164, active, verification_status, details_version,
             verification_id, verification_version, create_time, update_time, audit_key)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
                $19, $20, $21, $22, $23, $24, $25, $26, $27, $28)
        ",
        tenant.uuid(),
        row.customer_id,
        row.customer_type,
        row.first_name,
        row.middle_name,
        row.last_name,
        row.company_name,
        key(&customer.details.name()),
        row.address_number,
        row.address_refinement,
        row.address_street,
        row.address_region,
        row.address_city,
        row.address_postal_code,
        row.address_iso_country,
        row.date_of_birth,
        row.email,
        row.email_key,
        row.phone,
        row.phone_e164,
        row.active,
        row.verification_status,
        row.details_version,
        row.verification_id,
        row.verification_version,
        row.create_time,
        row.update_time,
        row.audit_key,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes all that can change.
pub(crate) async fn update(
    conn: &mut PgConnection,
    tenant: TenantId,
    customer: &Customer,
) -> Result<(), Error> {
    let row = Row::from(customer);
    sqlx::query!(
        "
        update customers set
            first_name = $3, middle_name = $4, last_name = $5, company_name = $6, name_key = $7,
            address_number = $8, address_refinement = $9, address_street = $10,
            address_region = $11, address_city = $12, address_postal_code = $13,
            address_iso_country = $14, date_of_birth = $15, email = $16, email_key = $17,
            phone = $18, phone_e164 = $19, active = $20, verification_status = $21,
            details_version = $22, verification_id = $23, verification_version = $24,
            update_time = $25, relationship_ended_at = $26, legal_hold = $27, erased_at = $28,
            audit_key = $29
        where tenant_id = $1 and customer_id = $2
        ",
        tenant.uuid(),
        row.customer_id,
        row.first_name,
        row.middle_name,
        row.last_name,
        row.company_name,
        key(&customer.details.name()),
        row.address_number,
        row.address_refinement,
        row.address_street,
        row.address_region,
        row.address_city,
        row.address_postal_code,
        row.address_iso_country,
        row.date_of_birth,
        row.email,
        row.email_key,
        row.phone,
        row.phone_e164,
        row.active,
        row.verification_status,
        row.details_version,
        row.verification_id,
        row.verification_version,
        row.update_time,
        row.relationship_ended_at,
        row.legal_hold,
        row.erased_at,
        row.audit_key,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(crate) async fn find(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: CustomerId,
) -> Result<Option<Customer>, Error> {
    Ok(find_many(conn, tenant, &[id]).await?.pop())
}

/// The customers that exist, in the order of `ids`.
pub(crate) async fn find_many(
    conn: &mut PgConnection,
    tenant: TenantId,
    ids: &[CustomerId],
) -> Result<Vec<Customer>, Error> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let rows = sqlx::query_as!(
        Row,
        r#"
        select c.customer_id, customer_type, first_name, middle_name, last_name, company_name,
               address_number, address_refinement, address_street, address_region, address_city,
               address_postal_code, address_iso_country, date_of_birth, email, email_key, phone,
               phone_e164, active, verification_status, details_version, verification_id,
               verification_version, relationship_ended_at, legal_hold, erased_at, create_time,
               update_time, audit_key
        from unnest($2::uuid[]) with ordinality as asked (customer_id, place)
        join customers c on c.tenant_id = $1 and c.customer_id = asked.customer_id
        order by place
        "#,
        tenant.uuid(),
        &ids,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Customer::try_from).collect()
}

/// Reads one customer and keeps everybody else from changing it until the transaction ends.
pub(crate) async fn lock(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: CustomerId,
) -> Result<Option<Customer>, Error> {
    let row = sqlx::query_as!(
        Row,
        "
        select customer_id, customer_type, first_name, middle_name, last_name, company_name,
               address_number, address_refinement, address_street, address_region, address_city,
               address_postal_code, address_iso_country, date_of_birth, email, email_key, phone,
               phone_e164, active, verification_status, details_version, verification_id,
               verification_version, relationship_ended_at, legal_hold, erased_at, create_time,
               update_time, audit_key
        from customers
        where tenant_id = $1 and customer_id = $2
        for no key update
        ",
        tenant.uuid(),
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    row.map(Customer::try_from).transpose()
}

/// A page of those whom the filter lets through, newest first.
pub(crate) async fn list(
    conn: &mut PgConnection,
    tenant: TenantId,
    filter: &Filter,
    page: &Page,
) -> Result<Vec<Customer>, Error> {
    let ids = filter.ids();
    let rows = sqlx::query_as!(
        Row,
        "
        select customer_id, customer_type, first_name, middle_name, last_name, company_name,
               address_number, address_refinement, address_street, address_region, address_city,
               address_postal_code, address_iso_country, date_of_birth, email, email_key, phone,
               phone_e164, active, verification_status, details_version, verification_id,
               verification_version, relationship_ended_at, legal_hold, erased_at, create_time,
               update_time, audit_key
        from customers
        where tenant_id = $1
            and ($2::text is null or customer_type = $2)
            and ($3::boolean is null or active = $3)
            and ($4::boolean is null or (verification_status = 'verified') = $4)
            and ($5::text is null or email_key = $5)
            and ($6::text is null or starts_with(name_key, $6))
            and ($7::timestamptz is null or create_time >= $7)
            and ($8::timestamptz is null or create_time < $8)
            and customer_id >= $9 and customer_id < $10
        order by customer_id desc
        limit $11
        ",
        tenant.uuid(),
        filter.customer_type.map(CustomerType::as_str),
        filter.active,
        filter.verified,
        filter.email_key,
        filter.name_prefix,
        filter.create_time_from,
        filter.create_time_before,
        ids.start,
        page.after.map_or(ids.end, |after| ids.end.min(after.uuid())),
        page.limit,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Customer::try_from).collect()
}

/// How many the filter lets through.
pub(crate) async fn count(
    conn: &mut PgConnection,
    tenant: TenantId,
    filter: &Filter,
) -> Result<i64, Error> {
    let ids = filter.ids();
    let count = sqlx::query_scalar!(
        r#"
        select count(*) as "count!"
        from customers
        where tenant_id = $1
            and ($2::text is null or customer_type = $2)
            and ($3::boolean is null or active = $3)
            and ($4::boolean is null or (verification_status = 'verified') = $4)
            and ($5::text is null or email_key = $5)
            and ($6::text is null or starts_with(name_key, $6))
            and ($7::timestamptz is null or create_time >= $7)
            and ($8::timestamptz is null or create_time < $8)
            and customer_id >= $9 and customer_id < $10
        "#,
        tenant.uuid(),
        filter.customer_type.map(CustomerType::as_str),
        filter.active,
        filter.verified,
        filter.email_key,
        filter.name_prefix,
        filter.create_time_from,
        filter.create_time_before,
        ids.start,
        ids.end,
    )
    .fetch_one(conn)
    .await?;
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_range_is_a_range_of_ids_around_it() {
        let at = OffsetDateTime::now_utc();
        let filter = |from, before| Filter {
            create_time_from: from,
            create_time_before: before,
            ..Filter::default()
        };
        let id = CustomerId::new().uuid();
        let hour = Duration::HOUR;

        assert!(filter(Some(at), Some(at)).ids().contains(&id));
        assert!(filter(None, None).ids().contains(&id));
        assert!(!filter(Some(at.saturating_add(hour)), None).ids().contains(&id));
        assert!(!filter(None, Some(at.saturating_sub(hour))).ids().contains(&id));
    }

    #[test]
    fn a_time_that_no_id_can_hold_bounds_nothing_wrongly() {
        let year_one = OffsetDateTime::UNIX_EPOCH.saturating_sub(Duration::days(700_000));

        assert_eq!(first_id(year_one), Uuid::nil());
    }
}

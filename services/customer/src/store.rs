//! Statements on the table `customers`. How many a tenant has in all is kept apart, in
//! [`counts`]; how often one was enabled or disabled, in [`standings`]; who was changed, in [`changes`].

use std::ops::Range;

use kit::{audit::Digest, keys::IndexKey};
use sqlx::PgConnection;
use time::{Duration, OffsetDateTime};
use types::{CustomerId, TenantId};
use uuid::Uuid;

use crate::{
    domain::{Customer, CustomerType},
    error::Error,
    personal::Safe,
};

pub(crate) mod changes;
pub(crate) mod counts;
pub(crate) mod in_clear;
pub(crate) mod index_keys;
pub(crate) mod retention;
mod row;
pub(crate) mod standings;

use row::{ReadRow, Row};
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
    safe: &Safe,
    index_key: &IndexKey,
    customer: &Customer,
) -> Result<(), Error> {
    let row = Row::seal(customer, safe, index_key)?;
    sqlx::query!(
        "
        insert into customers
            (tenant_id, customer_id, customer_type, first_name, middle_name, last_name,
             company_name, name_key, address_iso_country, personal, personal_key,
             personal_key_version, email_index, active, verification_status, details_version,
             verification_id, verification_version, create_time, update_time)
        values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18,
                $19, $20)
        ",
        safe.tenant().uuid(),
        row.customer_id,
        row.customer_type,
        row.first_name,
        row.middle_name,
        row.last_name,
        row.company_name,
        key(&customer.details.name()),
        row.address_iso_country,
        row.personal,
        row.personal_key,
        row.personal_key_version,
        row.email_index,
        row.active,
        row.verification_status,
        row.details_version,
        row.verification_id,
        row.verification_version,
        row.create_time,
        row.update_time,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes all that can change.
pub(crate) async fn update(
    conn: &mut PgConnection,
    safe: &Safe,
    index_key: &IndexKey,
    customer: &Customer,
) -> Result<(), Error> {
    let row = Row::seal(customer, safe, index_key)?;
    sqlx::query!(
        "
        update customers set
            first_name = $3, middle_name = $4, last_name = $5, company_name = $6, name_key = $7,
            address_iso_country = $8, personal = $9, personal_key = $10,
            personal_key_version = $11, email_index = $12, active = $13,
            verification_status = $14, details_version = $15, verification_id = $16,
            verification_version = $17, update_time = $18, relationship_ended_at = $19,
            legal_hold = $20, erased_at = $21,
            address_number = null, address_refinement = null, address_street = null,
            address_region = null, address_city = null, address_postal_code = null,
            date_of_birth = null, email = null, email_key = null, phone = null, phone_e164 = null
        where tenant_id = $1 and customer_id = $2
        ",
        safe.tenant().uuid(),
        row.customer_id,
        row.first_name,
        row.middle_name,
        row.last_name,
        row.company_name,
        key(&customer.details.name()),
        row.address_iso_country,
        row.personal,
        row.personal_key,
        row.personal_key_version,
        row.email_index,
        row.active,
        row.verification_status,
        row.details_version,
        row.verification_id,
        row.verification_version,
        row.update_time,
        row.relationship_ended_at,
        row.legal_hold,
        row.erased_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

pub(crate) async fn find(
    conn: &mut PgConnection,
    safe: &Safe,
    id: CustomerId,
) -> Result<Option<Customer>, Error> {
    find_each(conn, safe, &[id]).await?.pop().map(|(_, read)| read).transpose()
}

/// The customers that exist, in the order of `ids`.
pub(crate) async fn find_many(
    conn: &mut PgConnection,
    safe: &Safe,
    ids: &[CustomerId],
) -> Result<Vec<Customer>, Error> {
    find_each(conn, safe, ids).await?.into_iter().map(|(_, read)| read).collect()
}

/// The customers that exist, in the order of `ids`, each read or with why it cannot be.
pub(crate) async fn find_each(
    conn: &mut PgConnection,
    safe: &Safe,
    ids: &[CustomerId],
) -> Result<Vec<(CustomerId, Result<Customer, Error>)>, Error> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let rows = sqlx::query_as!(
        ReadRow,
        r#"
        select c.customer_id, customer_type, first_name, middle_name, last_name, company_name,
               address_number, address_refinement, address_street, address_region, address_city,
               address_postal_code, address_iso_country, date_of_birth, email, phone, phone_e164,
               personal, personal_key, personal_key_version, active, verification_status, details_version, verification_id,
               verification_version, relationship_ended_at, legal_hold, erased_at, create_time,
               update_time
        from unnest($2::uuid[]) with ordinality as asked (customer_id, place)
        join customers c on c.tenant_id = $1 and c.customer_id = asked.customer_id
        order by place
        "#,
        safe.tenant().uuid(),
        &ids,
    )
    .fetch_all(conn)
    .await?;
    let each = |row: ReadRow| (CustomerId::from_uuid(row.customer_id), row.open(safe));
    Ok(rows.into_iter().map(each).collect())
}

/// Reads one customer and keeps everybody else from changing it until the transaction ends.
pub(crate) async fn lock(
    conn: &mut PgConnection,
    safe: &Safe,
    id: CustomerId,
) -> Result<Option<Customer>, Error> {
    let row = sqlx::query_as!(
        ReadRow,
        "
        select customer_id, customer_type, first_name, middle_name, last_name, company_name,
               address_number, address_refinement, address_street, address_region, address_city,
               address_postal_code, address_iso_country, date_of_birth, email, phone, phone_e164,
               personal, personal_key, personal_key_version, active, verification_status, details_version, verification_id,
               verification_version, relationship_ended_at, legal_hold, erased_at, create_time,
               update_time
        from customers
        where tenant_id = $1 and customer_id = $2
        for no key update
        ",
        safe.tenant().uuid(),
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    row.map(|row| row.open(safe)).transpose()
}

/// Keeps everybody else from changing a customer, and reads it as far as it is needed to erase it: where the
/// personal data cannot be read, without that. The audit log's digest of its state, or why there is none.
pub(crate) async fn lock_to_erase(
    conn: &mut PgConnection,
    safe: &Safe,
    id: CustomerId,
) -> Result<Option<(Customer, Result<Digest, Error>)>, Error> {
    let row = sqlx::query_as!(
        ReadRow,
        "
        select customer_id, customer_type, first_name, middle_name, last_name, company_name,
               address_number, address_refinement, address_street, address_region, address_city,
               address_postal_code, address_iso_country, date_of_birth, email, phone, phone_e164,
               personal, personal_key, personal_key_version, active, verification_status, details_version, verification_id,
               verification_version, relationship_ended_at, legal_hold, erased_at, create_time,
               update_time
        from customers
        where tenant_id = $1 and customer_id = $2
        for no key update
        ",
        safe.tenant().uuid(),
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let without = row.without_personal();
    match row.open(safe) {
        Ok(customer) => {
            let state = state(&customer);
            Ok(Some((customer, Ok(state))))
        }
        Err(error) => Ok(Some((without?, Err(error)))),
    }
}

/// Writes that a customer's personal data is erased. No key is needed.
pub(crate) async fn erase(
    conn: &mut PgConnection,
    tenant: TenantId,
    erased: &Customer,
) -> Result<(), Error> {
    sqlx::query!(
        "
        update customers set
            first_name = null, middle_name = null, last_name = null, company_name = null,
            name_key = '', personal = null, personal_key = null, personal_key_version = null,
            email_index = null, address_number = null, address_refinement = null,
            address_street = null, address_region = null, address_city = null,
            address_postal_code = null, date_of_birth = null, email = null, email_key = null,
            phone = null, phone_e164 = null, update_time = $3, erased_at = $4
        where tenant_id = $1 and customer_id = $2
        ",
        tenant.uuid(),
        erased.id.uuid(),
        erased.update_time,
        erased.retention.erased_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A page of those whom the filter lets through, newest first.
pub(crate) async fn list(
    conn: &mut PgConnection,
    safe: &Safe,
    filter: &Filter,
    email_index: Option<&[u8]>,
    page: &Page,
) -> Result<Vec<Customer>, Error> {
    let ids = filter.ids();
    let rows = sqlx::query_as!(
        ReadRow,
        "
        select customer_id, customer_type, first_name, middle_name, last_name, company_name,
               address_number, address_refinement, address_street, address_region, address_city,
               address_postal_code, address_iso_country, date_of_birth, email, phone, phone_e164,
               personal, personal_key, personal_key_version, active, verification_status, details_version, verification_id,
               verification_version, relationship_ended_at, legal_hold, erased_at, create_time,
               update_time
        from customers
        where tenant_id = $1
            and ($2::text is null or customer_type = $2)
            and ($3::boolean is null or active = $3)
            and ($4::boolean is null or (verification_status = 'verified') = $4)
            and ($5::text is null or email_key = $5 or email_index = $12)
            and ($6::text is null or starts_with(name_key, $6))
            and ($7::timestamptz is null or create_time >= $7)
            and ($8::timestamptz is null or create_time < $8)
            and customer_id >= $9 and customer_id < $10
        order by customer_id desc
        limit $11
        ",
        safe.tenant().uuid(),
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
        email_index,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(|row| row.open(safe)).collect()
}

/// How many the filter lets through.
pub(crate) async fn count(
    conn: &mut PgConnection,
    tenant: TenantId,
    filter: &Filter,
    email_index: Option<&[u8]>,
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
            and ($5::text is null or email_key = $5 or email_index = $11)
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
        email_index,
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

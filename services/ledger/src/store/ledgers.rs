//! Ledgers, with what their accounts hold.

use sqlx::PgConnection;
use time::OffsetDateTime;
use types::{AccountNumber, Bic, Currency, CustomerId, Iban, LedgerId, Owner, SortCode, TenantId};
use uuid::Uuid;

use super::{addresses, kept};
use crate::{
    domain::ledger::{
        BankDetails, InternationalAccount, Ledger, NewLedger, PrimaryUse, Summary, UkAccount,
    },
    error::Error,
};

/// Writes an empty, active ledger and its account.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    tenant: TenantId,
    new: NewLedger,
    uk: UkAccount,
    international: InternationalAccount,
) -> Result<Ledger, Error> {
    let id = LedgerId::new();
    let primary_use: Vec<String> =
        new.primary_use.iter().map(|used| used.word().to_owned()).collect();
    let at = sqlx::query_scalar!(
        "
        with account as (
            insert into accounts (tenant_id, account_id, kind, currency, active, floor_minor)
            values ($1, $2, 'customer', $3, true, 0)
        ),
        addresses as (
            insert into ledger_addresses (address, tenant_id, ledger_id, customer_id)
            values ($11, $1, $2, $4), ($12, $1, $2, $4)
        )
        insert into ledgers (
            tenant_id, ledger_id, customer_id, primary_use, owner, sort_code, account_number, iban,
            bic_swift, create_time, update_time
        )
        values ($1, $2, $4, $5, $6, $7, $8, $9, $10, now(), now())
        returning create_time
        ",
        tenant.uuid(),
        id.uuid(),
        new.currency.code(),
        new.customer_id.uuid(),
        &primary_use,
        new.owner.as_str(),
        uk.sort_code.as_str(),
        uk.account_number.as_str(),
        international.iban.as_str(),
        international.bic.as_ref().map_or("", Bic::as_str),
        addresses::of_uk(&uk),
        addresses::of_iban(&international.iban),
    )
    .fetch_one(conn)
    .await?;
    let NewLedger { customer_id, currency, primary_use, owner } = new;
    Ok(Ledger {
        id,
        customer_id,
        currency,
        primary_use,
        owner,
        active: true,
        balance_minor: 0,
        held_minor: 0,
        overdraft_limit_minor: 0,
        bank_details: BankDetails { uk: Some(uk), international: Some(international) },
        create_time: at,
        update_time: at,
    })
}

/// Records when something about a ledger changed.
pub(crate) async fn touch(
    conn: &mut PgConnection,
    tenant: TenantId,
    ledger: LedgerId,
) -> Result<(), Error> {
    sqlx::query!(
        "
        update ledgers set update_time = greatest(update_time, statement_timestamp())
        where tenant_id = $1 and ledger_id = $2
        ",
        tenant.uuid(),
        ledger.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// The ledgers that these ids name, in no order.
pub(crate) async fn find(
    conn: &mut PgConnection,
    tenant: TenantId,
    ids: &[LedgerId],
) -> Result<Vec<Ledger>, Error> {
    let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
    let rows = sqlx::query_as!(
        Row,
        "
        select
            l.ledger_id, l.customer_id, l.primary_use, l.owner, l.sort_code, l.account_number,
            l.iban, l.bic_swift, l.create_time, l.update_time, a.currency, a.active,
            a.balance_minor, a.held_minor, a.floor_minor
        from ledgers l
        join accounts a on a.tenant_id = l.tenant_id and a.account_id = l.ledger_id
        where l.tenant_id = $1 and l.ledger_id = any($2)
        ",
        tenant.uuid(),
        &ids,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Ledger::try_from).collect()
}

/// A customer's ledgers, newest first, from the one after `before` on.
pub(crate) async fn of_customer(
    conn: &mut PgConnection,
    tenant: TenantId,
    customer: CustomerId,
    before: Option<LedgerId>,
    limit: i64,
) -> Result<Vec<Ledger>, Error> {
    let rows = sqlx::query_as!(
        Row,
        "
        select
            l.ledger_id, l.customer_id, l.primary_use, l.owner, l.sort_code, l.account_number,
            l.iban, l.bic_swift, l.create_time, l.update_time, a.currency, a.active,
            a.balance_minor, a.held_minor, a.floor_minor
        from ledgers l
        join accounts a on a.tenant_id = l.tenant_id and a.account_id = l.ledger_id
        where l.tenant_id = $1 and l.customer_id = $2 and l.ledger_id < $3
        order by l.ledger_id desc
        limit $4
        ",
        tenant.uuid(),
        customer.uuid(),
        before.map_or(Uuid::max(), LedgerId::uuid),
        limit,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Ledger::try_from).collect()
}

/// How many ledgers a customer has.
pub(crate) async fn count(
    conn: &mut PgConnection,
    tenant: TenantId,
    customer: CustomerId,
) -> Result<i64, Error> {
    let count = sqlx::query_scalar!(
        r#"
        select count(*) as "count!" from ledgers where tenant_id = $1 and customer_id = $2
        "#,
        tenant.uuid(),
        customer.uuid(),
    )
    .fetch_one(conn)
    .await?;
    Ok(count)
}

/// Sums up the ledgers of each of these customers that has any, in no order.
pub(crate) async fn summaries(
    conn: &mut PgConnection,
    tenant: TenantId,
    customers: &[CustomerId],
) -> Result<Vec<Summary>, Error> {
    let customers: Vec<Uuid> = customers.iter().map(|id| id.uuid()).collect();
    let rows = sqlx::query!(
        r#"
        select
            customer_id,
            count(distinct ledger_id) as "ledger_count!",
            array_agg(distinct word) as "primary_use!"
        from ledgers, unnest(primary_use) as word
        where tenant_id = $1 and customer_id = any($2)
        group by customer_id
        "#,
        tenant.uuid(),
        &customers,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let mut primary_use = uses(&row.primary_use)?;
            primary_use.sort_unstable();
            Ok(Summary {
                customer_id: CustomerId::from_uuid(row.customer_id),
                ledger_count: row.ledger_count,
                primary_use,
            })
        })
        .collect()
}

struct Row {
    ledger_id: Uuid,
    customer_id: Uuid,
    primary_use: Vec<String>,
    owner: String,
    sort_code: String,
    account_number: String,
    iban: String,
    bic_swift: String,
    create_time: OffsetDateTime,
    update_time: OffsetDateTime,
    currency: String,
    active: bool,
    balance_minor: i64,
    held_minor: i64,
    floor_minor: Option<i64>,
}

impl TryFrom<Row> for Ledger {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        Ok(Self {
            id: LedgerId::from_uuid(row.ledger_id),
            customer_id: CustomerId::from_uuid(row.customer_id),
            currency: kept("currency", Currency::parse(&row.currency))?,
            primary_use: uses(&row.primary_use)?,
            owner: kept("owner", Owner::parse(&row.owner))?,
            active: row.active,
            balance_minor: row.balance_minor,
            held_minor: row.held_minor,
            overdraft_limit_minor: row.floor_minor.unwrap_or_default().saturating_neg(),
            bank_details: BankDetails {
                uk: uk_account(Some(&row.sort_code), Some(&row.account_number))?,
                international: international_account(Some(&row.iban), Some(&row.bic_swift))?,
            },
            create_time: row.create_time,
            update_time: row.update_time,
        })
    }
}

fn uses(words: &[String]) -> Result<Vec<PrimaryUse>, Error> {
    words
        .iter()
        .map(|word| PrimaryUse::from_word(word).ok_or_else(|| Error::corrupt("primary use")))
        .collect()
}

/// A UK address as it was stored, when it was.
pub(super) fn uk_account(
    sort_code: Option<&str>,
    account_number: Option<&str>,
) -> Result<Option<UkAccount>, Error> {
    let Some((sort_code, account_number)) = sort_code.zip(account_number) else {
        return Ok(None);
    };
    Ok(Some(UkAccount {
        sort_code: kept("sort code", SortCode::parse(sort_code))?,
        account_number: kept("account number", AccountNumber::parse(account_number))?,
    }))
}

/// An international address as it was stored, when it was. Of somebody elsewhere the BIC may be unknown.
pub(super) fn international_account(
    iban: Option<&str>,
    bic: Option<&str>,
) -> Result<Option<InternationalAccount>, Error> {
    let Some(iban) = iban else { return Ok(None) };
    Ok(Some(InternationalAccount {
        iban: kept("IBAN", Iban::parse(iban))?,
        bic: bic.map(|bic| kept("BIC", Bic::parse(bic))).transpose()?,
    }))
}

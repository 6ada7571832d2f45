//! Entries on ledgers, each with its transfer and the ledger on the other side: one row is one
//! transaction.

use sqlx::PgConnection;
use time::OffsetDateTime;
use types::{CustomerId, LedgerId, Reference, Side, TenantId, TransferId};
use uuid::Uuid;

use super::{
    kept,
    ledgers::{international_account, uk_account},
    transfers::{amount, response_code, sender, transfer_type},
};
use crate::{
    domain::{
        account::of_ledger,
        ledger::BankDetails,
        transaction::{Counterparty, Direction, Filter, Transaction},
        transfer::TransferType,
    },
    error::Error,
};

/// The sequence numbers from `from` up to but not including `before`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    pub(crate) from: i64,
    pub(crate) before: i64,
}

/// How many entries a ledger has; none when there is no such ledger.
pub(crate) async fn count_all(
    conn: &mut PgConnection,
    tenant: TenantId,
    ledger: LedgerId,
) -> Result<Option<i64>, Error> {
    let count = sqlx::query_scalar!(
        "
        select entry_count from accounts
        where tenant_id = $1 and account_id = $2 and kind = 'customer'
        ",
        tenant.uuid(),
        of_ledger(ledger).uuid(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(count)
}

/// The first sequence number at or after a time, among the first `count`; `count + 1` when all are
/// earlier. Times never go back on an account, so halving finds it: some twenty rows of a million.
pub(crate) async fn first_at(
    conn: &mut PgConnection,
    tenant: TenantId,
    ledger: LedgerId,
    count: i64,
    at: OffsetDateTime,
) -> Result<i64, Error> {
    let first = sqlx::query_scalar!(
        r#"
        with recursive search (low, high) as (
            select 1::bigint, $3::bigint + 1
            union all
            select
                case when e.create_time < $4 then e.sequence + 1 else s.low end,
                case when e.create_time < $4 then s.high else e.sequence end
            from search s
            join entries e
                on e.tenant_id = $1 and e.account_id = $2 and e.sequence = (s.low + s.high) / 2
            where s.low < s.high
        )
        select low as "low!" from search where low = high
        "#,
        tenant.uuid(),
        of_ledger(ledger).uuid(),
        count,
        at,
    )
    .fetch_one(conn)
    .await?;
    Ok(first)
}

/// How many entries of a span a filter lets through. The span stands for the filter's times.
pub(crate) async fn count(
    conn: &mut PgConnection,
    tenant: TenantId,
    ledger: LedgerId,
    span: Span,
    filter: &Filter,
) -> Result<i64, Error> {
    let count = sqlx::query_scalar!(
        r#"
        select count(*) as "count!"
        from entries e
        join transfers t on t.tenant_id = e.tenant_id and t.transfer_id = e.transfer_id
        where e.tenant_id = $1 and e.account_id = $2 and e.sequence >= $3 and e.sequence < $4
            and ($5::text is null or t.type = $5)
            and ($6::uuid is null or t.debit_account_id = $6)
            and ($7::uuid is null or t.credit_account_id = $7)
        "#,
        tenant.uuid(),
        of_ledger(ledger).uuid(),
        span.from,
        span.before,
        filter.kind.map(TransferType::word),
        debited(ledger, filter),
        credited(ledger, filter),
    )
    .fetch_one(conn)
    .await?;
    Ok(count)
}

/// The entries of a span that a filter lets through, newest first. The span stands for the filter's
/// times.
///
/// The ledgers on the other side are looked up row by row (`limit 1` keeps it so): while tables are new
/// and have no statistics, a plain join reads all of the tenant's ledgers for each row.
pub(crate) async fn list(
    conn: &mut PgConnection,
    tenant: TenantId,
    ledger: LedgerId,
    span: Span,
    filter: &Filter,
    limit: i64,
) -> Result<Vec<Transaction>, Error> {
    let rows = sqlx::query_as!(
        Row,
        r#"
        select
            e.account_id, e.sequence, e.balance_after_minor, e.create_time, t.transfer_id,
            t.type as transfer_type, t.response_code, t.debit_account_id, t.amount_minor,
            t.currency, t.reference, t.sender_name, t.sender_sort_code, t.sender_account_number,
            t.sender_iban, t.sender_bic_swift, other.customer_id as "customer_id?",
            other.sort_code as "sort_code?", other.account_number as "account_number?",
            other.iban as "iban?", other.bic_swift as "bic_swift?"
        from entries e
        join transfers t on t.tenant_id = e.tenant_id and t.transfer_id = e.transfer_id
        left join lateral (
            select customer_id, sort_code, account_number, iban, bic_swift
            from ledgers
            where tenant_id = $1 and ledger_id = case
                when t.debit_account_id = $2 then t.credit_account_id else t.debit_account_id
            end
            limit 1
        ) other on true
        where e.tenant_id = $1 and e.account_id = $2 and e.sequence >= $3 and e.sequence < $4
            and ($5::text is null or t.type = $5)
            and ($6::uuid is null or t.debit_account_id = $6)
            and ($7::uuid is null or t.credit_account_id = $7)
        order by e.sequence desc
        limit $8
        "#,
        tenant.uuid(),
        of_ledger(ledger).uuid(),
        span.from,
        span.before,
        filter.kind.map(TransferType::word),
        debited(ledger, filter),
        credited(ledger, filter),
        limit,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Transaction::try_from).collect()
}

/// One side of a transfer, when that side has an entry and is a ledger.
pub(crate) async fn find(
    conn: &mut PgConnection,
    tenant: TenantId,
    transfer: TransferId,
    side: Side,
) -> Result<Option<Transaction>, Error> {
    let row = sqlx::query_as!(
        Row,
        r#"
        select
            e.account_id, e.sequence, e.balance_after_minor, e.create_time, t.transfer_id,
            t.type as transfer_type, t.response_code, t.debit_account_id, t.amount_minor,
            t.currency, t.reference, t.sender_name, t.sender_sort_code, t.sender_account_number,
            t.sender_iban, t.sender_bic_swift, other.customer_id as "customer_id?",
            other.sort_code as "sort_code?", other.account_number as "account_number?",
            other.iban as "iban?", other.bic_swift as "bic_swift?"
        from transfers t
        join entries e
            on e.tenant_id = t.tenant_id
            and e.account_id = case when $3 then t.debit_account_id else t.credit_account_id end
            and e.sequence = case when $3 then t.debit_sequence else t.credit_sequence end
        join ledgers own on own.tenant_id = e.tenant_id and own.ledger_id = e.account_id
        left join lateral (
            select customer_id, sort_code, account_number, iban, bic_swift
            from ledgers
            where tenant_id = $1 and ledger_id = case
                when $3 then t.credit_account_id else t.debit_account_id
            end
            limit 1
        ) other on true
        where t.tenant_id = $1 and t.transfer_id = $2
        "#,
        tenant.uuid(),
        transfer.uuid(),
        side == Side::Debit,
    )
    .fetch_optional(conn)
    .await?;
    row.map(Transaction::try_from).transpose()
}

fn debited(ledger: LedgerId, filter: &Filter) -> Option<Uuid> {
    (filter.direction == Some(Direction::Out)).then(|| of_ledger(ledger).uuid())
}

fn credited(ledger: LedgerId, filter: &Filter) -> Option<Uuid> {
    (filter.direction == Some(Direction::In)).then(|| of_ledger(ledger).uuid())
}

struct Row {
    account_id: Uuid,
    sequence: i64,
    balance_after_minor: i64,
    create_time: OffsetDateTime,
    transfer_id: Uuid,
    transfer_type: String,
    response_code: i16,
    debit_account_id: Uuid,
    amount_minor: i64,
    currency: String,
    reference: String,
    sender_name: Option<String>,
    sender_sort_code: Option<String>,
    sender_account_number: Option<String>,
    sender_iban: Option<String>,
    sender_bic_swift: Option<String>,
    customer_id: Option<Uuid>,
    sort_code: Option<String>,
    account_number: Option<String>,
    iban: Option<String>,
    bic_swift: Option<String>,
}

impl Row {
    fn counterparty(&self) -> Result<Counterparty, Error> {
        if let Some(customer_id) = self.customer_id {
            let account = BankDetails {
                uk: uk_account(self.sort_code.as_deref(), self.account_number.as_deref())?,
                international: international_account(
                    self.iban.as_deref(),
                    self.bic_swift.as_deref(),
                )?,
            };
            return Ok(Counterparty::Ledger {
                customer_id: CustomerId::from_uuid(customer_id),
                account,
            });
        }
        sender(
            self.sender_name.as_deref(),
            (self.sender_sort_code.as_deref(), self.sender_account_number.as_deref()),
            (self.sender_iban.as_deref(), self.sender_bic_swift.as_deref()),
        )?
        .map(Counterparty::Outside)
        .ok_or_else(|| Error::corrupt("counterparty"))
    }
}

impl TryFrom<Row> for Transaction {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let direction =
            if row.debit_account_id == row.account_id { Direction::Out } else { Direction::In };
        Ok(Self {
            ledger_id: LedgerId::from_uuid(row.account_id),
            sequence: row.sequence,
            transfer_id: TransferId::from_uuid(row.transfer_id),
            kind: transfer_type(&row.transfer_type)?,
            response_code: response_code(row.response_code)?,
            direction,
            counterparty: row.counterparty()?,
            amount: amount(row.amount_minor, &row.currency)?,
            reference: kept("reference", Reference::parse(&row.reference))?,
            balance_after_minor: row.balance_after_minor,
            create_time: row.create_time,
        })
    }
}

//! Entries on ledgers, each with its transfer and the ledger on the other side: one row is one
//! transaction.

use sqlx::PgConnection;
use time::OffsetDateTime;
use types::{
    Currency, CustomerId, LedgerId, PaymentId, Reference, Side, TenantId, TransactionId, TransferId,
};
use uuid::Uuid;

use super::{
    kept,
    ledgers::{international_account, uk_account},
    transfers::{OutsideColumns, amount, initiator, metadata, response_code, transfer_type},
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

/// How many entries a ledger has, what they are counted in, and the time.
#[derive(Debug)]
pub(crate) struct Counted {
    pub(crate) count: i64,
    pub(crate) currency: Currency,
    pub(crate) now: OffsetDateTime,
}

/// How many entries a ledger has; none when there is no such ledger.
pub(crate) async fn count_all(
    conn: &mut PgConnection,
    tenant: TenantId,
    ledger: LedgerId,
) -> Result<Option<Counted>, Error> {
    let row = sqlx::query!(
        r#"
        select
            entry_count, currency,
            greatest(last_entry_time, clock_timestamp()) as "now!"
        from accounts
        where tenant_id = $1 and account_id = $2 and kind = 'customer'
        "#,
        tenant.uuid(),
        of_ledger(ledger).uuid(),
    )
    .fetch_optional(conn)
    .await?;
    row.map(|row| {
        let currency = kept("currency", Currency::parse(&row.currency))?;
        Ok(Counted { count: row.entry_count, currency, now: row.now })
    })
    .transpose()
}

/// What an entry has left.
#[derive(Debug)]
pub(crate) struct After {
    pub(crate) balance_minor: i64,
    pub(crate) transaction: TransactionId,
}

/// What the entry with a sequence number has left; none when there is none.
pub(crate) async fn balance_after(
    conn: &mut PgConnection,
    tenant: TenantId,
    ledger: LedgerId,
    sequence: i64,
) -> Result<Option<After>, Error> {
    let row = sqlx::query!(
        "
        select balance_after_minor, transfer_id, direction
        from entries
        where tenant_id = $1 and account_id = $2 and sequence = $3
        ",
        tenant.uuid(),
        of_ledger(ledger).uuid(),
        sequence,
    )
    .fetch_optional(conn)
    .await?;
    row.map(|row| {
        let direction = Direction::from_word(&row.direction);
        let side = match direction.ok_or_else(|| Error::corrupt("direction"))? {
            Direction::In => Side::Credit,
            Direction::Out => Side::Debit,
        };
        let transaction = TransferId::from_uuid(row.transfer_id).transaction(side);
        Ok(After { balance_minor: row.balance_after_minor, transaction })
    })
    .transpose()
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
        from entries
        where tenant_id = $1 and account_id = $2 and sequence >= $3 and sequence < $4
            and ($5::text is null or type = $5)
            and ($6::text is null or direction = $6)
        "#,
        tenant.uuid(),
        of_ledger(ledger).uuid(),
        span.from,
        span.before,
        filter.kind.map(TransferType::word),
        filter.direction.map(Direction::word),
    )
    .fetch_one(conn)
    .await?;
    Ok(count)
}

/// The entries of a span that a filter lets through, newest first. The span stands for the filter's
/// times.
///
/// Transfers and the ledgers on the other side are looked up row by row, once the rows are known
/// (`limit 1` keeps it so): a plain join may read all of a tenant's.
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
            e.account_id, e.sequence, e.transfer_id, e.type as transfer_type, e.direction,
            e.balance_after_minor, e.create_time, t.response_code, t.amount_minor, t.currency,
            t.reference, t.user_id, t.api_key_id, t.reverses, t.payment_id,
            t.metadata::text as metadata, t.outside_side, t.outside_name, t.outside_sort_code, t.outside_account_number, t.outside_iban,
            t.outside_bic_swift, other.customer_id as "customer_id?",
            other.sort_code as "sort_code?", other.account_number as "account_number?",
            other.iban as "iban?", other.bic_swift as "bic_swift?"
        from (
            select
                account_id, sequence, transfer_id, type, direction, balance_after_minor, create_time
            from entries
            where tenant_id = $1 and account_id = $2 and sequence >= $3 and sequence < $4
                and ($5::text is null or type = $5)
                and ($6::text is null or direction = $6)
            order by sequence desc
            limit $7
        ) e
        cross join lateral (
            select
                response_code, debit_account_id, credit_account_id, amount_minor, currency,
                reference, user_id, api_key_id, reverses, payment_id, metadata, outside_side,
                outside_name, outside_sort_code, outside_account_number, outside_iban, outside_bic_swift
            from transfers
            where tenant_id = $1 and transfer_id = e.transfer_id
            limit 1
        ) t
        left join lateral (
            select customer_id, sort_code, account_number, iban, bic_swift
            from ledgers
            where tenant_id = $1 and ledger_id = case
                when e.direction = 'out' then t.credit_account_id else t.debit_account_id
            end
            limit 1
        ) other on true
        order by e.sequence desc
        "#,
        tenant.uuid(),
        of_ledger(ledger).uuid(),
        span.from,
        span.before,
        filter.kind.map(TransferType::word),
        filter.direction.map(Direction::word),
        limit,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Transaction::try_from).collect()
}

/// Where an entry is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) ledger: LedgerId,
    pub(crate) sequence: i64,
}

/// The place of one side of a transfer, when that side has an entry and is a ledger.
pub(crate) async fn find(
    conn: &mut PgConnection,
    tenant: TenantId,
    transfer: TransferId,
    side: Side,
) -> Result<Option<Place>, Error> {
    let row = sqlx::query!(
        r#"
        select own.ledger_id, side.sequence as "sequence!"
        from (
            select
                case when $3 then debit_account_id else credit_account_id end as account_id,
                case when $3 then debit_sequence else credit_sequence end as sequence
            from transfers
            where tenant_id = $1 and transfer_id = $2
        ) side
        join ledgers own on own.tenant_id = $1 and own.ledger_id = side.account_id
        where side.sequence is not null
        "#,
        tenant.uuid(),
        transfer.uuid(),
        side == Side::Debit,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| Place { ledger: LedgerId::from_uuid(row.ledger_id), sequence: row.sequence }))
}

struct Row {
    account_id: Uuid,
    sequence: i64,
    transfer_id: Uuid,
    transfer_type: String,
    direction: String,
    balance_after_minor: i64,
    create_time: OffsetDateTime,
    response_code: i16,
    amount_minor: i64,
    currency: String,
    reference: String,
    user_id: Option<Uuid>,
    api_key_id: Option<Uuid>,
    reverses: Option<Uuid>,
    payment_id: Option<Uuid>,
    metadata: Option<String>,
    outside_side: Option<String>,
    outside_name: Option<String>,
    outside_sort_code: Option<String>,
    outside_account_number: Option<String>,
    outside_iban: Option<String>,
    outside_bic_swift: Option<String>,
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
        let outside = OutsideColumns {
            side: self.outside_side.as_deref(),
            name: self.outside_name.as_deref(),
            sort_code: self.outside_sort_code.as_deref(),
            account_number: self.outside_account_number.as_deref(),
            iban: self.outside_iban.as_deref(),
            bic_swift: self.outside_bic_swift.as_deref(),
        };
        outside
            .read()?
            .party()
            .cloned()
            .map(Counterparty::Outside)
            .ok_or_else(|| Error::corrupt("counterparty"))
    }
}

impl TryFrom<Row> for Transaction {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let direction = Direction::from_word(&row.direction);
        Ok(Self {
            ledger_id: LedgerId::from_uuid(row.account_id),
            sequence: row.sequence,
            transfer_id: TransferId::from_uuid(row.transfer_id),
            kind: transfer_type(&row.transfer_type)?,
            response_code: response_code(row.response_code)?,
            direction: direction.ok_or_else(|| Error::corrupt("direction"))?,
            counterparty: row.counterparty()?,
            amount: amount(row.amount_minor, &row.currency)?,
            reference: kept("reference", Reference::parse(&row.reference))?,
            balance_after_minor: row.balance_after_minor,
            create_time: row.create_time,
            reverses: row.reverses.map(TransferId::from_uuid),
            payment: row.payment_id.map(PaymentId::from_uuid),
            initiator: initiator(row.user_id, row.api_key_id),
            metadata: metadata(row.metadata.as_deref())?,
        })
    }
}

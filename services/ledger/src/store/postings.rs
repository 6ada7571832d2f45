//! Writing postings: transfers, their entries and what they leave on the accounts.

use kit::postgres::citus::Layout;
use sqlx::PgConnection;
use time::OffsetDateTime;
use types::{ApiKeyId, TenantId};
use uuid::Uuid;

use crate::domain::{
    account::Account,
    posting::Posting,
    transfer::{Movement, Order, Outside},
};

mod of_one;

/// Keeps two requests with one key from both having an effect.
pub(crate) const REQUEST_ONCE: &str = "transfers_request_once";
/// Keeps a transfer from being undone twice.
pub(crate) const REVERSED_ONCE: &str = "transfers_reversed_once";
/// Fails a write when an account is no longer as it was read.
pub(crate) const VERSION_AS_EXPECTED: &str = "accounts_version_as_expected";

/// Writes postings and the accounts as they are after all of them, in one statement, and answers the
/// time by the database's clock. Each account must be locked, or fails the statement when its version
/// in the database is no longer the one it was read with.
///
/// Accounts are updated in the order in which they are given, which must be that of their keys, and
/// before anything is inserted (which is what counting them is for): two processes that both insert an
/// account's next entry and then want its row would wait for each other.
///
/// Where tenants are on several servers it is one statement for each tenant, in their order: then it has to
/// be in a transaction if they are several.
pub(crate) async fn record(
    conn: &mut PgConnection,
    layout: Layout,
    postings: &[(&Order, &Posting)],
    accounts: &[(TenantId, Account)],
) -> Result<OffsetDateTime, sqlx::Error> {
    match layout {
        Layout::OneServer => together(conn, postings, accounts).await,
        Layout::ByTenant => of_one::each(conn, postings, accounts).await,
    }
}

#[expect(clippy::too_many_lines, reason = "one statement")]
async fn together(
    conn: &mut PgConnection,
    postings: &[(&Order, &Posting)],
    accounts: &[(TenantId, Account)],
) -> Result<OffsetDateTime, sqlx::Error> {
    let p = Postings::of(postings);
    let a = Accounts::of(accounts);
    sqlx::query_scalar!(
        r#"
        with posted as materialized (
            select
                p.*, r.reverses, r.payment_id, r.metadata, r.outside_side, r.outside_name,
                r.outside_sort_code, r.outside_account_number, r.outside_iban, r.outside_bic_swift
            from unnest(
                $1::uuid[], $2::uuid[], $3::text[], $4::smallint[], $5::uuid[], $6::uuid[],
                $7::bigint[], $8::text[], $9::text[], $10::bigint[], $11::bigint[], $12::bigint[],
                $13::bigint[], $14::timestamptz[], $15::text[], $16::bytea[], $17::uuid[],
                $18::uuid[]
            ) as p (
                tenant_id, transfer_id, type, response_code, debit_account_id, credit_account_id,
                amount_minor, currency, reference, debit_sequence, credit_sequence,
                debit_balance_minor, credit_balance_minor, not_before, request_id, request_hash,
                user_id, api_key_id
            )
            left join unnest(
                $19::uuid[], $20::uuid[], $21::uuid[], $22::text[], $23::text[], $24::text[],
                $25::text[], $26::text[], $27::text[], $28::text[]
            ) as r (
                transfer_id, reverses, payment_id, metadata, outside_side, outside_name,
                outside_sort_code, outside_account_number, outside_iban, outside_bic_swift
            ) on r.transfer_id = p.transfer_id
        ),
        changed as (
            update accounts a
            set balance_minor = n.balance_minor, held_minor = n.held_minor,
                entry_count = n.entry_count,
                last_entry_time = greatest(n.not_before, statement_timestamp()),
                version = case when a.version = n.version then n.version + 1 else -1 end
            from unnest(
                $29::uuid[], $30::uuid[], $31::bigint[], $32::bigint[], $33::bigint[],
                $34::bigint[], $35::timestamptz[]
            ) as n (
                tenant_id, account_id, version, balance_minor, held_minor, entry_count, not_before
            )
            where a.tenant_id = n.tenant_id and a.account_id = n.account_id
            returning a.account_id
        ),
        recorded as (
            insert into transfers (
                tenant_id, transfer_id, type, response_code, debit_account_id, credit_account_id,
                amount_minor, currency, reference, debit_sequence, credit_sequence, request_id,
                request_hash, user_id, api_key_id, reverses, payment_id, metadata, outside_side,
                outside_name, outside_sort_code, outside_account_number, outside_iban,
                outside_bic_swift, create_time
            )
            select
                tenant_id, transfer_id, type, response_code, debit_account_id, credit_account_id,
                amount_minor, currency, reference, debit_sequence, credit_sequence, request_id,
                request_hash, user_id, api_key_id, reverses, payment_id, metadata::jsonb,
                outside_side, outside_name, outside_sort_code, outside_account_number,
                outside_iban, outside_bic_swift, greatest(not_before, statement_timestamp())
            from posted
            where (select count(*) from changed) > 0
        ),
        entered as (
            insert into entries (
                tenant_id, account_id, sequence, transfer_id, type, direction, amount_minor,
                balance_after_minor, create_time
            )
            select
                tenant_id, debit_account_id, debit_sequence, transfer_id, type, 'out',
                case when credit_sequence is null then 0 else -amount_minor end,
                debit_balance_minor, greatest(not_before, statement_timestamp())
            from posted
            where (select count(*) from changed) > 0
            union all
            select
                tenant_id, credit_account_id, credit_sequence, transfer_id, type, 'in',
                amount_minor, credit_balance_minor, greatest(not_before, statement_timestamp())
            from posted
            where credit_sequence is not null and (select count(*) from changed) > 0
        )
        select statement_timestamp() as "now!"
        "#,
        &p.tenant,
        &p.id,
        &p.kind as _,
        &p.response_code,
        &p.debit,
        &p.credit,
        &p.amount_minor,
        &p.currency as _,
        &p.reference as _,
        &p.debit_sequence,
        &p.credit_sequence as _,
        &p.debit_balance_minor,
        &p.credit_balance_minor as _,
        &p.not_before as _,
        &p.request_id as _,
        &p.request_hash as _,
        &p.user as _,
        &p.api_key as _,
        &p.rare.id,
        &p.rare.reverses as _,
        &p.rare.payment as _,
        &p.rare.metadata as _,
        &p.rare.outside_side as _,
        &p.rare.outside_name as _,
        &p.rare.outside_sort_code as _,
        &p.rare.outside_account_number as _,
        &p.rare.outside_iban as _,
        &p.rare.outside_bic_swift as _,
        &a.tenant,
        &a.id,
        &a.version,
        &a.balance_minor,
        &a.held_minor,
        &a.entry_count,
        &a.not_before as _,
    )
    .fetch_one(conn)
    .await
}

/// Postings, by column.
#[derive(Default)]
struct Postings<'a> {
    tenant: Vec<Uuid>,
    id: Vec<Uuid>,
    kind: Vec<&'static str>,
    response_code: Vec<i16>,
    debit: Vec<Uuid>,
    credit: Vec<Uuid>,
    amount_minor: Vec<i64>,
    currency: Vec<&'static str>,
    reference: Vec<&'a str>,
    debit_sequence: Vec<i64>,
    credit_sequence: Vec<Option<i64>>,
    debit_balance_minor: Vec<i64>,
    credit_balance_minor: Vec<Option<i64>>,
    not_before: Vec<Option<OffsetDateTime>>,
    request_id: Vec<Option<&'a str>>,
    request_hash: Vec<Option<&'a [u8]>>,
    user: Vec<Option<Uuid>>,
    api_key: Vec<Option<Uuid>>,
    rare: Rare<'a>,
}

/// What most transfers have nothing of, by column; of those that do.
#[derive(Default)]
struct Rare<'a> {
    id: Vec<Uuid>,
    reverses: Vec<Option<Uuid>>,
    payment: Vec<Option<Uuid>>,
    metadata: Vec<Option<String>>,
    outside_side: Vec<Option<&'static str>>,
    outside_name: Vec<Option<&'a str>>,
    outside_sort_code: Vec<Option<&'a str>>,
    outside_account_number: Vec<Option<&'a str>>,
    outside_iban: Vec<Option<&'a str>>,
    outside_bic_swift: Vec<Option<&'a str>>,
}

impl<'a> Postings<'a> {
    fn of(postings: &[(&'a Order, &Posting)]) -> Self {
        let mut columns = Self::default();
        for (order, posting) in postings {
            columns.push(order, posting);
        }
        columns
    }

    fn push(&mut self, order: &'a Order, posting: &Posting) {
        let movement = &order.movement;
        self.tenant.push(order.tenant.uuid());
        self.id.push(movement.id.uuid());
        self.kind.push(movement.kind.word());
        self.response_code.push(posting.outcome.code().number());
        self.debit.push(movement.sides.debit().uuid());
        self.credit.push(movement.sides.credit().uuid());
        self.amount_minor.push(movement.amount.minor());
        self.currency.push(movement.amount.currency().code());
        self.reference.push(movement.reference.as_str());
        self.debit_sequence.push(posting.outcome.debit_sequence());
        self.credit_sequence.push(posting.outcome.credit_sequence());
        self.debit_balance_minor.push(posting.debit_balance_minor);
        self.credit_balance_minor.push(posting.credit_balance_minor);
        self.not_before.push(posting.not_before);
        self.request_id.push(order.request.as_ref().map(|request| request.id.as_str()));
        self.request_hash.push(order.request.as_ref().map(|request| request.hash.as_slice()));
        let initiator = movement.initiator;
        self.user.push(initiator.map(|it| it.user.uuid()));
        self.api_key.push(initiator.and_then(|it| it.key).map(ApiKeyId::uuid));
        self.rare.push(movement);
    }
}

impl<'a> Rare<'a> {
    fn push(&mut self, movement: &'a Movement) {
        let Movement { id, reverses, payment, metadata, outside, .. } = movement;
        let pairs = metadata.pairs();
        if reverses.is_none() && payment.is_none() && pairs.is_empty() && outside.party().is_none()
        {
            return;
        }
        self.id.push(id.uuid());
        self.reverses.push(reverses.map(types::TransferId::uuid));
        self.payment.push(payment.map(types::PaymentId::uuid));
        self.metadata.push((!pairs.is_empty()).then(|| serde_json::json!(pairs).to_string()));
        self.push_outside(outside);
    }

    fn push_outside(&mut self, outside: &'a Outside) {
        self.outside_side.push(side(outside));
        let party = outside.party();
        let uk = party.and_then(|party| party.account.uk.as_ref());
        let international = party.and_then(|party| party.account.international.as_ref());
        self.outside_name.push(party.map(|party| party.name.as_str()));
        self.outside_sort_code.push(uk.map(|uk| uk.sort_code.as_str()));
        self.outside_account_number.push(uk.map(|uk| uk.account_number.as_str()));
        self.outside_iban.push(international.map(|known| known.iban.as_str()));
        let bic = international.and_then(|known| known.bic.as_ref());
        self.outside_bic_swift.push(bic.map(types::Bic::as_str));
    }
}

/// The word for which side is elsewhere.
fn side(outside: &Outside) -> Option<&'static str> {
    match outside {
        Outside::Neither => None,
        Outside::Debit(_) => Some("debit"),
        Outside::Credit(_) => Some("credit"),
        Outside::Both(_) => Some("both"),
    }
}

/// Accounts, by column.
#[derive(Default)]
struct Accounts {
    tenant: Vec<Uuid>,
    id: Vec<Uuid>,
    version: Vec<i64>,
    balance_minor: Vec<i64>,
    held_minor: Vec<i64>,
    entry_count: Vec<i64>,
    not_before: Vec<Option<OffsetDateTime>>,
}

impl Accounts {
    fn of(accounts: &[(TenantId, Account)]) -> Self {
        let mut columns = Self::default();
        for (tenant, account) in accounts {
            columns.tenant.push(tenant.uuid());
            columns.id.push(account.id.uuid());
            columns.version.push(account.version);
            columns.balance_minor.push(account.balance_minor);
            columns.held_minor.push(account.held_minor);
            columns.entry_count.push(account.entry_count);
            columns.not_before.push(account.last_entry_time);
        }
        columns
    }
}

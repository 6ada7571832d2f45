//! Writing postings where tenants are on several servers: what is of one tenant is written by a statement
//! that names it once, so that the one server which has it is all that is asked.

use sqlx::PgConnection;
use time::OffsetDateTime;
use types::TenantId;

use super::{Accounts, Postings};
use crate::domain::{account::Account, posting::Posting, transfer::Order};

/// Writes what is of each tenant, tenant after tenant in the order in which their accounts are locked, and
/// answers the latest time.
pub(super) async fn each(
    conn: &mut PgConnection,
    postings: &[(&Order, &Posting)],
    accounts: &[(TenantId, Account)],
) -> Result<OffsetDateTime, sqlx::Error> {
    let mut tenants: Vec<TenantId> = accounts.iter().map(|(tenant, _)| *tenant).collect();
    tenants.sort_unstable();
    tenants.dedup();
    let mut latest = OffsetDateTime::UNIX_EPOCH;
    for tenant in tenants {
        let postings: Vec<_> =
            postings.iter().copied().filter(|(order, _)| order.tenant == tenant).collect();
        let accounts: Vec<_> =
            accounts.iter().copied().filter(|(whose, _)| *whose == tenant).collect();
        latest = latest.max(record(conn, tenant, &postings, &accounts).await?);
    }
    Ok(latest)
}

/// As [`super::together`], for one tenant.
#[expect(clippy::too_many_lines, reason = "one statement")]
async fn record(
    conn: &mut PgConnection,
    tenant: TenantId,
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
                $2::uuid[], $3::text[], $4::smallint[], $5::uuid[], $6::uuid[],
                $7::bigint[], $8::text[], $9::text[], $10::bigint[], $11::bigint[], $12::bigint[],
                $13::bigint[], $14::timestamptz[], $15::text[], $16::bytea[], $17::uuid[],
                $18::uuid[]
            ) as p (
                transfer_id, type, response_code, debit_account_id, credit_account_id,
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
                $29::uuid[], $30::bigint[], $31::bigint[], $32::bigint[], $33::bigint[],
                $34::timestamptz[]
            ) as n (account_id, version, balance_minor, held_minor, entry_count, not_before)
            where a.tenant_id = $1 and a.account_id = n.account_id
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
                $1::uuid, transfer_id, type, response_code, debit_account_id, credit_account_id,
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
                $1::uuid, debit_account_id, debit_sequence, transfer_id, type, 'out',
                case when credit_sequence is null then 0 else -amount_minor end,
                debit_balance_minor, greatest(not_before, statement_timestamp())
            from posted
            where (select count(*) from changed) > 0
            union all
            select
                $1::uuid, credit_account_id, credit_sequence, transfer_id, type, 'in',
                amount_minor, credit_balance_minor, greatest(not_before, statement_timestamp())
            from posted
            where credit_sequence is not null and (select count(*) from changed) > 0
        )
        select statement_timestamp() as "now!"
        "#,
        tenant.uuid(),
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

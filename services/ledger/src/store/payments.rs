//! Payments. Whoever locks one and accounts locks the accounts first, in the order of their keys: see
//! [`lock`]. What workers do to take payments up is in [`super::payment_work`].

use kit::postgres::citus::Layout;
use sqlx::PgConnection;
use time::OffsetDateTime;
use types::{PaymentId, TenantId};

use self::row::{Columns, Row};
use crate::{
    domain::payment::{Payment, Source},
    error::Error,
};

mod list;
mod row;

pub(crate) use self::list::{Wanted, count, list};

/// Writes a new payment; its times are those of this statement. One that has not ended is due at once.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    mut payment: Payment,
) -> Result<Payment, Error> {
    let c = Columns::of(&payment.state);
    let (uk, international) =
        (&payment.creditor.account.uk, &payment.creditor.account.international);
    let returns = match payment.source {
        Source::Ledger(_) => None,
        Source::Suspense { returns, .. } => Some(returns.uuid()),
    };
    let at = sqlx::query_scalar!(
        "
        with known as (
            insert into payment_ids (payment_id, tenant_id) values ($2, $1)
        )
        insert into payments (
            tenant_id, payment_id, type, status, account_id, amount_minor, currency, reference,
            creditor_name, creditor_sort_code, creditor_account_number, creditor_iban,
            creditor_bic_swift, response_code, rejection_reason, transfer_id, return_transfer_id,
            returns_transfer_id, route, next_attempt_time, create_time, update_time
        )
        values (
            $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19,
            case when $4 in ('accepted', 'submitted') then statement_timestamp() end,
            statement_timestamp(), statement_timestamp()
        )
        returning create_time
        ",
        payment.tenant.uuid(),
        payment.id.uuid(),
        payment.kind.word(),
        c.status,
        payment.source.account().uuid(),
        payment.amount.minor(),
        payment.amount.currency().code(),
        payment.reference.as_str(),
        payment.creditor.name.as_str(),
        uk.as_ref().map(|uk| uk.sort_code.as_str()),
        uk.as_ref().map(|uk| uk.account_number.as_str()),
        international.as_ref().map(|known| known.iban.as_str()),
        international.as_ref().and_then(|known| known.bic.as_ref()).map(types::Bic::as_str),
        c.response_code,
        c.rejection_reason,
        c.transfer,
        c.returned,
        returns,
        c.route,
    )
    .fetch_one(conn)
    .await?;
    (payment.create_time, payment.update_time) = (at, at);
    Ok(payment)
}

/// One payment.
pub(crate) async fn find(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: PaymentId,
) -> Result<Option<Payment>, Error> {
    let row = sqlx::query_as!(
        Row,
        "
        select
            tenant_id, payment_id, type as payment_type, status, account_id, amount_minor, currency,
            reference, creditor_name, creditor_sort_code, creditor_account_number, creditor_iban,
            creditor_bic_swift, response_code, rejection_reason, transfer_id, return_transfer_id,
            returns_transfer_id, route, create_time, update_time
        from payments
        where tenant_id = $1 and payment_id = $2
        ",
        tenant.uuid(),
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    row.map(Payment::try_from).transpose()
}

/// The payment that a rail names, whose tenant it does not know.
pub(crate) async fn find_anywhere(
    conn: &mut PgConnection,
    layout: Layout,
    id: PaymentId,
) -> Result<Option<TenantId>, Error> {
    let found = match layout {
        // What an earlier version entered may be there alone.
        Layout::OneServer => {
            sqlx::query_scalar!("select tenant_id from payments where payment_id = $1", id.uuid())
                .fetch_optional(conn)
                .await?
        }
        Layout::ByTenant => {
            sqlx::query_scalar!(
                "select tenant_id from payment_ids where payment_id = $1",
                id.uuid()
            )
            .fetch_optional(conn)
            .await?
        }
    };
    Ok(found.map(TenantId::from_uuid))
}

/// One payment, locked. Accounts are locked before payments, everywhere: who holds a payment's lock
/// must not wait for an account's.
pub(crate) async fn lock(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: PaymentId,
) -> Result<Option<Payment>, Error> {
    let row = sqlx::query_as!(
        Row,
        "
        select
            tenant_id, payment_id, type as payment_type, status, account_id, amount_minor, currency,
            reference, creditor_name, creditor_sort_code, creditor_account_number, creditor_iban,
            creditor_bic_swift, response_code, rejection_reason, transfer_id, return_transfer_id,
            returns_transfer_id, route, create_time, update_time
        from payments
        where tenant_id = $1 and payment_id = $2
        for update
        ",
        tenant.uuid(),
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    row.map(Payment::try_from).transpose()
}

/// Writes a payment's state, which was read while it was locked, and answers the time. One that has
/// ended is not due any more.
pub(crate) async fn save(
    conn: &mut PgConnection,
    payment: &Payment,
) -> Result<OffsetDateTime, Error> {
    let c = Columns::of(&payment.state);
    let at = sqlx::query_scalar!(
        "
        update payments
        set status = $3, response_code = $4, rejection_reason = $5, transfer_id = $6,
            return_transfer_id = $7, route = coalesce($8, route),
            next_attempt_time =
                case when $3 in ('accepted', 'submitted') then next_attempt_time end,
            update_time = greatest(update_time, statement_timestamp())
        where tenant_id = $1 and payment_id = $2
        returning update_time
        ",
        payment.tenant.uuid(),
        payment.id.uuid(),
        c.status,
        c.response_code,
        c.rejection_reason,
        c.transfer,
        c.returned,
        c.route,
    )
    .fetch_one(conn)
    .await?;
    Ok(at)
}

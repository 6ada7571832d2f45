//! What came in over rails, each once.

use sqlx::PgConnection;
use types::{PaymentId, TenantId, TransferId};

use crate::error::Error;

/// The rail's own name for a payment that comes in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RailReference {
    pub(crate) rail: &'static str,
    pub(crate) reference: String,
}

/// What became of a payment that came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Taken {
    pub(crate) tenant: TenantId,
    pub(crate) transfer: TransferId,
}

/// Notes that a payment comes in, by this transfer, unless it did before; waits for whoever is noting
/// the same. Answers whether it is new. Comes before any lock on an account.
pub(crate) async fn claim(
    conn: &mut PgConnection,
    name: &RailReference,
    tenant: TenantId,
    transfer: TransferId,
) -> Result<bool, Error> {
    let done = sqlx::query!(
        "
        insert into inbound_payments (rail, rail_reference, tenant_id, outcome, transfer_id)
        values ($1, $2, $3, 'credited', $4)
        on conflict on constraint inbound_payments_once do nothing
        ",
        name.rail,
        name.reference,
        tenant.uuid(),
        transfer.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Notes that a payment that was claimed goes back.
pub(crate) async fn set_returned(
    conn: &mut PgConnection,
    name: &RailReference,
    payment: PaymentId,
) -> Result<(), Error> {
    sqlx::query!(
        "
        update inbound_payments set outcome = 'returned', return_payment_id = $3
        where rail = $1 and rail_reference = $2
        ",
        name.rail,
        name.reference,
        payment.uuid(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What became of a payment that came in before.
pub(crate) async fn find(
    conn: &mut PgConnection,
    name: &RailReference,
) -> Result<Option<Taken>, Error> {
    let row = sqlx::query!(
        "
        select tenant_id, transfer_id from inbound_payments
        where rail = $1 and rail_reference = $2
        ",
        name.rail,
        name.reference,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.map(|row| Taken {
        tenant: TenantId::from_uuid(row.tenant_id),
        transfer: TransferId::from_uuid(row.transfer_id),
    }))
}

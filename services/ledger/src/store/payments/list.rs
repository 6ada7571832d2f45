//! Payments by the page.

use sqlx::PgConnection;
use types::{PaymentId, TenantId};
use uuid::Uuid;

use super::row::Row;
use crate::{
    domain::{
        account::AccountId,
        payment::{Payment, Status},
    },
    error::Error,
};

/// Which of a tenant's payments are wanted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    /// None: whoever pays.
    pub(crate) account: Option<AccountId>,
    /// None: in any.
    pub(crate) status: Option<Status>,
}

impl Wanted {
    fn words(self) -> Vec<&'static str> {
        match self.status {
            Some(status) => vec![status.word()],
            None => Status::ALL.map(Status::word).to_vec(),
        }
    }
}

/// Payments, newest first, from the one after `before` on.
pub(crate) async fn list(
    conn: &mut PgConnection,
    tenant: TenantId,
    wanted: Wanted,
    before: Option<PaymentId>,
    limit: i64,
) -> Result<Vec<Payment>, Error> {
    let before = before.map_or(Uuid::max(), PaymentId::uuid);
    let rows = match wanted.account {
        Some(account) => {
            sqlx::query_as!(
                Row,
                "
                select
                    tenant_id, payment_id, type as payment_type, status, account_id, amount_minor,
                    currency, reference, creditor_name, creditor_sort_code,
                    creditor_account_number, creditor_iban, creditor_bic_swift, response_code,
                    rejection_reason, transfer_id, return_transfer_id, returns_transfer_id, route,
                    create_time, update_time
                from payments
                where tenant_id = $1 and account_id = $2 and status = any($3) and payment_id < $4
                order by payment_id desc
                limit $5
                ",
                tenant.uuid(),
                account.uuid(),
                &wanted.words() as _,
                before,
                limit,
            )
            .fetch_all(conn)
            .await?
        }
        None => {
            sqlx::query_as!(
                Row,
                "
                select
                    tenant_id, payment_id, type as payment_type, status, account_id, amount_minor,
                    currency, reference, creditor_name, creditor_sort_code,
                    creditor_account_number, creditor_iban, creditor_bic_swift, response_code,
                    rejection_reason, transfer_id, return_transfer_id, returns_transfer_id, route,
                    create_time, update_time
                from payments
                where tenant_id = $1 and status = any($2) and payment_id < $3
                order by payment_id desc
                limit $4
                ",
                tenant.uuid(),
                &wanted.words() as _,
                before,
                limit,
            )
            .fetch_all(conn)
            .await?
        }
    };
    rows.into_iter().map(Payment::try_from).collect()
}

/// How many payments are wanted; counted in an index alone.
pub(crate) async fn count(
    conn: &mut PgConnection,
    tenant: TenantId,
    wanted: Wanted,
) -> Result<i64, Error> {
    let words = wanted.words();
    let count = match wanted.account {
        Some(account) => {
            sqlx::query_scalar!(
                r#"
                select count(*) as "count!" from payments
                where tenant_id = $1 and account_id = $2 and status = any($3)
                "#,
                tenant.uuid(),
                account.uuid(),
                &words as _,
            )
            .fetch_one(conn)
            .await?
        }
        None => {
            sqlx::query_scalar!(
                r#"
                select count(*) as "count!" from payments where tenant_id = $1 and status = any($2)
                "#,
                tenant.uuid(),
                &words as _,
            )
            .fetch_one(conn)
            .await?
        }
    };
    Ok(count)
}

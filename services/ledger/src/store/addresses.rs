//! Which ledger an address among banks leads to, whosever it is.

use sqlx::PgConnection;
use types::{CustomerId, LedgerId, TenantId};

use crate::{domain::ledger::BankDetails, error::Error};

/// Whose ledger an address leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Addressed {
    pub(crate) tenant: TenantId,
    pub(crate) ledger: LedgerId,
    pub(crate) customer: CustomerId,
}

/// The ledger of this platform that has an address, if any; where there are two addresses, the UK one
/// counts.
pub(crate) async fn find(
    conn: &mut PgConnection,
    address: &BankDetails,
) -> Result<Option<Addressed>, Error> {
    match (&address.uk, &address.international) {
        (Some(uk), _) => {
            let row = sqlx::query!(
                "
                select tenant_id, ledger_id, customer_id from ledgers
                where sort_code = $1 and account_number = $2
                ",
                uk.sort_code.as_str(),
                uk.account_number.as_str(),
            )
            .fetch_optional(conn)
            .await?;
            Ok(row.map(|row| Addressed {
                tenant: TenantId::from_uuid(row.tenant_id),
                ledger: LedgerId::from_uuid(row.ledger_id),
                customer: CustomerId::from_uuid(row.customer_id),
            }))
        }
        (None, Some(international)) => {
            let row = sqlx::query!(
                "select tenant_id, ledger_id, customer_id from ledgers where iban = $1",
                international.iban.as_str(),
            )
            .fetch_optional(conn)
            .await?;
            Ok(row.map(|row| Addressed {
                tenant: TenantId::from_uuid(row.tenant_id),
                ledger: LedgerId::from_uuid(row.ledger_id),
                customer: CustomerId::from_uuid(row.customer_id),
            }))
        }
        (None, None) => Ok(None),
    }
}

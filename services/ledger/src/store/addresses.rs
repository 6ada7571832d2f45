//! Which ledger an address among banks leads to, whosever it is.

use kit::postgres::citus::Layout;
use sqlx::PgConnection;
use types::{CustomerId, Iban, LedgerId, TenantId};
use uuid::Uuid;

use crate::{
    domain::ledger::{BankDetails, UkAccount},
    error::Error,
};

/// Whose ledger an address leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Addressed {
    pub(crate) tenant: TenantId,
    pub(crate) ledger: LedgerId,
    pub(crate) customer: CustomerId,
}

/// The key in `ledger_addresses` of an account in the United Kingdom.
pub(super) fn of_uk(account: &UkAccount) -> String {
    format!("uk/{}/{}", account.sort_code.as_str(), account.account_number.as_str())
}

/// The key in `ledger_addresses` of an IBAN.
pub(super) fn of_iban(iban: &Iban) -> String {
    format!("iban/{}", iban.as_str())
}

/// The ledger of this platform that has an address, if any; where there are two addresses, the UK one
/// counts.
pub(crate) async fn find(
    conn: &mut PgConnection,
    layout: Layout,
    address: &BankDetails,
) -> Result<Option<Addressed>, Error> {
    let found = match (&address.uk, &address.international) {
        (None, None) => None,
        // What an earlier version issued may be in `ledgers` alone.
        (Some(uk), _) if layout == Layout::OneServer => by_account_number(conn, uk).await?,
        (None, Some(known)) if layout == Layout::OneServer => by_iban(conn, &known.iban).await?,
        (Some(uk), _) => by_address(conn, &of_uk(uk)).await?,
        (None, Some(known)) => by_address(conn, &of_iban(&known.iban)).await?,
    };
    Ok(found.map(Addressed::from))
}

async fn by_account_number(
    conn: &mut PgConnection,
    uk: &UkAccount,
) -> Result<Option<Row>, sqlx::Error> {
    sqlx::query_as!(
        Row,
        "
        select tenant_id, ledger_id, customer_id from ledgers
        where sort_code = $1 and account_number = $2
        ",
        uk.sort_code.as_str(),
        uk.account_number.as_str(),
    )
    .fetch_optional(conn)
    .await
}

async fn by_iban(conn: &mut PgConnection, iban: &Iban) -> Result<Option<Row>, sqlx::Error> {
    sqlx::query_as!(
        Row,
        "select tenant_id, ledger_id, customer_id from ledgers where iban = $1",
        iban.as_str(),
    )
    .fetch_optional(conn)
    .await
}

/// On the one server that has the address.
async fn by_address(conn: &mut PgConnection, address: &str) -> Result<Option<Row>, sqlx::Error> {
    sqlx::query_as!(
        Row,
        "select tenant_id, ledger_id, customer_id from ledger_addresses where address = $1",
        address,
    )
    .fetch_optional(conn)
    .await
}

#[expect(clippy::struct_field_names, reason = "they are columns")]
struct Row {
    tenant_id: Uuid,
    ledger_id: Uuid,
    customer_id: Uuid,
}

impl From<Row> for Addressed {
    fn from(row: Row) -> Self {
        Self {
            tenant: TenantId::from_uuid(row.tenant_id),
            ledger: LedgerId::from_uuid(row.ledger_id),
            customer: CustomerId::from_uuid(row.customer_id),
        }
    }
}

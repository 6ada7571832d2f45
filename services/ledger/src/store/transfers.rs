//! Transfers.

use sqlx::PgConnection;
use time::OffsetDateTime;
use types::{Amount, Currency, Reference, TenantId, Text, TransferId};
use uuid::Uuid;

use super::{
    kept,
    ledgers::{international_account, uk_account},
};
use crate::{
    domain::{
        account::AccountId,
        ledger::BankDetails,
        posting::Posting,
        transfer::{
            NAME_LENGTH, Outcome, OutsideParty, ResponseCode, Sides, Transfer, TransferType,
        },
    },
    error::Error,
};

/// Writes a posting: the transfer, its entries and the accounts' new state, all in one statement.
/// The accounts must be locked. `any` finds them by key even where a table has no statistics yet.
pub(crate) async fn record(
    conn: &mut PgConnection,
    tenant: TenantId,
    posting: &Posting,
) -> Result<(), Error> {
    let Posting { transfer, entries } = posting;
    let sender = Sender::of(transfer.sender.as_ref());
    let accounts: Vec<Uuid> = entries.iter().map(|entry| entry.account.uuid()).collect();
    let amounts: Vec<i64> = entries.iter().map(|entry| entry.amount_minor).collect();
    let balances: Vec<i64> = entries.iter().map(|entry| entry.balance_after_minor).collect();
    let sequences: Vec<i64> = entries.iter().map(|entry| entry.sequence).collect();
    let directions: Vec<String> =
        entries.iter().map(|entry| entry.direction.word().to_owned()).collect();
    sqlx::query!(
        "
        with entry as (
            select account_id, amount_minor, balance_after_minor, sequence, direction
            from unnest($16::uuid[], $17::bigint[], $18::bigint[], $19::bigint[], $22::text[])
                as e (account_id, amount_minor, balance_after_minor, sequence, direction)
        ),
        recorded as (
            insert into transfers (
                tenant_id, transfer_id, type, response_code, debit_account_id, credit_account_id,
                amount_minor, currency, reference, debit_sequence, credit_sequence, sender_name,
                sender_sort_code, sender_account_number, sender_iban, sender_bic_swift, create_time
            )
            values (
                $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $20, $21, $15
            )
        ),
        changed as (
            update accounts a
            set balance_minor = e.balance_after_minor, entry_count = e.sequence,
                last_entry_time = $15
            from entry e
            where a.tenant_id = $1 and a.account_id = any($16) and a.account_id = e.account_id
        )
        insert into entries (
            tenant_id, account_id, sequence, transfer_id, type, direction, amount_minor,
            balance_after_minor, create_time
        )
        select $1, account_id, sequence, $2, $3, direction, amount_minor, balance_after_minor, $15
        from entry
        ",
        tenant.uuid(),
        transfer.id.uuid(),
        transfer.kind.word(),
        transfer.outcome.code().number(),
        transfer.sides.debit().uuid(),
        transfer.sides.credit().uuid(),
        transfer.amount.minor(),
        transfer.amount.currency().code(),
        transfer.reference.as_str(),
        transfer.outcome.debit_sequence(),
        transfer.outcome.credit_sequence(),
        sender.name,
        sender.sort_code,
        sender.account_number,
        transfer.create_time,
        &accounts,
        &amounts,
        &balances,
        &sequences,
        sender.iban,
        sender.bic_swift,
        &directions,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// One transfer.
pub(crate) async fn find(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: TransferId,
) -> Result<Option<Transfer>, Error> {
    let row = sqlx::query_as!(
        Row,
        "
        select
            transfer_id, type as transfer_type, response_code, debit_account_id, credit_account_id,
            amount_minor, currency, reference, debit_sequence, credit_sequence, sender_name,
            sender_sort_code, sender_account_number, sender_iban, sender_bic_swift, create_time
        from transfers
        where tenant_id = $1 and transfer_id = $2
        ",
        tenant.uuid(),
        id.uuid(),
    )
    .fetch_optional(conn)
    .await?;
    row.map(Transfer::try_from).transpose()
}

/// The columns of a sender outside; all empty for one inside.
#[derive(Default)]
struct Sender<'a> {
    name: Option<&'a str>,
    sort_code: Option<&'a str>,
    account_number: Option<&'a str>,
    iban: Option<&'a str>,
    bic_swift: Option<&'a str>,
}

impl<'a> Sender<'a> {
    fn of(party: Option<&'a OutsideParty>) -> Self {
        let Some(OutsideParty { name, account }) = party else { return Self::default() };
        let (uk, international) = (account.uk.as_ref(), account.international.as_ref());
        Self {
            name: Some(name.as_str()),
            sort_code: uk.map(|uk| uk.sort_code.as_str()),
            account_number: uk.map(|uk| uk.account_number.as_str()),
            iban: international.map(|international| international.iban.as_str()),
            bic_swift: international.map(|international| international.bic.as_str()),
        }
    }
}

/// A sender outside, from its columns; none when the money came from inside.
pub(super) fn sender(
    name: Option<&str>,
    uk: (Option<&str>, Option<&str>),
    international: (Option<&str>, Option<&str>),
) -> Result<Option<OutsideParty>, Error> {
    let Some(name) = name else { return Ok(None) };
    Ok(Some(OutsideParty {
        name: kept("sender's name", Text::parse(name, NAME_LENGTH))?,
        account: BankDetails {
            uk: uk_account(uk.0, uk.1)?,
            international: international_account(international.0, international.1)?,
        },
    }))
}

/// The amount of a transfer, from its columns.
pub(super) fn amount(minor: i64, currency: &str) -> Result<Amount, Error> {
    kept("amount", Amount::new(minor, kept("currency", Currency::parse(currency))?))
}

/// The type of a transfer, from its column.
pub(super) fn transfer_type(word: &str) -> Result<TransferType, Error> {
    TransferType::from_word(word).ok_or_else(|| Error::corrupt("transfer type"))
}

/// How a transfer ended, from its column.
pub(super) fn response_code(number: i16) -> Result<ResponseCode, Error> {
    ResponseCode::from_number(number).ok_or_else(|| Error::corrupt("response code"))
}

struct Row {
    transfer_id: Uuid,
    transfer_type: String,
    response_code: i16,
    debit_account_id: Uuid,
    credit_account_id: Uuid,
    amount_minor: i64,
    currency: String,
    reference: String,
    debit_sequence: i64,
    credit_sequence: Option<i64>,
    sender_name: Option<String>,
    sender_sort_code: Option<String>,
    sender_account_number: Option<String>,
    sender_iban: Option<String>,
    sender_bic_swift: Option<String>,
    create_time: OffsetDateTime,
}

impl TryFrom<Row> for Transfer {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let sides = Sides::new(
            AccountId::from_uuid(row.debit_account_id),
            AccountId::from_uuid(row.credit_account_id),
        );
        let debit_sequence = row.debit_sequence;
        let outcome = match row.credit_sequence {
            Some(credit_sequence) => Outcome::Posted { debit_sequence, credit_sequence },
            None => Outcome::Declined { code: response_code(row.response_code)?, debit_sequence },
        };
        Ok(Self {
            id: TransferId::from_uuid(row.transfer_id),
            kind: transfer_type(&row.transfer_type)?,
            outcome,
            sides: kept("two sides", sides)?,
            amount: amount(row.amount_minor, &row.currency)?,
            reference: kept("reference", Reference::parse(&row.reference))?,
            sender: sender(
                row.sender_name.as_deref(),
                (row.sender_sort_code.as_deref(), row.sender_account_number.as_deref()),
                (row.sender_iban.as_deref(), row.sender_bic_swift.as_deref()),
            )?,
            create_time: row.create_time,
        })
    }
}

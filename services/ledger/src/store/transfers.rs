//! Transfers that were recorded. How they are written is in [`super::postings`].

use std::collections::BTreeMap;

use sqlx::PgConnection;
use time::OffsetDateTime;
use types::{Amount, ApiKeyId, Currency, PaymentId, Reference, TenantId, Text, TransferId, UserId};
use uuid::Uuid;

use super::{
    kept,
    ledgers::{international_account, uk_account},
};
use crate::{
    domain::{
        account::AccountId,
        ledger::BankDetails,
        metadata::Metadata,
        transfer::{
            Initiator, Movement, NAME_LENGTH, Outcome, Outside, OutsideParty, RequestKey,
            ResponseCode, Sides, Transfer, TransferType,
        },
    },
    error::Error,
};

/// A transfer as it was recorded.
#[derive(Debug)]
pub(crate) struct Recorded {
    pub(crate) tenant: TenantId,
    pub(crate) request: Option<RequestKey>,
    pub(crate) transfer: Transfer,
}

/// One transfer.
pub(crate) async fn find(
    conn: &mut PgConnection,
    tenant: TenantId,
    id: TransferId,
) -> Result<Option<Transfer>, Error> {
    let found = find_by_ids(conn, &[(tenant, id)]).await?.pop();
    Ok(found.map(|recorded| recorded.transfer))
}

/// Those of these transfers that were recorded, in no order.
pub(crate) async fn find_by_ids(
    conn: &mut PgConnection,
    ids: &[(TenantId, TransferId)],
) -> Result<Vec<Recorded>, Error> {
    let (tenants, ids): (Vec<Uuid>, Vec<Uuid>) =
        ids.iter().map(|(tenant, id)| (tenant.uuid(), id.uuid())).unzip();
    let rows = sqlx::query_as!(
        Row,
        "
        select
            t.tenant_id, t.transfer_id, t.type as transfer_type, t.response_code,
            t.debit_account_id, t.credit_account_id, t.amount_minor, t.currency, t.reference,
            t.debit_sequence, t.credit_sequence, t.request_id, t.request_hash, t.user_id,
            t.api_key_id, t.reverses, t.payment_id, t.metadata::text as metadata, t.outside_side,
            t.outside_name, t.outside_sort_code, t.outside_account_number, t.outside_iban,
            t.outside_bic_swift, t.create_time
        from unnest($1::uuid[], $2::uuid[]) as k (tenant_id, transfer_id)
        join transfers t on t.tenant_id = k.tenant_id and t.transfer_id = k.transfer_id
        ",
        &tenants,
        &ids,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Recorded::try_from).collect()
}

/// The transfers that requests with these keys have made, in no order.
pub(crate) async fn find_by_requests(
    conn: &mut PgConnection,
    keys: &[(TenantId, &str)],
) -> Result<Vec<Recorded>, Error> {
    let (tenants, keys): (Vec<Uuid>, Vec<&str>) =
        keys.iter().map(|(tenant, key)| (tenant.uuid(), *key)).unzip();
    let rows = sqlx::query_as!(
        Row,
        "
        select
            t.tenant_id, t.transfer_id, t.type as transfer_type, t.response_code,
            t.debit_account_id, t.credit_account_id, t.amount_minor, t.currency, t.reference,
            t.debit_sequence, t.credit_sequence, t.request_id, t.request_hash, t.user_id,
            t.api_key_id, t.reverses, t.payment_id, t.metadata::text as metadata, t.outside_side,
            t.outside_name, t.outside_sort_code, t.outside_account_number, t.outside_iban,
            t.outside_bic_swift, t.create_time
        from unnest($1::uuid[], $2::text[]) as k (tenant_id, request_id)
        join transfers t on t.tenant_id = k.tenant_id and t.request_id = k.request_id
        ",
        &tenants,
        &keys as _,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(Recorded::try_from).collect()
}

/// Those of these transfers that have been undone, in no order.
pub(crate) async fn find_reversed(
    conn: &mut PgConnection,
    ids: &[(TenantId, TransferId)],
) -> Result<Vec<(TenantId, TransferId)>, Error> {
    let (tenants, ids): (Vec<Uuid>, Vec<Uuid>) =
        ids.iter().map(|(tenant, id)| (tenant.uuid(), id.uuid())).unzip();
    let rows = sqlx::query!(
        r#"
        select t.tenant_id, t.reverses as "reverses!"
        from unnest($1::uuid[], $2::uuid[]) as k (tenant_id, transfer_id)
        join transfers t on t.tenant_id = k.tenant_id and t.reverses = k.transfer_id
        where t.reverses is not null and t.response_code = 1
        "#,
        &tenants,
        &ids,
    )
    .fetch_all(conn)
    .await?;
    let found = rows.into_iter();
    Ok(found
        .map(|row| (TenantId::from_uuid(row.tenant_id), TransferId::from_uuid(row.reverses)))
        .collect())
}

/// The columns of somebody elsewhere.
pub(super) struct OutsideColumns<'a> {
    pub(super) side: Option<&'a str>,
    pub(super) name: Option<&'a str>,
    pub(super) sort_code: Option<&'a str>,
    pub(super) account_number: Option<&'a str>,
    pub(super) iban: Option<&'a str>,
    pub(super) bic_swift: Option<&'a str>,
}

impl OutsideColumns<'_> {
    pub(super) fn read(&self) -> Result<Outside, Error> {
        let Some((side, name)) = self.side.zip(self.name) else { return Ok(Outside::Neither) };
        let party = OutsideParty {
            name: kept("outside name", Text::parse(name, NAME_LENGTH))?,
            account: BankDetails {
                uk: uk_account(self.sort_code, self.account_number)?,
                international: international_account(self.iban, self.bic_swift)?,
            },
        };
        match side {
            "debit" => Ok(Outside::Debit(party)),
            "credit" => Ok(Outside::Credit(party)),
            "both" => Ok(Outside::Both(party)),
            _ => Err(Error::corrupt("outside side")),
        }
    }
}

/// The metadata of a transfer, from its column.
pub(super) fn metadata(json: Option<&str>) -> Result<Metadata, Error> {
    let Some(json) = json else { return Ok(Metadata::default()) };
    let pairs: BTreeMap<String, String> = kept("metadata", serde_json::from_str(json))?;
    Ok(Metadata::from_kept(pairs))
}

/// The amount of a transfer, from its column.
pub(super) fn amount(minor: i64, currency: &str) -> Result<Amount, Error> {
    kept("amount", Amount::new(minor, kept("currency", Currency::parse(currency))?))
}

/// On whose request a transfer was made, from its columns.
pub(super) fn initiator(user: Option<Uuid>, key: Option<Uuid>) -> Option<Initiator> {
    let (user, key) = (UserId::from_uuid(user?), key.map(ApiKeyId::from_uuid));
    Some(Initiator { user, key })
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
    tenant_id: Uuid,
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
    request_id: Option<String>,
    request_hash: Option<Vec<u8>>,
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
    create_time: OffsetDateTime,
}

impl Row {
    fn movement(&self) -> Result<Movement, Error> {
        let outside = OutsideColumns {
            side: self.outside_side.as_deref(),
            name: self.outside_name.as_deref(),
            sort_code: self.outside_sort_code.as_deref(),
            account_number: self.outside_account_number.as_deref(),
            iban: self.outside_iban.as_deref(),
            bic_swift: self.outside_bic_swift.as_deref(),
        };
        let sides = Sides::new(
            AccountId::from_uuid(self.debit_account_id),
            AccountId::from_uuid(self.credit_account_id),
        );
        Ok(Movement {
            id: TransferId::from_uuid(self.transfer_id),
            kind: transfer_type(&self.transfer_type)?,
            sides: kept("two sides", sides)?,
            outside: outside.read()?,
            amount: amount(self.amount_minor, &self.currency)?,
            reference: kept("reference", Reference::parse(&self.reference))?,
            reverses: self.reverses.map(TransferId::from_uuid),
            payment: self.payment_id.map(PaymentId::from_uuid),
            initiator: initiator(self.user_id, self.api_key_id),
            metadata: metadata(self.metadata.as_deref())?,
        })
    }

    fn outcome(&self) -> Result<Outcome, Error> {
        let debit_sequence = self.debit_sequence;
        Ok(match self.credit_sequence {
            Some(credit_sequence) => Outcome::Posted { debit_sequence, credit_sequence },
            None => Outcome::Declined { code: response_code(self.response_code)?, debit_sequence },
        })
    }
}

impl TryFrom<Row> for Recorded {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let (movement, outcome) = (row.movement()?, row.outcome()?);
        let request = row.request_id.zip(row.request_hash);
        Ok(Self {
            tenant: TenantId::from_uuid(row.tenant_id),
            request: request.map(|(id, hash)| RequestKey { id, hash }),
            transfer: Transfer { movement, outcome, create_time: row.create_time },
        })
    }
}

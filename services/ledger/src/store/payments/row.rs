//! A payment as its row has it.

use time::OffsetDateTime;
use types::{PaymentId, Reference, TenantId, Text, TransferId};
use uuid::Uuid;

use crate::{
    domain::{
        account::AccountId,
        ledger::BankDetails,
        payment::{Payment, Rejection, Route, Source, State, Status},
        transfer::{NAME_LENGTH, OutsideParty, ResponseCode},
    },
    error::Error,
    store::{
        kept,
        ledgers::{international_account, uk_account},
        transfers::{amount, response_code, transfer_type},
    },
};

/// A state, by column.
pub(super) struct Columns<'a> {
    pub(super) status: &'static str,
    pub(super) response_code: i16,
    pub(super) rejection_reason: Option<&'a str>,
    pub(super) transfer: Option<Uuid>,
    pub(super) returned: Option<Uuid>,
    pub(super) route: Option<&'static str>,
}

impl<'a> Columns<'a> {
    pub(super) fn of(state: &'a State) -> Self {
        let plain = Self {
            status: state.status().word(),
            response_code: ResponseCode::Success.number(),
            rejection_reason: None,
            transfer: None,
            returned: None,
            route: None,
        };
        match state {
            State::Accepted | State::Cancelled => plain,
            State::Submitted(route) => Self { route: Some(route_word(*route)), ..plain },
            State::Settled { transfer, returned } => Self {
                transfer: Some(transfer.uuid()),
                returned: returned.map(TransferId::uuid),
                ..plain
            },
            State::Rejected(Rejection::Declined { code, transfer }) => {
                Self { response_code: code.number(), transfer: Some(transfer.uuid()), ..plain }
            }
            State::Rejected(Rejection::ByRail(reason)) => Self {
                response_code: ResponseCode::Declined.number(),
                rejection_reason: Some(reason),
                ..plain
            },
        }
    }
}

fn route_word(route: Route) -> &'static str {
    match route {
        Route::Rail => "rail",
        Route::OnUs => "on_us",
    }
}

pub(super) struct Row {
    pub(super) tenant_id: Uuid,
    pub(super) payment_id: Uuid,
    pub(super) payment_type: String,
    pub(super) status: String,
    pub(super) account_id: Uuid,
    pub(super) amount_minor: i64,
    pub(super) currency: String,
    pub(super) reference: String,
    pub(super) creditor_name: String,
    pub(super) creditor_sort_code: Option<String>,
    pub(super) creditor_account_number: Option<String>,
    pub(super) creditor_iban: Option<String>,
    pub(super) creditor_bic_swift: Option<String>,
    pub(super) response_code: i16,
    pub(super) rejection_reason: Option<String>,
    pub(super) transfer_id: Option<Uuid>,
    pub(super) return_transfer_id: Option<Uuid>,
    pub(super) returns_transfer_id: Option<Uuid>,
    pub(super) route: Option<String>,
    pub(super) create_time: OffsetDateTime,
    pub(super) update_time: OffsetDateTime,
}

impl Row {
    fn state(&self) -> Result<State, Error> {
        let corrupt = || Error::corrupt("payment state");
        let transfer = self.transfer_id.map(TransferId::from_uuid);
        Ok(match Status::from_word(&self.status).ok_or_else(corrupt)? {
            Status::Accepted => State::Accepted,
            Status::Submitted => {
                let routes = [Route::Rail, Route::OnUs];
                let route = routes
                    .into_iter()
                    .find(|route| self.route.as_deref() == Some(route_word(*route)));
                State::Submitted(route.ok_or_else(corrupt)?)
            }
            Status::Settled => State::Settled {
                transfer: transfer.ok_or_else(corrupt)?,
                returned: self.return_transfer_id.map(TransferId::from_uuid),
            },
            Status::Rejected => State::Rejected(match transfer {
                Some(transfer) => {
                    Rejection::Declined { code: response_code(self.response_code)?, transfer }
                }
                None => Rejection::ByRail(self.rejection_reason.clone().ok_or_else(corrupt)?),
            }),
            Status::Cancelled => State::Cancelled,
        })
    }

    fn creditor(&self) -> Result<OutsideParty, Error> {
        Ok(OutsideParty {
            name: kept("creditor name", Text::parse(&self.creditor_name, NAME_LENGTH))?,
            account: BankDetails {
                uk: uk_account(
                    self.creditor_sort_code.as_deref(),
                    self.creditor_account_number.as_deref(),
                )?,
                international: international_account(
                    self.creditor_iban.as_deref(),
                    self.creditor_bic_swift.as_deref(),
                )?,
            },
        })
    }
}

impl TryFrom<Row> for Payment {
    type Error = Error;

    fn try_from(row: Row) -> Result<Self, Error> {
        let account = AccountId::from_uuid(row.account_id);
        Ok(Self {
            tenant: TenantId::from_uuid(row.tenant_id),
            id: PaymentId::from_uuid(row.payment_id),
            kind: transfer_type(&row.payment_type)?,
            state: row.state()?,
            source: match row.returns_transfer_id {
                Some(id) => Source::Suspense { account, returns: TransferId::from_uuid(id) },
                None => Source::Ledger(account),
            },
            creditor: row.creditor()?,
            amount: amount(row.amount_minor, &row.currency)?,
            reference: kept("reference", Reference::parse(&row.reference))?,
            create_time: row.create_time,
            update_time: row.update_time,
        })
    }
}

//! Payments. Whoever locks one and accounts locks the accounts first, in the order of their keys: see
//! [`lock`]. What workers do to take payments up is in [`super::payment_work`].

use sqlx::PgConnection;
use time::OffsetDateTime;
use types::{PaymentId, Reference, TenantId, Text, TransferId};
use uuid::Uuid;

use super::{
    kept,
    ledgers::{international_account, uk_account},
    transfers::{amount, response_code, transfer_type},
};
use crate::{
    domain::{
        account::AccountId,
        ledger::BankDetails,
        payment::{Payment, Rejection, Route, Source, State, Status},
        transfer::{NAME_LENGTH, OutsideParty, ResponseCode},
    },
    error::Error,
};

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
    id: PaymentId,
) -> Result<Option<TenantId>, Error> {
    let found =
        sqlx::query_scalar!("select tenant_id from payments where payment_id = $1", id.uuid())
            .fetch_optional(conn)
            .await?;
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

/// A state, by column.
struct Columns<'a> {
    status: &'static str,
    response_code: i16,
    rejection_reason: Option<&'a str>,
    transfer: Option<Uuid>,
    returned: Option<Uuid>,
    route: Option<&'static str>,
}

impl<'a> Columns<'a> {
    fn of(state: &'a State) -> Self {
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

struct Row {
    tenant_id: Uuid,
    payment_id: Uuid,
    payment_type: String,
    status: String,
    account_id: Uuid,
    amount_minor: i64,
    currency: String,
    reference: String,
    creditor_name: String,
    creditor_sort_code: Option<String>,
    creditor_account_number: Option<String>,
    creditor_iban: Option<String>,
    creditor_bic_swift: Option<String>,
    response_code: i16,
    rejection_reason: Option<String>,
    transfer_id: Option<Uuid>,
    return_transfer_id: Option<Uuid>,
    returns_transfer_id: Option<Uuid>,
    route: Option<String>,
    create_time: OffsetDateTime,
    update_time: OffsetDateTime,
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

//! What the audit log is told of ledgers and payments. Transfers and entries are not in it: they are on record
//! themselves, with who asked for them, and sealed.
//!
//! No digest here is of personal data: names, account numbers and references are left out.

use kit::{
    audit::{self, Act, Digest, Form},
    caller::{Call, Caller, DEFAULT_DEADLINE},
};
use sqlx::PgConnection;
use types::{LedgerId, TenantId};

use crate::domain::{
    ledger::{Ledger, PrimaryUse},
    payment::{Payment, Rejection, State},
    transfer::Initiator,
};

/// This service as the one who acts: when the worker does, or a rail has brought something.
pub(crate) fn ourselves(tenant: TenantId) -> Caller {
    Caller::service(Call::begin(None, DEFAULT_DEADLINE), tenant, "ledger")
}

/// On whose request a caller moves money; none where a service does on its own account.
pub(crate) fn initiator(caller: &Caller) -> Option<Initiator> {
    Some(Initiator { user: caller.user()?, key: caller.key() })
}

/// As the audit log names it.
pub(crate) fn object(id: LedgerId) -> String {
    format!("ledgers/{id}")
}

/// What a ledger is, without its money.
pub(crate) fn ledger(ledger: &Ledger) -> Digest {
    let form = Form::of("ledger").text(ledger.id.to_string()).text(ledger.customer_id.to_string());
    let form = form.text(ledger.currency.code());
    let form = form.texts(ledger.primary_use.iter().copied().map(PrimaryUse::word));
    form.flag(ledger.active).number(ledger.overdraft_limit_minor).digest()
}

/// How far a payment has come.
pub(crate) fn payment(payment: &Payment) -> Digest {
    let form = Form::of("payment").text(payment.id.to_string()).text(payment.kind.word());
    let form = form.text(payment.source.account().uuid().to_string());
    let form = form.number(payment.amount.minor()).text(payment.amount.currency().code());
    let form = form.text(payment.state.status().word());
    let (transfer, returned) = match &payment.state {
        State::Settled { transfer, returned } => (Some(*transfer), *returned),
        State::Rejected(Rejection::Declined { transfer, .. }) => (Some(*transfer), None),
        State::Accepted
        | State::Submitted(_)
        | State::Rejected(Rejection::ByRail(_))
        | State::Cancelled => (None, None),
    };
    form.maybe(transfer.map(|id| id.to_string())).maybe(returned.map(|id| id.to_string())).digest()
}

/// Records what becomes of a payment; `before` is what it was, where it was there.
///
/// # Errors
///
/// Those of the database.
pub(crate) async fn of_payment(
    conn: &mut PgConnection,
    by: &Caller,
    action: &'static str,
    before: Option<Digest>,
    after: &Payment,
) -> Result<(), sqlx::Error> {
    let act = Act::new(action, format_args!("payments/{}", after.id)).after(payment(after));
    let act = match before {
        Some(before) => act.before(before),
        None => act,
    };
    audit::record(conn, by, &act).await
}

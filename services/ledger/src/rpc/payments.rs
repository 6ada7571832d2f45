//! Rpcs of payments.

use kit::{caller::Caller, errors::Violations, idempotency::Key, page, time::timestamp};
use proto::ledger::v1::{self as pb};
use tonic::{Request, Response};
use types::{LedgerId, PaymentId, Reference, Side, Text};

use super::{addresses, amounts, money, open, valid};
use crate::{
    domain::{
        payment::{Payment, Rejection, Source, State, Status},
        transfer::{NAME_LENGTH, OutsideParty, ResponseCode, TransferType},
    },
    error::Error,
    payments::{NewPayment, Payments},
    transfers::{Asked, Transfers},
};

pub(super) async fn create(
    payments: &Payments,
    transfers: &Transfers,
    request: Request<pb::CreatePaymentRequest>,
) -> Result<Response<pb::Payment>, Error> {
    let (caller, message) = open(request)?;
    let mut bad = Violations::new();
    let parsed = parse(&caller, &message, &mut bad);
    let Parsed { key, kind, from, creditor, amount, reference } = parsed;
    if message.validate_only || !bad.is_empty() {
        amounts::check(transfers, &caller, from, amount, &mut bad).await?;
        payments.check(&caller, from, kind.zip(creditor.as_ref()), &mut bad).await?;
    }
    let new = (|| {
        let (kind, from, creditor) = (kind?, from?, creditor?);
        let (amount, reference) = (amount?, reference?);
        Some(NewPayment { key, kind, from, creditor, amount, reference })
    })();
    let new = valid(bad, new)?;
    if message.validate_only {
        return Ok(Response::new(pb::Payment::default()));
    }
    Ok(payments.create(&caller, new, render).await?.into_response())
}

pub(super) async fn get(
    payments: &Payments,
    request: Request<pb::GetPaymentRequest>,
) -> Result<Response<pb::Payment>, Error> {
    let (caller, message) = open(request)?;
    let mut bad = Violations::new();
    let id = bad.required("payment_id", &message.payment_id, PaymentId::parse);
    let id = valid(bad, id)?;
    Ok(Response::new(render(&payments.get(&caller, id).await?)))
}

pub(super) async fn list(
    payments: &Payments,
    request: Request<pb::ListPaymentsRequest>,
) -> Result<Response<pb::ListPaymentsResponse>, Error> {
    let (caller, message) = open(request)?;
    let mut bad = Violations::new();
    let ledger = bad.optional("from_ledger_id", &message.from_ledger_id, LedgerId::parse);
    let status = status(message.status, &mut bad);
    let before: Option<uuid::Uuid> = page::place("page_token", &message.page_token, &mut bad);
    let size = page::size("page_size", message.page_size, &mut bad);
    let ledger = valid(bad, ledger)?;
    let before = before.map(PaymentId::from_uuid);
    let page = payments.list(&caller, ledger, status, before, size).await?;
    Ok(Response::new(pb::ListPaymentsResponse {
        payments: page.payments.iter().map(render).collect(),
        next_page_token: page.next.as_ref().map(page::token).unwrap_or_default(),
        total_size: page.total,
    }))
}

pub(super) async fn cancel(
    payments: &Payments,
    request: Request<pb::CancelPaymentRequest>,
) -> Result<Response<pb::Payment>, Error> {
    let (caller, message) = open(request)?;
    let mut bad = Violations::new();
    let key = Key::of(&caller, "CancelPayment", &message.request_id, &message, &mut bad);
    let id = bad.required("payment_id", &message.payment_id, PaymentId::parse);
    let id = valid(bad, id)?;
    Ok(payments.cancel(&caller, key, id, render).await?.into_response())
}

/// What can be told of a request, right or wrong.
struct Parsed {
    key: Option<Key>,
    kind: Option<TransferType>,
    from: Option<LedgerId>,
    creditor: Option<OutsideParty>,
    amount: Option<Asked>,
    reference: Option<Reference>,
}

fn parse(caller: &Caller, message: &pb::CreatePaymentRequest, bad: &mut Violations) -> Parsed {
    let key = Key::of(caller, "CreatePayment", &message.request_id, message, bad);
    let kind = payment_type(message.r#type, bad);
    let from = bad.required("from_ledger_id", &message.from_ledger_id, LedgerId::parse);
    let name = bad
        .required("creditor_name", &message.creditor_name, |name| Text::parse(name, NAME_LENGTH));
    let given = message.creditor.clone().unwrap_or_default();
    let account = kind.and_then(|kind| addresses::creditor(kind, &given, bad));
    let amount = amounts::parse(message.amount.as_ref().map(Into::into), bad);
    let reference = bad.required("reference", &message.reference, Reference::parse);
    let creditor = name.zip(account).map(|(name, account)| OutsideParty { name, account });
    Parsed { key, kind, from, creditor, amount, reference }
}

fn payment_type(given: i32, bad: &mut Violations) -> Option<TransferType> {
    match pb::TransactionType::try_from(given) {
        Ok(pb::TransactionType::FasterPayment) => Some(TransferType::FasterPayment),
        Ok(pb::TransactionType::SepaCredit) => Some(TransferType::SepaCredit),
        Ok(pb::TransactionType::Unspecified) => {
            bad.add("type", "is required");
            None
        }
        Ok(pb::TransactionType::InternalTransfer | pb::TransactionType::SwiftCredit) | Err(_) => {
            bad.add("type", "must be one of faster_payment, sepa_credit");
            None
        }
    }
}

fn status(given: i32, bad: &mut Violations) -> Option<Status> {
    match pb::PaymentStatus::try_from(given) {
        Ok(pb::PaymentStatus::Unspecified) => None,
        Ok(pb::PaymentStatus::Accepted) => Some(Status::Accepted),
        Ok(pb::PaymentStatus::Submitted) => Some(Status::Submitted),
        Ok(pb::PaymentStatus::Settled) => Some(Status::Settled),
        Ok(pb::PaymentStatus::Rejected) => Some(Status::Rejected),
        Ok(pb::PaymentStatus::Cancelled) => Some(Status::Cancelled),
        Err(_) => {
            let known = Status::ALL.map(Status::word).join(", ");
            bad.add("status", format_args!("must be one of {known}"));
            None
        }
    }
}

fn render(payment: &Payment) -> pb::Payment {
    let (code, reason, transfer, returned) = match &payment.state {
        State::Accepted | State::Submitted(_) | State::Cancelled => {
            (ResponseCode::Success, "", None, None)
        }
        State::Settled { transfer, returned } => {
            (ResponseCode::Success, "", Some(*transfer), *returned)
        }
        State::Rejected(Rejection::Declined { code, transfer }) => {
            (*code, "", Some(*transfer), None)
        }
        State::Rejected(Rejection::ByRail(reason)) => {
            (ResponseCode::Declined, reason.as_str(), None, None)
        }
    };
    let from = match payment.source {
        Source::Ledger(account) => Some(account),
        Source::Suspense { .. } => None,
    };
    let transaction =
        transfer.filter(|_| from.is_some()).map(|transfer| transfer.transaction(Side::Debit));
    pb::Payment {
        payment_id: payment.id.to_string(),
        r#type: money::render_type(payment.kind).into(),
        status: render_status(payment.state.status()).into(),
        response_code: money::render_code(code).into(),
        from_ledger_id: money::render_id(from),
        creditor_name: payment.creditor.name.as_str().to_owned(),
        creditor: Some(money::render_details(&payment.creditor.account)),
        amount: Some(money::render(payment.amount.minor(), payment.amount.currency())),
        reference: payment.reference.as_str().to_owned(),
        rejection_reason: reason.to_owned(),
        transfer_id: money::render_id(transfer),
        transaction_id: money::render_id(transaction),
        return_transfer_id: money::render_id(returned),
        create_time: Some(timestamp(payment.create_time)),
        update_time: Some(timestamp(payment.update_time)),
    }
}

fn render_status(status: Status) -> pb::PaymentStatus {
    match status {
        Status::Accepted => pb::PaymentStatus::Accepted,
        Status::Submitted => pb::PaymentStatus::Submitted,
        Status::Settled => pb::PaymentStatus::Settled,
        Status::Rejected => pb::PaymentStatus::Rejected,
        Status::Cancelled => pb::PaymentStatus::Cancelled,
    }
}

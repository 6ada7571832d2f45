//! Rpcs that move money between ledgers.

use kit::{
    caller::Caller,
    errors::Violations,
    idempotency::{Answer, Key},
    time::timestamp,
};
use proto::ledger::v1::{self as pb};
use tonic::{Request, Response};
use types::{LedgerId, Reference, Side, TransferId};

use super::{amounts, money, open, valid};
use crate::{
    domain::{
        account::of_ledger,
        metadata::Metadata,
        transfer::{Movement, Sides, Transfer},
    },
    error::Error,
    transfers::{Asked, NewTransfer, Transfers},
};

pub(super) async fn create(
    transfers: &Transfers,
    request: Request<pb::CreateTransferRequest>,
) -> Result<Response<pb::Transfer>, Error> {
    let (caller, message) = open(request)?;
    let mut bad = Violations::new();
    let parsed = parse(&caller, &message, &mut bad);
    if message.validate_only || !bad.is_empty() {
        amounts::check(transfers, &caller, parsed.from, parsed.amount, &mut bad).await?;
    }
    let new = valid(bad, parsed.new)?;
    if message.validate_only {
        return Ok(Response::new(pb::Transfer::default()));
    }
    Ok(respond(transfers.create(&caller, new).await?))
}

/// What can be told of a request, right or wrong.
pub(super) struct Parsed {
    pub(super) from: Option<LedgerId>,
    pub(super) amount: Option<Asked>,
    /// None when anything is wrong.
    pub(super) new: Option<NewTransfer>,
}

pub(super) fn parse(
    caller: &Caller,
    message: &pb::CreateTransferRequest,
    bad: &mut Violations,
) -> Parsed {
    let key = Key::of(caller, "CreateTransfer", &message.request_id, message, bad);
    let from = bad.required("from_ledger_id", &message.from_ledger_id, LedgerId::parse);
    let to = bad.required("to_ledger_id", &message.to_ledger_id, LedgerId::parse);
    let amount = amounts::parse(message.amount.as_ref().map(Into::into), bad);
    let reference = bad.required("reference", &message.reference, Reference::parse);
    let metadata = bad.take("metadata", Metadata::parse(&message.metadata));
    let sides = from.zip(to).and_then(|(from, to)| {
        let sides = Sides::new(of_ledger(from), of_ledger(to));
        bad.take("to_ledger_id", sides.map_err(|_| "must not be from_ledger_id"))
    });
    let new = (|| {
        let (sides, amount) = (sides?, amount?);
        let (reference, metadata) = (reference?, metadata?);
        Some(NewTransfer { key, sides, amount, reference, reverses: None, metadata })
    })();
    Parsed { from, amount, new: new.filter(|_| bad.is_empty()) }
}

pub(super) async fn get(
    transfers: &Transfers,
    request: Request<pb::GetTransferRequest>,
) -> Result<Response<pb::Transfer>, Error> {
    let (caller, message) = open(request)?;
    let mut bad = Violations::new();
    let id = bad.required("transfer_id", &message.transfer_id, TransferId::parse);
    let id = valid(bad, id)?;
    Ok(Response::new(render(&transfers.get(&caller, id).await?)))
}

pub(super) fn respond(answer: Answer<Transfer>) -> Response<pb::Transfer> {
    let Answer { message, replayed } = answer;
    Answer { message: render(&message), replayed }.into_response()
}

/// A side that has no entry on a ledger has no id either.
pub(super) fn render(transfer: &Transfer) -> pb::Transfer {
    let Transfer { movement, outcome, create_time } = transfer;
    let Movement { id, sides, amount, outside, .. } = movement;
    let posted = outcome.credit_sequence().is_some();
    let from = outside.is_from_ledger().then(|| sides.debit());
    let to = outside.is_to_ledger().then(|| sides.credit());
    let from_transaction = from.map(|_| id.transaction(Side::Debit));
    let to_transaction = to.filter(|_| posted).map(|_| id.transaction(Side::Credit));
    pb::Transfer {
        transfer_id: id.to_string(),
        r#type: money::render_type(movement.kind).into(),
        response_code: money::render_code(outcome.code()).into(),
        from_ledger_id: money::render_id(from),
        to_ledger_id: money::render_id(to),
        amount: Some(money::render(amount.minor(), amount.currency())),
        reference: movement.reference.as_str().to_owned(),
        from_transaction_id: money::render_id(from_transaction),
        to_transaction_id: money::render_id(to_transaction),
        create_time: Some(timestamp(*create_time)),
        metadata: money::render_metadata(&movement.metadata),
        reverses_transfer_id: money::render_id(movement.reverses),
        payment_id: money::render_id(movement.payment),
        user_id: money::render_id(movement.initiator.map(|it| it.user)),
        api_key_id: money::render_id(movement.initiator.and_then(|it| it.key)),
    }
}

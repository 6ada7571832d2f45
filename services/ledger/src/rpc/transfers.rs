//! Rpcs that move money between ledgers.

use kit::{errors::Violations, idempotency::Key, time::timestamp};
use proto::ledger::v1::{self as pb};
use tonic::{Request, Response};
use types::{LedgerId, Reference, Side, TransferId};

use super::{amounts, money, open, valid};
use crate::{
    domain::{
        account::of_ledger,
        transfer::{Sides, Transfer},
    },
    error::Error,
    transfers::{NewTransfer, Transfers},
};

pub(super) async fn create(
    transfers: &Transfers,
    request: Request<pb::CreateTransferRequest>,
) -> Result<Response<pb::Transfer>, Error> {
    let (caller, message) = open(request)?;
    let mut bad = Violations::new();
    let key = Key::of(&caller, "CreateTransfer", &message.request_id, &message, &mut bad);
    let from = bad.required("from_ledger_id", &message.from_ledger_id, LedgerId::parse);
    let to = bad.required("to_ledger_id", &message.to_ledger_id, LedgerId::parse);
    let amount = amounts::parse(message.amount.as_ref().map(Into::into), &mut bad);
    let reference = bad.required("reference", &message.reference, Reference::parse);
    let sides = from.zip(to).and_then(|(from, to)| {
        let sides = Sides::new(of_ledger(from), of_ledger(to));
        bad.take("to_ledger_id", sides.map_err(|_| "must not be from_ledger_id"))
    });
    if message.validate_only || !bad.is_empty() {
        amounts::check(transfers, &caller, from, amount, &mut bad).await?;
    }
    let new = (|| Some(NewTransfer { sides: sides?, amount: amount?, reference: reference? }))();
    let new = valid(bad, new)?;
    if message.validate_only {
        return Ok(Response::new(pb::Transfer::default()));
    }
    Ok(transfers.create(&caller, key, new, render).await?.into_response())
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

/// A side that has no entry on a ledger has no id either.
pub(super) fn render(transfer: &Transfer) -> pb::Transfer {
    let Transfer { id, sides, amount, outcome, .. } = transfer;
    let inside = transfer.sender.is_none();
    let posted = outcome.credit_sequence().is_some();
    let if_inside = |text: String| if inside { text } else { String::new() };
    let if_posted = |text: String| if posted { text } else { String::new() };
    pb::Transfer {
        transfer_id: id.to_string(),
        r#type: money::render_type(transfer.kind).into(),
        response_code: money::render_code(outcome.code()).into(),
        from_ledger_id: if_inside(sides.debit().to_string()),
        to_ledger_id: sides.credit().to_string(),
        amount: Some(money::render(amount.minor(), amount.currency())),
        reference: transfer.reference.as_str().to_owned(),
        from_transaction_id: if_inside(id.transaction(Side::Debit).to_string()),
        to_transaction_id: if_posted(id.transaction(Side::Credit).to_string()),
        create_time: Some(timestamp(transfer.create_time)),
    }
}

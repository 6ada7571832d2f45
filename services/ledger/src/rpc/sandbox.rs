//! Rpcs that play the outside world.

use kit::{errors::Violations, idempotency::Key};
use proto::ledger::v1::{self as pb};
use tonic::{Request, Response};
use types::{AccountNumber, Bic, Iban, LedgerId, Reference, SortCode, Text};

use super::{amounts, open, transfers::render, valid};
use crate::{
    domain::{
        ledger::{BankDetails, InternationalAccount, UkAccount},
        transfer::{NAME_LENGTH, OutsideParty},
    },
    error::Error,
    inbound::{Inbound, NewInbound},
    transfers::Transfers,
};

pub(super) async fn create_inbound(
    inbound: &Inbound,
    transfers: &Transfers,
    request: Request<pb::CreateInboundPaymentRequest>,
) -> Result<Response<pb::Transfer>, Error> {
    let (caller, message) = open(request)?;
    let mut bad = Violations::new();
    let key = Key::of(&caller, "CreateInboundPayment", &message.request_id, &message, &mut bad);
    let ledger = bad.required("ledger_id", &message.ledger_id, LedgerId::parse);
    let amount = amounts::parse(message.amount.as_ref().map(Into::into), &mut bad);
    let reference = bad.required("reference", &message.reference, Reference::parse);
    let name = bad.required("name", &message.name, |name| Text::parse(name, NAME_LENGTH));
    let account = sender(&message.sender.unwrap_or_default(), &mut bad);
    let rail_reference = bad.optional("rail_reference", &message.rail_reference, rail_reference);
    if message.validate_only || !bad.is_empty() {
        amounts::check(transfers, &caller, ledger, amount, &mut bad).await?;
    }
    let new = (|| {
        let sender = OutsideParty { name: name?, account: account? };
        let (ledger, amount, reference) = (ledger?, amount?, reference?);
        let rail_reference = rail_reference?;
        Some(NewInbound { ledger, amount, reference, sender, rail_reference })
    })();
    let new = valid(bad, new)?;
    if message.validate_only {
        return Ok(Response::new(pb::Transfer::default()));
    }
    let is_credited = |transfer: &pb::Transfer| !transfer.to_ledger_id.is_empty();
    Ok(inbound.create(&caller, key, new, render, is_credited).await?.into_response())
}

/// The rail's own name for a payment.
fn rail_reference(given: &str) -> Result<String, &'static str> {
    let is_fit = given.len() <= 64 && given.bytes().all(|byte| byte.is_ascii_graphic());
    if is_fit { Ok(given.to_owned()) } else { Err("must be 1-64 visible ASCII characters") }
}

/// At least one whole address, and no half of one.
fn sender(given: &pb::BankDetails, bad: &mut Violations) -> Option<BankDetails> {
    let pb::BankDetails { sort_code, account_number, iban, bic_swift } = given;
    let uk = pair(
        ("sender.sort_code", sort_code, SortCode::parse),
        ("sender.account_number", account_number, AccountNumber::parse),
        bad,
    );
    let international =
        pair(("sender.iban", iban, Iban::parse), ("sender.bic_swift", bic_swift, Bic::parse), bad);
    let (uk, international) = (uk?, international?);
    if uk.is_none() && international.is_none() {
        bad.add("sender.sort_code", "is required, with account_number, where iban is absent");
        bad.add("sender.iban", "is required, with bic_swift, where sort_code is absent");
        return None;
    }
    Some(BankDetails {
        uk: uk.map(|(sort_code, account_number)| UkAccount { sort_code, account_number }),
        international: international
            .map(|(iban, bic)| InternationalAccount { iban, bic: Some(bic) }),
    })
}

/// A field's name, its text, and what makes a value of it.
type Field<'a, T, E> = (&'static str, &'a str, fn(&str) -> Result<T, E>);

/// Two fields that are both there, or both not. The outer `None` is a violation.
#[expect(clippy::option_option, reason = "bad, absent and present are three things")]
fn pair<A, B, E: std::fmt::Display, F: std::fmt::Display>(
    one: Field<'_, A, E>,
    other: Field<'_, B, F>,
    bad: &mut Violations,
) -> Option<Option<(A, B)>> {
    if one.1.trim().is_empty() && other.1.trim().is_empty() {
        return Some(None);
    }
    let (one, other) = (bad.required(one.0, one.1, one.2), bad.required(other.0, other.1, other.2));
    Some(Some((one?, other?)))
}

//! What is to change about a ledger, as requests give it.

use kit::{caller::Caller, errors::Violations};
use proto::{
    ledger::v1::{self as pb},
    r#type::v1::Money,
};
use types::{Amount, AmountError, Currency, DecimalText, LedgerId};

use crate::{
    error::Error,
    ledgers::{Change, Ledgers, OverdraftLimit},
};

/// Which ledger, and the new values of what the mask names.
pub(super) fn parse(
    message: &pb::UpdateLedgerRequest,
    bad: &mut Violations,
) -> (Option<LedgerId>, Option<Change>) {
    let ledger = message.ledger.clone().unwrap_or_default();
    let id = bad.required("ledger.ledger_id", &ledger.ledger_id, LedgerId::parse);
    let mask = message.update_mask.as_ref().map_or(&[][..], |mask| &mask.paths);
    if mask.is_empty() {
        bad.add("update_mask", "is required");
    }
    let mut change = Change { active: None, overdraft_limit: None };
    for path in mask {
        match path.as_str() {
            "active" => change.active = Some(ledger.active),
            "overdraft_limit" => change.overdraft_limit = parse_limit(message, bad),
            _ => bad.add("update_mask", "must hold only active, overdraft_limit"),
        }
    }
    (id, Some(change))
}

/// The new limit, in the one form or in the other.
fn parse_limit(message: &pb::UpdateLedgerRequest, bad: &mut Violations) -> Option<OverdraftLimit> {
    let money = message.ledger.as_ref().and_then(|ledger| ledger.overdraft_limit.as_ref());
    let decimal = message.overdraft_limit_decimal.as_str();
    match (money, decimal) {
        (Some(_), decimal) if !decimal.is_empty() => {
            bad.add("overdraft_limit_decimal", "must not be there beside ledger.overdraft_limit");
            None
        }
        (None, decimal) if !decimal.is_empty() => parse_decimal(decimal, bad),
        (money, _) => parse_money(&money.cloned().unwrap_or_default(), bad),
    }
}

/// Nothing is allowed, and otherwise what an amount may be.
fn parse_decimal(decimal: &str, bad: &mut Violations) -> Option<OverdraftLimit> {
    match DecimalText::parse(decimal) {
        Err(AmountError::NotPositive) => Some(OverdraftLimit::None),
        parsed => bad.take("overdraft_limit_decimal", parsed).map(OverdraftLimit::Decimal),
    }
}

fn parse_money(limit: &Money, bad: &mut Violations) -> Option<OverdraftLimit> {
    let field = "ledger.overdraft_limit.currency";
    let currency = bad.required(field, &limit.currency, Currency::parse)?;
    if limit.minor_units != 0 {
        let field = "ledger.overdraft_limit.minor_units";
        bad.take(field, Amount::new(limit.minor_units, currency))?;
    }
    Some(OverdraftLimit::Money { minor: limit.minor_units, currency })
}

/// Tells whether a limit fits the ledger's currency, for an answer that names other bad fields too.
/// Where there is no such ledger, that is told once everything else is right.
pub(super) async fn check(
    ledgers: &Ledgers,
    caller: &Caller,
    id: Option<LedgerId>,
    change: Option<Change>,
    bad: &mut Violations,
) -> Result<(), Error> {
    let limit = change.and_then(|change| change.overdraft_limit);
    let Some((id, limit)) = id.zip(limit) else { return Ok(()) };
    if let Some(currency) = ledgers.currency(caller, id).await? {
        limit.floor_in(currency, bad);
    }
    Ok(())
}

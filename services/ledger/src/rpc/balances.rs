//! The rpc that tells what was on a ledger.

use kit::{
    errors::Violations,
    time::{from_timestamp, timestamp},
};
use proto::ledger::v1::{self as pb};
use tonic::{Request, Response};
use types::LedgerId;

use super::{money, open, valid};
use crate::{error::Error, transactions::Transactions};

pub(super) async fn get(
    transactions: &Transactions,
    request: Request<pb::GetBalanceRequest>,
) -> Result<Response<pb::Balance>, Error> {
    let (caller, message) = open(request)?;
    let mut bad = Violations::new();
    let ledger = bad.required("ledger_id", &message.ledger_id, LedgerId::parse);
    let at = message.at.as_ref().map(|at| {
        bad.take("at", from_timestamp(at).ok_or("must be a time between the years 1 and 9999"))
    });
    let parsed = ledger.filter(|_| bad.is_empty()).map(|ledger| (ledger, at.flatten()));
    let (ledger, at) = valid(bad, parsed)?;
    let balance = transactions.balance(&caller, ledger, at).await?;
    Ok(Response::new(pb::Balance {
        ledger_id: ledger.to_string(),
        balance: Some(money::render(balance.minor, balance.currency)),
        at: Some(timestamp(balance.at)),
        transaction_id: money::render_id(balance.transaction),
    }))
}

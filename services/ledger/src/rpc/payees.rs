//! The rpc that asks who holds an account.

use kit::errors::Violations;
use proto::ledger::v1::{self as pb};
use tonic::{Request, Response};
use types::Text;

use super::{addresses, open, valid};
use crate::{
    domain::{payee::Confirmation, transfer::NAME_LENGTH},
    error::Error,
    payees::Directory,
};

pub(super) async fn confirm(
    payees: &Directory,
    request: Request<pb::ConfirmPayeeRequest>,
) -> Result<Response<pb::ConfirmPayeeResponse>, Error> {
    let (_, message) = open(request)?;
    let mut bad = Violations::new();
    let name = bad.required("name", &message.name, |name| Text::parse(name, NAME_LENGTH));
    let account = addresses::either("account", &message.account.unwrap_or_default(), &mut bad);
    let (name, account) = valid(bad, name.zip(account))?;
    let (matched, held_name) = match payees.confirm(&name, &account).await {
        Confirmation::Match => (pb::PayeeMatch::Match, String::new()),
        Confirmation::CloseMatch(held) => (pb::PayeeMatch::CloseMatch, held),
        Confirmation::NoMatch => (pb::PayeeMatch::NoMatch, String::new()),
        Confirmation::Unavailable => (pb::PayeeMatch::Unavailable, String::new()),
    };
    Ok(Response::new(pb::ConfirmPayeeResponse { r#match: matched.into(), held_name }))
}

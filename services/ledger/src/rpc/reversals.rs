//! The rpc that undoes a transfer.

use kit::{errors::Violations, idempotency::Key};
use proto::ledger::v1::{self as pb};
use tonic::{Request, Response};
use types::{Reference, TransactionId};

use super::{open, transfers::respond, valid};
use crate::{
    domain::metadata::Metadata,
    error::Error,
    transfers::{NewReversal, Transfers, of_any_side},
};

pub(super) async fn create(
    transfers: &Transfers,
    request: Request<pb::ReverseTransferRequest>,
) -> Result<Response<pb::Transfer>, Error> {
    let (caller, message) = open(request)?;
    let mut bad = Violations::new();
    let key = Key::of(&caller, "ReverseTransfer", &message.request_id, &message, &mut bad);
    let id = bad.required("transfer_id", &message.transfer_id, TransactionId::parse);
    let reference = bad.optional("reference", &message.reference, Reference::parse);
    let metadata = bad.take("metadata", Metadata::parse(&message.metadata));
    let new = (|| {
        let (transfer, reference) = (of_any_side(id?), reference?);
        Some(NewReversal { key, transfer, reference, metadata: metadata? })
    })();
    let new = valid(bad, new)?;
    if message.validate_only {
        return Ok(Response::new(pb::Transfer::default()));
    }
    Ok(respond(transfers.reverse(&caller, new).await?))
}

//! The rpc that moves money many times.

use kit::{errors::Violations, idempotency::Answer, page};
use proto::ledger::v1::{self as pb, transfer_outcome::Outcome};
use tonic::{Request, Response, Status};
use tonic_types::StatusExt;

use super::{open, transfers as single, valid};
use crate::{
    domain::transfer::Transfer,
    error::Error,
    transfers::{NewTransfer, Transfers},
};

pub(super) async fn create(
    transfers: &Transfers,
    request: Request<pb::BatchCreateTransfersRequest>,
) -> Result<Response<pb::BatchCreateTransfersResponse>, Error> {
    let (caller, message) = open(request)?;
    // The hash of the whole request would make two batches with one transfer in common differ in it.
    let caller = caller.without_request_hash();
    let mut bad = Violations::new();
    if message.transfers.is_empty() {
        bad.add("transfers", "is required");
    }
    page::check_batch("transfers", message.transfers.len(), &mut bad);
    valid(bad, Some(()))?;
    let news = message.transfers.iter().map(|asked| {
        let mut bad = Violations::new();
        if asked.validate_only {
            bad.add("validate_only", "must not be set in a batch");
        }
        let new: Option<NewTransfer> = single::parse(&caller, asked, &mut bad).new;
        valid(bad, new)
    });
    let outcomes = transfers.create_all(&caller, news.collect()).await?;
    let outcomes = outcomes.into_iter().map(render).collect();
    Ok(Response::new(pb::BatchCreateTransfersResponse { outcomes }))
}

fn render(outcome: Result<Answer<Transfer>, Error>) -> pb::TransferOutcome {
    match outcome {
        Ok(Answer { message, replayed }) => pb::TransferOutcome {
            outcome: Some(Outcome::Transfer(single::render(&message))),
            replayed,
        },
        Err(error) => pb::TransferOutcome {
            outcome: Some(Outcome::Error(render_error(&error.into()))),
            replayed: false,
        },
    }
}

fn render_error(status: &Status) -> pb::TransferError {
    let details = status.get_error_details();
    let violations = details.bad_request().map(|bad| bad.field_violations.as_slice());
    let violations = violations.unwrap_or_default().iter().map(|bad| pb::FieldViolation {
        field: bad.field.clone(),
        description: bad.description.clone(),
    });
    pb::TransferError {
        code: status.code().into(),
        reason: details.error_info().map(|info| info.reason.clone()).unwrap_or_default(),
        message: status.message().to_owned(),
        field_violations: violations.collect(),
    }
}

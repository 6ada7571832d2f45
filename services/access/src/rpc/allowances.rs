//! Allowances: messages to domain values and back.

use kit::{
    caller::Caller,
    errors::{self, Violations},
};
use proto::access::v1::{self as pb, allowance_service_server::AllowanceService};
use tonic::{Request, Response, Status};
use types::UserId;

use super::Rpc;
use crate::{domain::MOST_PER_S, error::Error};

#[tonic::async_trait]
impl AllowanceService for Rpc {
    async fn draw_allowance(
        &self,
        request: Request<pb::DrawAllowanceRequest>,
    ) -> Result<Response<pb::DrawAllowanceResponse>, Status> {
        let caller = Caller::of(&request).map_err(Error::Kit)?;
        let message = request.get_ref();
        let mut bad = Violations::new();
        // Any id will do: whose it is makes no difference.
        let subject = bad.required("subject_id", &message.subject_id, UserId::parse);
        for (field, given) in
            [("requests_per_second", message.requests_per_second), ("requests", message.requests)]
        {
            if !(1..=MOST_PER_S).contains(&given) {
                bad.add(field, format_args!("must be 1-{MOST_PER_S}"));
            }
        }
        bad.into_result().map_err(Error::Kit)?;
        let lost = || errors::Error::Internal("a field that is lost".to_owned());
        let subject = subject.ok_or_else(lost).map_err(Error::Kit)?.uuid();
        let (per_s, asked) = (message.requests_per_second, message.requests);
        let drawn = self.access.draw(caller.tenant(), subject, per_s, asked).await?;
        let more_after = (drawn.requests < asked).then(|| drawn.more_after.try_into().ok());
        Ok(Response::new(pb::DrawAllowanceResponse {
            requests: drawn.requests,
            more_after: more_after.flatten(),
        }))
    }
}

//! The service's rpcs: messages to domain values and back. No rule is here.

use kit::{caller::Caller, errors::Violations, idempotency::Key, page};
use proto::kyc::v1::{
    self as pb,
    document_service_server::DocumentServiceServer,
    kyc_service_server::{KycService, KycServiceServer},
    provider_service_server::ProviderServiceServer,
    review_service_server::ReviewServiceServer,
    sandbox_service_server::SandboxServiceServer,
    screening_service_server::ScreeningServiceServer,
};
use tonic::{Request, Response, Status, service::Routes};

use crate::{
    accounts::Accounts, callbacks::Callbacks, documents::Reading, prove::Prover,
    providers::Directory, reviews::Reviews, store::verifications::Page,
    verifications::Verifications,
};

mod documents;
mod parse;
mod providers;
mod reading;
mod render;
mod reviews;
pub(crate) mod screening;

use render::verification as render;
use screening::Screening;

/// Three documents of 4 MiB, and room for the rest.
const MAX_MESSAGE: usize = 16 * 1024 * 1024;

/// Who does what the rpcs ask for.
pub(crate) struct UseCases {
    pub(crate) verifications: Verifications,
    pub(crate) directory: Directory,
    pub(crate) accounts: Accounts,
    pub(crate) callbacks: Callbacks,
    pub(crate) reviews: Reviews,
    pub(crate) screening: Screening,
    pub(crate) reading: Reading,
}

struct Rpc {
    verifications: Verifications,
    directory: Directory,
    prover: Prover,
}

/// What is played is served where `sandbox` says so.
pub(crate) fn routes(use_cases: UseCases, sandbox: bool) -> Routes {
    let UseCases { verifications, directory, accounts, callbacks, reviews, screening, reading } =
        use_cases;
    let server = KycServiceServer::new(Rpc { verifications, directory, prover: Prover::new() });
    let routes = Routes::new(server.max_decoding_message_size(MAX_MESSAGE))
        .add_service(ProviderServiceServer::new(providers::Rpc { accounts, callbacks }))
        .add_service(ReviewServiceServer::new(reviews::Rpc(reviews.clone())))
        .add_service(ScreeningServiceServer::new(screening))
        .add_service(DocumentServiceServer::new(reading));
    if !sandbox {
        return routes;
    }
    routes.add_service(SandboxServiceServer::new(reviews::Rpc(reviews)))
}

#[tonic::async_trait]
impl KycService for Rpc {
    async fn create_verification(
        &self,
        request: Request<pb::CreateVerificationRequest>,
    ) -> Result<Response<pb::Verification>, Status> {
        let caller = Caller::of(&request).map_err(crate::Error::from)?;
        let message = request.into_inner();
        let validate_only = message.validate_only;
        let mut bad = Violations::new();
        let key = Key::of(&caller, "CreateVerification", &message.request_id, &message, &mut bad);
        documents::prove(&self.prover, &message, &mut bad).await?;
        let new = parse::new(message, &self.directory, bad)?;
        if validate_only {
            return Ok(Response::new(pb::Verification::default()));
        }
        let answer = self.verifications.create(&caller, key, new, render).await?;
        Ok(answer.into_response())
    }

    async fn get_verification(
        &self,
        request: Request<pb::GetVerificationRequest>,
    ) -> Result<Response<pb::Verification>, Status> {
        let caller = Caller::of(&request).map_err(crate::Error::from)?;
        let id = parse::verification_id(&request.get_ref().verification_id)?;
        let verification = self.verifications.get(caller.tenant(), id).await?;
        Ok(Response::new(render(&verification)))
    }

    async fn list_verifications(
        &self,
        request: Request<pb::ListVerificationsRequest>,
    ) -> Result<Response<pb::ListVerificationsResponse>, Status> {
        let caller = Caller::of(&request).map_err(crate::Error::from)?;
        let (filter, page) = parse::list(request.get_ref())?;
        // One more than asked for tells whether there is another page.
        let limit = page.limit.saturating_add(1);
        let (found, total_size) =
            self.verifications.list(&caller, filter, Page { limit, ..page }).await?;
        let (found, more) = page::cut(found, page.limit);
        let last = found.last().filter(|_| more);
        Ok(Response::new(pb::ListVerificationsResponse {
            next_page_token: last.map(|last| page::token(&last.id)).unwrap_or_default(),
            verifications: found.iter().map(render).collect(),
            total_size,
        }))
    }

    async fn batch_get_latest_verifications(
        &self,
        request: Request<pb::BatchGetLatestVerificationsRequest>,
    ) -> Result<Response<pb::BatchGetLatestVerificationsResponse>, Status> {
        let caller = Caller::of(&request).map_err(crate::Error::from)?;
        let customers = parse::customer_ids(&request.get_ref().customer_ids)?;
        let latest = self.verifications.latest(caller.tenant(), &customers).await?;
        Ok(Response::new(pb::BatchGetLatestVerificationsResponse {
            verifications: latest.iter().map(render).collect(),
        }))
    }
}

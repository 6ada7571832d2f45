//! Documents that are read back.

use kit::{caller::Caller, errors::Violations};
use proto::kyc::v1::{
    self as pb, DocumentSide, GetDocumentRequest, document_service_server::DocumentService,
};
use tonic::{Request, Response, Status};
use types::VerificationId;

use crate::{documents::Reading, domain::Side};

#[tonic::async_trait]
impl DocumentService for Reading {
    async fn get_document(
        &self,
        request: Request<GetDocumentRequest>,
    ) -> Result<Response<pb::Document>, Status> {
        let caller = Caller::of(&request).map_err(crate::Error::from)?;
        let (id, side) = parse(request.get_ref())?;
        let (mime_type, mut content) = self.read(&caller, id, side).await?;
        let mime_type = mime_type.as_str().to_owned();
        Ok(Response::new(pb::Document {
            mime_type,
            content: std::mem::take(&mut *content).into(),
            mrz: String::new(),
        }))
    }
}

fn parse(message: &GetDocumentRequest) -> Result<(VerificationId, Side), crate::Error> {
    let mut bad = Violations::new();
    let id = bad.required("verification_id", &message.verification_id, VerificationId::parse);
    let side = match message.side() {
        DocumentSide::Front => Some(Side::Front),
        DocumentSide::Back => Some(Side::Back),
        DocumentSide::AdditionalData => Some(Side::AdditionalData),
        DocumentSide::Unspecified => {
            bad.add("side", "must be one of front, back, additional_data");
            None
        }
    };
    id.zip(side).ok_or_else(|| bad.into())
}

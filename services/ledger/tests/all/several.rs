//! Several services on one database, and what is sent to them in crowds.

use proto::ledger::v1::{
    BatchCreateTransfersRequest, CreateTransferRequest, ReverseTransferRequest, Transfer,
    TransferOutcome, ledger_service_client::LedgerServiceClient,
    sandbox_service_client::SandboxServiceClient, transfer_outcome::Outcome,
};
use tonic::Status;

use crate::support::{Setup, settings};

impl Setup {
    /// Another service on the same databases, with a posting task of its own.
    pub(crate) async fn beside(&self) -> Self {
        let customers = self.customer_channel.clone();
        let (service, _) = ledger::service(settings(), self.pool.clone(), customers);
        let channel = testkit::serve(service).await;
        Self {
            ledger: LedgerServiceClient::new(channel.clone()),
            sandbox: SandboxServiceClient::new(channel),
            ..self.clone()
        }
    }

    pub(crate) async fn batch(
        &self,
        transfers: Vec<CreateTransferRequest>,
    ) -> Result<Vec<TransferOutcome>, Status> {
        let request = self.request(BatchCreateTransfersRequest { transfers });
        let answer = self.ledger.clone().batch_create_transfers(request).await?;
        Ok(answer.into_inner().outcomes)
    }

    pub(crate) async fn reverse(
        &self,
        reversal: ReverseTransferRequest,
    ) -> Result<Transfer, Status> {
        Ok(self.ledger.clone().reverse_transfer(self.request(reversal)).await?.into_inner())
    }

    /// How many transfers with this reference are recorded.
    pub(crate) async fn recorded(&self, reference: &str) -> i64 {
        let count = "select count(*) from transfers where reference = $1";
        sqlx::query_scalar(count).bind(reference).fetch_one(&self.pool).await.unwrap()
    }
}

pub(crate) fn keyed(key: &str, request: CreateTransferRequest) -> CreateTransferRequest {
    CreateTransferRequest { request_id: key.into(), ..request }
}

pub(crate) fn referenced(reference: &str, request: CreateTransferRequest) -> CreateTransferRequest {
    CreateTransferRequest { reference: reference.into(), ..request }
}

/// The reversal of a transfer, without a key.
pub(crate) fn reversal(transfer: &Transfer) -> ReverseTransferRequest {
    ReverseTransferRequest { transfer_id: transfer.transfer_id.clone(), ..Default::default() }
}

/// The transfer that an item of a batch became, or the reason why it became none.
pub(crate) fn item(outcome: &TransferOutcome) -> Result<&Transfer, &str> {
    match outcome.outcome.as_ref().unwrap() {
        Outcome::Transfer(transfer) => Ok(transfer),
        Outcome::Error(error) => Err(&error.reason),
    }
}

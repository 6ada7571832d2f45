//! Transfers asked of the ledger service itself.

use anyhow::{bail, ensure};
use kit::client;
use proto::ledger::v1::{ResponseCode, ledger_service_client::LedgerServiceClient};
use tonic::{Code, Extensions, Request, metadata::MetadataMap, transport::Channel};
use tonic_types::StatusExt;

use super::{
    super::{
        data::Fill,
        grpc::{self, Receivers},
    },
    offer::{Ask, Reply},
};

/// Connections, each of which has room for 1,024 requests.
const CHANNELS: usize = 16;

/// A client with its connections.
#[derive(Debug, Clone)]
pub(super) struct Client {
    services: Vec<LedgerServiceClient<Channel>>,
    metadata: MetadataMap,
    fill: Fill,
}

impl Client {
    /// A client of the service at `url`.
    pub(super) fn new(url: &str, fill: Fill) -> anyhow::Result<Self> {
        let channels = (0..CHANNELS).map(|_| client::channel(url.to_owned()));
        let services = channels.map(|it| it.map(LedgerServiceClient::new));
        let metadata = grpc::metadata(fill.tenant)?;
        Ok(Self { services: services.collect::<Result<_, _>>()?, metadata, fill })
    }
}

impl Ask for Client {
    const AT_ONCE: usize = 16_000;

    async fn ask(&self) -> anyhow::Result<Reply> {
        let message = grpc::transfer(self.fill, Receivers::Spread, "bench".to_owned());
        let request = Request::from_parts(self.metadata.clone(), Extensions::new(), message);
        let any = rand::random_range(0..CHANNELS);
        let Some(service) = self.services.get(any) else { bail!("no connection") };
        match service.clone().create_transfer(request).await {
            Ok(transfer) => {
                let code = transfer.into_inner().response_code();
                ensure!(code == ResponseCode::Success, "a transfer was declined");
                Ok(Reply::Accepted)
            }
            Err(status) if matches!(status.code(), Code::ResourceExhausted | Code::Unavailable) => {
                let says_when = status.get_details_retry_info().is_some();
                Ok(Reply::Refused(format!("{:?}", status.code()), says_when))
            }
            Err(status) => bail!("{:?}", status.code()),
        }
    }
}

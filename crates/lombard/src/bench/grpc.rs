//! Transfers asked of the ledger service itself.

use anyhow::{Context, ensure};
use kit::{caller, client};
use proto::{
    ledger::v1::{
        BatchCreateTransfersRequest, CreateTransferRequest, ResponseCode, TransferOutcome,
        create_transfer_request::Amount, ledger_service_client::LedgerServiceClient,
        transfer_outcome::Outcome,
    },
    r#type::v1::Money,
};
use tonic::{Extensions, Request, metadata::MetadataMap, transport::Channel};
use uuid::Uuid;

use super::{data::Fill, load::Work};

/// Connections that the requests in flight share.
const CHANNELS: usize = 4;

/// Whom the transfers go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Receivers {
    /// Each time another ledger.
    Spread,
    /// Always the same.
    OneHotAccount,
}

/// Pays from one ledger, picked at random, to another; each time a new one.
#[derive(Debug, Clone)]
pub(super) struct Transfers {
    client: LedgerServiceClient<Channel>,
    metadata: MetadataMap,
    fill: Fill,
    receivers: Receivers,
}

impl Transfers {
    /// So many clients of the service at `url`. To be called in the runtime that uses them.
    pub(super) fn clients(
        url: &str,
        fill: Fill,
        receivers: Receivers,
        in_flight: usize,
    ) -> anyhow::Result<Vec<Self>> {
        let channels = (0..CHANNELS.min(in_flight)).map(|_| client::channel(url.to_owned()));
        let channels = channels.collect::<Result<Vec<_>, _>>()?;
        let metadata = metadata(fill.tenant)?;
        let clients = channels.into_iter().map(LedgerServiceClient::new).cycle().take(in_flight);
        Ok(clients
            .map(|client| Self { client, metadata: metadata.clone(), fill, receivers })
            .collect())
    }
}

impl Work for Transfers {
    async fn once(&mut self) -> anyhow::Result<u32> {
        let message = transfer(self.fill, self.receivers, "bench".to_owned());
        let request = Request::from_parts(self.metadata.clone(), Extensions::new(), message);
        let transfer = self.client.create_transfer(request).await?.into_inner();
        ensure!(transfer.response_code() == ResponseCode::Success, "a transfer was declined");
        Ok(1)
    }
}

/// Pays from many ledgers, picked at random, to others; each time new ones.
#[derive(Debug)]
pub(super) struct Batches {
    transfers: Transfers,
    /// How many transfers each request asks for.
    size: u32,
}

impl Batches {
    /// So many clients of the service at `url`. To be called in the runtime that uses them.
    pub(super) fn clients(
        url: &str,
        fill: Fill,
        size: u32,
        in_flight: usize,
    ) -> anyhow::Result<Vec<Self>> {
        let clients = Transfers::clients(url, fill, Receivers::Spread, in_flight)?;
        Ok(clients.into_iter().map(|transfers| Self { transfers, size }).collect())
    }
}

impl Work for Batches {
    async fn once(&mut self) -> anyhow::Result<u32> {
        let Transfers { client, metadata, fill, receivers } = &mut self.transfers;
        let transfers = (0..self.size).map(|_| transfer(*fill, *receivers, "bench".to_owned()));
        let message = BatchCreateTransfersRequest { transfers: transfers.collect() };
        let request = Request::from_parts(metadata.clone(), Extensions::new(), message);
        let outcomes = client.batch_create_transfers(request).await?.into_inner().outcomes;
        let is_posted = |outcome: &TransferOutcome| match &outcome.outcome {
            Some(Outcome::Transfer(transfer)) => transfer.response_code() == ResponseCode::Success,
            Some(Outcome::Error(_)) | None => false,
        };
        let posted = outcomes.iter().filter(|outcome| is_posted(outcome)).count();
        ensure!(u32::try_from(posted)? == self.size, "{posted} of {} were posted", self.size);
        Ok(self.size)
    }
}

/// What a caller is known by, and that it does not wait for ever.
pub(super) fn metadata(tenant: Uuid) -> anyhow::Result<MetadataMap> {
    let mut metadata = MetadataMap::new();
    metadata.insert(caller::TENANT, tenant.to_string().parse()?);
    metadata.insert(caller::USER, tenant.to_string().parse()?);
    metadata.insert(caller::SCOPES, "payments:write".parse()?);
    metadata.insert("grpc-timeout", "20S".parse().context("a deadline")?);
    Ok(metadata)
}

/// A new transfer of a penny between two ledgers.
pub(super) fn transfer(
    fill: Fill,
    receivers: Receivers,
    reference: String,
) -> CreateTransferRequest {
    let (from, to) = pair(fill.ledgers, receivers);
    CreateTransferRequest {
        request_id: Uuid::now_v7().to_string(),
        from_ledger_id: fill.ledger(from).to_string(),
        to_ledger_id: fill.ledger(to).to_string(),
        amount: Some(Amount::Money(Money { currency: "GBP".to_owned(), minor_units: 1 })),
        reference,
        ..CreateTransferRequest::default()
    }
}

/// Two different ones of the ledgers 1, 2, 3, …; the hot one is the first.
pub(super) fn pair(ledgers: u32, receivers: Receivers) -> (u32, u32) {
    let to = match receivers {
        Receivers::Spread => rand::random_range(1..=ledgers),
        Receivers::OneHotAccount => 1,
    };
    // One of the others: those behind `to` move up by one.
    let from = rand::random_range(1..ledgers);
    if from < to { (from, to) } else { (from.saturating_add(1), to) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_is_two_different_ledgers() {
        for receivers in [Receivers::Spread, Receivers::OneHotAccount] {
            let pairs: Vec<_> = (0..1000).map(|_| pair(3, receivers)).collect();

            assert!(pairs.iter().all(|(from, to)| from != to));
            assert!(pairs.iter().all(|(from, to)| (1..=3).contains(from) && (1..=3).contains(to)));
        }
    }
}

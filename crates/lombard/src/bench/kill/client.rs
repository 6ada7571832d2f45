//! A client that lives through the deaths of those it asks.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use kit::client;
use proto::ledger::v1::{CreateTransferRequest, ledger_service_client::LedgerServiceClient};
use tokio::{sync::watch, time::sleep};
use tonic::{Extensions, Request, metadata::MetadataMap, transport::Channel};

use super::super::{
    data::Fill,
    grpc::{self, Receivers},
};

/// How long a client waits after an error.
const PAUSE: Duration = Duration::from_millis(20);

/// What all clients asked for.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    /// How many there were, which makes the references.
    count: u32,
    /// The ids of the transfers that were acknowledged, by reference.
    pub(super) acknowledged: HashMap<String, String>,
    /// The references of requests that were never answered.
    pub(super) unknown: Vec<String>,
}

impl Attempts {
    fn next_reference(&mut self) -> String {
        self.count = self.count.saturating_add(1);
        format!("kill {}", self.count)
    }
}

/// One of the clients.
pub(super) struct Client {
    /// Whether it repeats what was not answered.
    is_stubborn: bool,
    fill: Fill,
    url: watch::Receiver<String>,
    channel: Option<LedgerServiceClient<Channel>>,
    metadata: MetadataMap,
    attempts: Arc<Mutex<Attempts>>,
}

impl Client {
    pub(super) fn new(
        number: usize,
        fill: Fill,
        url: watch::Receiver<String>,
        attempts: Arc<Mutex<Attempts>>,
    ) -> anyhow::Result<Self> {
        let (channel, metadata) = (None, grpc::metadata(fill.tenant)?);
        Ok(Self { is_stubborn: number.is_multiple_of(2), fill, url, channel, metadata, attempts })
    }

    /// Asks until there is nobody to ask any more.
    pub(super) async fn run(mut self) -> anyhow::Result<()> {
        while self.is_wanted() {
            let reference = self.attempts().next_reference();
            let request = grpc::transfer(self.fill, Receivers::Spread, reference.clone());
            let answer = self.ask(request).await?;
            let mut attempts = self.attempts.lock().unwrap_or_else(PoisonError::into_inner);
            match answer {
                Some(id) => drop(attempts.acknowledged.insert(reference, id)),
                None => attempts.unknown.push(reference),
            }
        }
        Ok(())
    }

    /// The id of the transfer; none when it is not known whether there is one.
    async fn ask(&mut self, request: CreateTransferRequest) -> anyhow::Result<Option<String>> {
        loop {
            let Some(mut channel) = self.channel()? else { return Ok(None) };
            let asked =
                Request::from_parts(self.metadata.clone(), Extensions::new(), request.clone());
            match channel.create_transfer(asked).await {
                Ok(answer) => return Ok(Some(answer.into_inner().transfer_id)),
                // Whoever may not be there is not asked as fast as it can refuse.
                Err(_) => sleep(PAUSE).await,
            }
            if !self.is_stubborn {
                return Ok(None);
            }
        }
    }

    /// To where the platform is now; none when there is nobody to ask any more.
    fn channel(&mut self) -> anyhow::Result<Option<LedgerServiceClient<Channel>>> {
        if self.url.has_changed().unwrap_or(false) {
            self.channel = None;
        }
        if self.channel.is_none() {
            let url = self.url.borrow_and_update().clone();
            if !url.is_empty() {
                self.channel = Some(LedgerServiceClient::new(client::channel(url)?));
            }
        }
        Ok(self.channel.clone())
    }

    fn is_wanted(&self) -> bool {
        !self.url.borrow().is_empty()
    }

    fn attempts(&self) -> std::sync::MutexGuard<'_, Attempts> {
        self.attempts.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

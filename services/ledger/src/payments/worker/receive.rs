//! What the rail has for us: payments that come in, and payments of ours that come back.

use std::sync::Arc;

use sqlx::PgPool;
use tokio_util::sync::CancellationToken;

use crate::{
    config::PaymentSettings,
    error::Error,
    inbound::Inbound,
    payments::books,
    rails::{Coming, Incoming, Rail, RailError},
};

/// What is taken in at a time.
const BATCH: i64 = 100;

pub(super) struct Receiver {
    settings: PaymentSettings,
    pool: PgPool,
    rail: Arc<dyn Rail>,
    inbound: Inbound,
}

impl Receiver {
    pub(super) fn new(
        settings: PaymentSettings,
        pool: PgPool,
        rail: Arc<dyn Rail>,
        inbound: Inbound,
    ) -> Self {
        Self { settings, pool, rail, inbound }
    }

    /// Receives until `stop`; what is begun then is ended. Several may do so at once: everything is
    /// taken in once.
    pub(super) async fn run(self, stop: &CancellationToken) {
        while !stop.is_cancelled() {
            self.receive(stop).await;
            let pause = tokio::time::sleep(self.settings.poll_interval);
            stop.run_until_cancelled(pause).await;
        }
    }

    async fn receive(&self, stop: &CancellationToken) {
        let items = match self.in_time(self.rail.incoming(BATCH)).await {
            Ok(items) => items,
            Err(error) => {
                tracing::warn!(%error, "the rail does not tell what has come in");
                return;
            }
        };
        for item in items {
            if stop.is_cancelled() {
                return;
            }
            let reference = item.reference.clone();
            if let Err(error) = self.take(item).await {
                // It is not acknowledged, and so comes again.
                tracing::warn!(%error, "{reference} cannot be booked yet");
                continue;
            }
            if let Err(error) = self.in_time(self.rail.acknowledge(&reference)).await {
                tracing::warn!(%error, "{reference} cannot be acknowledged");
            }
        }
    }

    async fn take(&self, item: Incoming) -> Result<(), Error> {
        match item.what {
            Coming::Payment(arrival) => self.inbound.arrive(&item.reference, *arrival).await,
            Coming::Return(payment) => books::give_back(&self.pool, payment).await,
        }
    }

    async fn in_time<T>(
        &self,
        answer: impl Future<Output = Result<T, RailError>>,
    ) -> Result<T, RailError> {
        tokio::time::timeout(self.settings.rail_timeout, answer)
            .await
            .unwrap_or_else(|_| Err(RailError::Transient("out of time".to_owned())))
    }
}

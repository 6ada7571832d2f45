//! What the rail has for us: payments that come in, and payments of ours that come back.

use std::{collections::HashMap, sync::Arc, time::Instant};

use kit::postgres::Database;
use tokio_util::sync::CancellationToken;

use super::{figures, pauses};
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
    database: Database,
    rail: Arc<dyn Rail>,
    inbound: Inbound,
    /// What could not be booked, by the rail's name for it. The rail keeps it until then.
    unbooked: HashMap<String, Unbooked>,
    /// Counts the walks through what the rail has.
    round: u64,
}

/// When something that could not be booked is tried again.
#[derive(Debug)]
struct Unbooked {
    failures: i32,
    not_before: Instant,
    /// When the rail last told of it.
    round: u64,
}

impl Receiver {
    pub(super) fn new(
        settings: PaymentSettings,
        database: Database,
        rail: Arc<dyn Rail>,
        inbound: Inbound,
    ) -> Self {
        Self { settings, database, rail, inbound, unbooked: HashMap::new(), round: 0 }
    }

    /// Receives until `stop`; what is begun then is ended. Several may do so at once: everything is
    /// taken in once.
    pub(super) async fn run(mut self, stop: &CancellationToken) {
        while !stop.is_cancelled() {
            self.receive(stop).await;
            let pause = tokio::time::sleep(self.settings.poll_interval);
            stop.run_until_cancelled(pause).await;
        }
    }

    /// Goes through all that the rail has: what cannot be booked keeps nothing behind it waiting.
    async fn receive(&mut self, stop: &CancellationToken) {
        self.round = self.round.wrapping_add(1);
        let mut after: Option<String> = None;
        loop {
            let items = match self.in_time(self.rail.incoming(after.as_deref(), BATCH)).await {
                Ok(items) => items,
                Err(error) => {
                    tracing::warn!(%error, "the rail does not tell what has come in");
                    return;
                }
            };
            let Some(last) = items.last() else { break };
            after = Some(last.reference.clone());
            for item in items {
                if stop.is_cancelled() {
                    return;
                }
                self.book(item).await;
            }
        }
        // The rest was booked by others, or the rail has it no more.
        self.unbooked.retain(|_, unbooked| unbooked.round == self.round);
        figures::unbooked(self.unbooked.len());
    }

    /// Takes an item in, unless that has failed just now, and acknowledges it.
    async fn book(&mut self, item: Incoming) {
        let reference = item.reference.clone();
        if let Some(unbooked) = self.unbooked.get_mut(&reference) {
            unbooked.round = self.round;
            if unbooked.not_before > Instant::now() {
                return;
            }
        }
        let taken = self.take(item).await;
        figures::item(taken.is_ok());
        match taken {
            Ok(()) => {
                self.unbooked.remove(&reference);
                if let Err(error) = self.in_time(self.rail.acknowledge(&reference)).await {
                    tracing::warn!(%error, "{reference} cannot be acknowledged");
                }
            }
            // It is not acknowledged, and so comes again.
            Err(error) => self.put_off(reference, &error),
        }
    }

    fn put_off(&mut self, reference: String, error: &Error) {
        let failures = self.unbooked.get(&reference).map_or(0, |unbooked| unbooked.failures);
        if pauses::is_for_a_person(error, failures) {
            tracing::error!(%error, failures, "{reference} cannot be booked");
        } else {
            tracing::warn!(%error, failures, "{reference} cannot be booked yet");
        }
        let now = Instant::now();
        let pause = pauses::after(&self.settings, failures);
        let unbooked = Unbooked {
            failures: failures.saturating_add(1),
            not_before: now.checked_add(pause).unwrap_or(now),
            round: self.round,
        };
        self.unbooked.insert(reference, unbooked);
    }

    async fn take(&self, item: Incoming) -> Result<(), Error> {
        match item.what {
            Coming::Payment(arrival) => self.inbound.arrive(&item.reference, *arrival).await,
            Coming::Return(payment) => books::give_back(&self.database, payment).await,
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

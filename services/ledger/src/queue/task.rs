//! The posting task: takes whatever waits, has it settled, answers, and begins again. It never waits
//! for more orders to come.

use std::time::Instant;

use kit::{errors, telemetry};
use sqlx::PgPool;
use tokio::sync::mpsc;
use tracing::Instrument;

use super::{BATCH_ORDERS, BATCH_SECONDS, Job, Posted, QUEUED, settle::Settler};
use crate::{domain::transfer::Order, error::Error};

/// Orders in one transaction, unless a single caller brings more.
const BATCH: usize = 1_000;

#[derive(Debug)]
pub(super) struct Task {
    waiting: mpsc::UnboundedReceiver<Job>,
    settler: Settler,
}

impl Task {
    pub(super) fn new(pool: &PgPool, waiting: mpsc::UnboundedReceiver<Job>) -> Self {
        Self { waiting, settler: Settler::new(pool) }
    }

    /// Ends when no order waits and none can come any more.
    pub(super) async fn run(mut self) {
        while let Some(first) = self.waiting.recv().await {
            let jobs = self.take(first);
            let (mut orders, mut callers) = (Vec::new(), Vec::new());
            let span = telemetry::span_for(jobs.iter().map(|job| &job.origin), || {
                tracing::info_span!("post", jobs = jobs.len())
            });
            for job in jobs {
                let Job { orders: wanted, answer, _room: room, .. } = job;
                callers.push((wanted.len(), answer, room));
                orders.extend(wanted);
            }
            if orders.is_empty() {
                continue;
            }
            let mut outcomes = self.post(orders).instrument(span).await.into_iter();
            for (count, answer, room) in callers {
                let answered: Vec<_> = outcomes.by_ref().take(count).collect();
                // A caller that has gone is not to be told.
                let _ = answer.send(answered);
                drop(room);
            }
        }
    }

    /// The first job and those that wait behind it, up to a batch, less those that nobody waits for.
    fn take(&mut self, first: Job) -> Vec<Job> {
        let (mut jobs, mut taken, mut next) = (Vec::new(), 0_usize, Some(first));
        while let Some(job) = next.take() {
            let count = job.orders.len();
            let queued = u32::try_from(count).unwrap_or(u32::MAX);
            metrics::gauge!(QUEUED).decrement(f64::from(queued));
            if job.deadline > Instant::now() && !job.answer.is_closed() {
                taken = taken.saturating_add(count);
                jobs.push(job);
            } else {
                let _ = job.answer.send((0..count).map(|_| Err(too_late())).collect());
            }
            if taken < BATCH {
                next = self.waiting.try_recv().ok();
            }
        }
        jobs
    }

    async fn post(&mut self, orders: Vec<Order>) -> Vec<Result<Posted, Error>> {
        let (begin, count) = (Instant::now(), orders.len());
        let settled = self.settler.settle(orders).await;
        let size = u32::try_from(count).unwrap_or(u32::MAX);
        metrics::histogram!(BATCH_ORDERS).record(f64::from(size));
        metrics::histogram!(BATCH_SECONDS).record(begin.elapsed());
        settled
    }
}

/// Nothing was posted; the caller's time is over.
fn too_late() -> Error {
    errors::Error::OutOfTime.into()
}

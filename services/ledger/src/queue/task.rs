//! The posting task: takes whatever waits, has it settled, answers, and begins again. It never waits
//! for more orders to come.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Instant,
};

use kit::{
    errors,
    postgres::Database,
    telemetry::{self, Origin},
};
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};
use tracing::Instrument;

use super::{
    BATCH, BATCH_ORDERS, BATCH_SECONDS, Job, Message, PATIENCE, Posted, QUEUED, settle::Settler,
};
use crate::{domain::transfer::Order, error::Error};

#[derive(Debug)]
pub(super) struct Task {
    waiting: mpsc::UnboundedReceiver<Message>,
    settler: Settler,
    late: Arc<AtomicBool>,
}

/// Who waits for the outcomes of how many orders of a batch.
#[derive(Debug)]
struct Caller {
    count: usize,
    answer: oneshot::Sender<Vec<Result<Posted, Error>>>,
    origin: Origin,
    _room: OwnedSemaphorePermit,
}

/// The outcomes of a batch, and who waits for them.
#[derive(Debug, Default)]
struct Answers {
    outcomes: Vec<Result<Posted, Error>>,
    callers: Vec<Caller>,
}

impl Answers {
    fn tell(self) {
        let mut outcomes = self.outcomes.into_iter();
        for Caller { count, answer, origin: _, _room: room } in self.callers {
            // A caller that has gone is not to be told.
            let _ = answer.send(outcomes.by_ref().take(count).collect());
            drop(room);
        }
    }
}

impl Task {
    /// `late` is where it tells whether orders wait too long.
    pub(super) fn new(
        database: &Database,
        waiting: mpsc::UnboundedReceiver<Message>,
        late: Arc<AtomicBool>,
    ) -> Self {
        Self { waiting, settler: Settler::new(database), late }
    }

    /// Ends when no order waits and none can come any more.
    ///
    /// The database does not wait for us: where more orders wait, a batch is answered while the next
    /// one is being written.
    pub(super) async fn run(mut self) {
        let mut answers = Answers::default();
        loop {
            let next = if let Ok(next) = self.waiting.try_recv() {
                next
            } else {
                std::mem::take(&mut answers).tell();
                let Some(next) = self.waiting.recv().await else { return };
                next
            };
            let (orders, callers) = self.take(next);
            let told = std::mem::take(&mut answers);
            let span = telemetry::span_for(callers.iter().map(|caller| &caller.origin), || {
                tracing::info_span!("post", callers = callers.len())
            });
            let posting = self.post(orders).instrument(span);
            let (outcomes, ()) = tokio::join!(biased; posting, async { told.tell() });
            answers = Answers { outcomes, callers };
        }
    }

    /// The orders that wait, up to a batch, less those that nobody waits for.
    fn take(&mut self, first: Message) -> (Vec<Order>, Vec<Caller>) {
        let (mut orders, mut callers, mut next) = (Vec::new(), Vec::new(), Some(first));
        let mut late = false;
        while let Some(message) = next.take() {
            match message {
                Message::Seen { accounts, _room: _ } => self.settler.see(accounts),
                Message::Post(job) => {
                    let Job { orders: wanted, since, deadline, answer, origin, _room: room } = job;
                    let count = wanted.len();
                    late |= since.elapsed() > PATIENCE;
                    let queued = u32::try_from(count).unwrap_or(u32::MAX);
                    metrics::gauge!(QUEUED).decrement(f64::from(queued));
                    if deadline > Instant::now() && !answer.is_closed() {
                        orders.extend(wanted);
                        callers.push(Caller { count, answer, origin, _room: room });
                    } else {
                        let _ = answer.send((0..count).map(|_| Err(too_late())).collect());
                    }
                }
            }
            if orders.len() < BATCH {
                next = self.waiting.try_recv().ok();
            }
        }
        self.late.store(late, Ordering::Relaxed);
        (orders, callers)
    }

    async fn post(&mut self, orders: Vec<Order>) -> Vec<Result<Posted, Error>> {
        if orders.is_empty() {
            return Vec::new();
        }
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

//! The way in for orders to move money between ledgers: they queue, and one task posts whatever has
//! queued in one transaction (group commit). A lone order is posted at once; a crowd shares the cost
//! of the statements and of the commit.
//!
//! What is decided about one order is in [`crate::domain::posting`], what a batch of them becomes in
//! [`batch`]; [`task`] takes them from the queue, and [`settle`] gets them into the database. Several
//! processes may post to one database: the rows' locks and versions decide.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use kit::{errors, postgres::Database, telemetry::Origin};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, mpsc, oneshot},
    task::JoinHandle,
};

use crate::{
    domain::{
        account::Account,
        transfer::{Order, Transfer},
    },
    error::Error,
    store::accounts::Key,
};

mod batch;
mod settle;
mod task;

/// Orders that may wait or be worked on; more are turned away, whatever they wait for.
const ROOM: usize = 4_096;
/// How many orders must be together before no more callers are taken into a batch: it has at most so many
/// and what the last caller brought.
const BATCH: usize = 1_000;
/// How long orders may have waited for a batch where more than a batch of them do. Then more come than are
/// posted, and who comes now is turned away: whoever is let in has the same short wait as before the crowd.
const PATIENCE: Duration = Duration::from_millis(250);

const QUEUED: &str = "lombard_posting_queued_orders";
const BATCH_ORDERS: &str = "lombard_posting_batch_orders";
const BATCH_SECONDS: &str = "lombard_posting_batch_seconds";
const LOCKED: &str = "lombard_posting_locked_batches_total";
const RETRIES: &str = "lombard_posting_retries_total";

/// What became of an order that was not refused.
#[derive(Debug)]
pub(crate) struct Posted {
    pub(crate) transfer: Transfer,
    /// Whether that was recorded for an earlier request with the same key.
    pub(crate) replayed: bool,
}

/// Orders that one caller waits for.
#[derive(Debug)]
struct Job {
    orders: Vec<Order>,
    since: Instant,
    deadline: Instant,
    answer: oneshot::Sender<Vec<Result<Posted, Error>>>,
    origin: Origin,
    _room: OwnedSemaphorePermit,
}

/// What the task is given.
#[derive(Debug)]
enum Message {
    Post(Job),
    /// Accounts as somebody has read them, so that they are not read again. They may be out of date.
    Seen {
        accounts: Vec<(Key, Account)>,
        _room: OwnedSemaphorePermit,
    },
}

/// Where orders are handed in.
#[derive(Debug, Clone)]
pub(crate) struct Queue {
    messages: mpsc::UnboundedSender<Message>,
    /// What bounds the channel.
    room: Arc<Semaphore>,
    /// Whether the orders of the batch that is being posted have waited too long for it.
    late: Arc<AtomicBool>,
}

impl Queue {
    /// A queue and the task behind it, which ends when everything that was handed in has been answered
    /// and no [`Queue`] is left.
    pub(crate) fn start(database: &Database) -> (Self, JoinHandle<()>) {
        describe_metrics();
        let (messages, waiting) = mpsc::unbounded_channel();
        let (room, late) = (Arc::new(Semaphore::new(ROOM)), Arc::default());
        let task = task::Task::new(database, waiting, Arc::clone(&late));
        #[expect(
            clippy::disallowed_methods,
            reason = "the handle is given to whoever waits for it"
        )]
        let running = tokio::spawn(task.run());
        (Self { messages, room, late }, running)
    }

    /// Posts orders, in their order, each for itself. Those that have not been begun at the deadline
    /// are dropped.
    ///
    /// # Errors
    ///
    /// When there is no room for them; then nothing was posted.
    pub(crate) async fn post(
        &self,
        orders: Vec<Order>,
        deadline: Instant,
    ) -> Result<Vec<Result<Posted, Error>>, Error> {
        if orders.is_empty() {
            return Ok(Vec::new());
        }
        let count = u32::try_from(orders.len()).map_err(|_| full())?;
        let room = Arc::clone(&self.room).try_acquire_many_owned(count).map_err(|_| full())?;
        metrics::gauge!(QUEUED).increment(f64::from(count));
        let (answer, answered) = oneshot::channel();
        let since = Instant::now();
        let job = Job { orders, since, deadline, answer, origin: Origin::current(), _room: room };
        self.messages.send(Message::Post(job)).map_err(|_| full())?;
        // Dropped unanswered only with the runtime, or when the task has failed.
        answered.await.map_err(|_| errors::Error::OutcomeUnknown.into())
    }

    /// Whether more may come: to be asked before anything is done for orders that would be turned away.
    ///
    /// # Errors
    ///
    /// When there is no room, or too many wait too long already.
    pub(crate) fn admit(&self) -> Result<(), Error> {
        let left = self.room.available_permits();
        let is_crowd = ROOM.saturating_sub(left) > BATCH;
        if left == 0 || (is_crowd && self.late.load(Ordering::Relaxed)) {
            return Err(full());
        }
        Ok(())
    }

    /// Tells of accounts that have just been read. Where there is no room they are read again.
    pub(crate) fn tell(&self, seen: Vec<(Key, Account)>) {
        if seen.is_empty() {
            return;
        }
        if let Ok(room) = Arc::clone(&self.room).try_acquire_owned() {
            // A task that has ended posts no more.
            let _ = self.messages.send(Message::Seen { accounts: seen, _room: room });
        }
    }
}

fn describe_metrics() {
    metrics::describe_gauge!(QUEUED, "Orders that wait to be posted.");
    metrics::describe_histogram!(BATCH_ORDERS, "Orders of a batch.");
    metrics::describe_histogram!(BATCH_SECONDS, "What a batch took, from the queue to its commit.");
    metrics::describe_counter!(LOCKED, "Batches that were posted under locks.");
    metrics::describe_counter!(RETRIES, "Tries of a batch that the database failed.");
    metrics::gauge!(QUEUED).increment(0.0);
}

/// Nothing was done, and a little later there may be room.
fn full() -> Error {
    errors::Error::Overloaded.into()
}

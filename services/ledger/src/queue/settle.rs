//! Gets a batch into the database, whatever happens on the way.
//!
//! The usual way is one statement, decided on copies of the accounts, which takes effect only if each
//! of them is still as its copy says. Everything else goes the locked way: a transaction that locks the
//! accounts before it reads them, then looks for what was recorded before, decides, and writes. That
//! covers accounts that somebody else has changed, requests that come again, and orders that are
//! refused or declined, because a refusal must not rest on a copy.
//!
//! A failure of the database is met by trying the locked way again. That is safe because each order
//! brings the id of its transfer: after a try whose end was not seen, what it may have recorded is
//! looked for, under the same locks. A failure that lies with one order is narrowed down by halving the
//! batch, so that it fails that order and no other; a lock that is not to be had fails the orders that
//! need it.

use std::{
    collections::{HashMap, HashSet},
    ops::Range,
    time::{Duration, Instant},
};

use kit::{errors, postgres};
use sqlx::{Connection, PgConnection, PgPool, postgres::PgConnectOptions};
use time::OffsetDateTime;

use super::{
    LOCKED, Posted, RETRIES,
    batch::{self, Past, Plan, Verdict},
};
use crate::{
    domain::{
        account::Account,
        posting::Posting,
        transfer::{Order, Transfer},
    },
    error::Error,
    generations::Generations,
    store::{
        self,
        accounts::Key,
        postings::{REQUEST_ONCE, REVERSED_ONCE, VERSION_AS_EXPECTED},
    },
};

/// How long a batch is tried again before its callers are told.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the connection is set to, beside what all are: the statements are few and find their rows by
/// key, also in tables that have no statistics yet. A lock is not waited for long, because all wait, but longer than a deadlock stays unnoticed (1 s).
const SETTINGS: [(&str, &str); 3] =
    [("plan_cache_mode", "force_generic_plan"), ("enable_seqscan", "off"), ("lock_timeout", "2s")];

/// Tries in a row on copies that were out of date, after which some batches go the locked way at once.
const STALE_TRIES: u32 = 2;
/// How many batches do then: another process posts to the same accounts.
const LOCKED_RUN: u32 = 64;

/// What became of one order, before its transfer is put together.
#[derive(Debug)]
enum Settled {
    New(Posting, OffsetDateTime),
    Before { transfer: Box<Transfer>, replayed: bool },
    Same(usize),
    Failed(Error),
}

impl Settled {
    /// The same in a longer row of orders, in which so many come before.
    fn moved_by(self, before: usize) -> Self {
        match self {
            Self::Same(at) => Self::Same(at.saturating_add(before)),
            other @ (Self::New(..) | Self::Before { .. } | Self::Failed(_)) => other,
        }
    }
}

/// Orders that are still to be settled.
struct Part {
    range: Range<usize>,
    /// Whether a try of them may have had an effect that was not seen.
    unseen_end: bool,
}

impl Part {
    fn within(whole: &Range<usize>, part: Range<usize>, unseen_end: bool) -> Self {
        let [start, end] = [part.start, part.end].map(|at| at.saturating_add(whole.start));
        Self { range: start..end, unseen_end }
    }
}

#[derive(Debug)]
pub(super) struct Settler {
    options: PgConnectOptions,
    conn: Option<PgConnection>,
    /// The accounts as this process saw them last. A copy may be out of date: whatever is decided on it
    /// is written only if it is not (see [`store::postings::record`]).
    books: Generations<Key, Account>,
    stale_tries: u32,
    locked_left: u32,
}

/// Why a try has come to nothing.
enum Failure {
    /// The copies or the keys say that the locked way must be gone.
    Stale,
    /// The database failed.
    Database(sqlx::Error),
    /// A row broke its own rules.
    Corrupt(Error),
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        if let Error::Kit(errors::Error::Database(error)) = error {
            Self::Database(error)
        } else {
            Self::Corrupt(error)
        }
    }
}

impl Settler {
    pub(super) fn new(pool: &PgPool) -> Self {
        let options = postgres::settings(pool.connect_options().as_ref().clone());
        Self {
            options: options.options(SETTINGS),
            conn: None,
            books: Generations::default(),
            stale_tries: 0,
            locked_left: 0,
        }
    }

    /// Takes in copies of accounts that there are none of.
    pub(super) fn see(&mut self, accounts: Vec<(Key, Account)>) {
        for (key, account) in accounts {
            if self.books.peek(&key).is_none() {
                self.books.put(key, account);
            }
        }
    }

    /// Settles each order; the outcomes are in their order.
    pub(super) async fn settle(&mut self, orders: Vec<Order>) -> Vec<Result<Posted, Error>> {
        let mut settled: Vec<Option<Settled>> = orders.iter().map(|_| None).collect();
        let mut rest = vec![Part { range: 0..orders.len(), unseen_end: false }];
        while let Some(Part { range, mut unseen_end }) = rest.pop() {
            let Some(part) = orders.get(range.clone()) else { continue };
            let outcomes = self.settle_part(part, &mut unseen_end).await;
            let slots = settled.iter_mut().skip(range.start).take(range.len());
            let failed = match outcomes {
                Ok(outcomes) => {
                    for (slot, outcome) in slots.zip(outcomes) {
                        *slot = Some(outcome.moved_by(range.start));
                    }
                    continue;
                }
                Err(failed) => failed,
            };
            let told = if unseen_end { given_up(true) } else { failed };
            let parts = match self.around_locks(part, &told).await {
                Some(free) => {
                    // Those in between are settled yet.
                    slots.for_each(|slot| *slot = Some(Settled::Failed(given_up(unseen_end))));
                    free
                }
                None => halves(part.len()),
            };
            if parts.is_empty()
                && let Some(slot @ None) = settled.get_mut(range.start)
            {
                *slot = Some(Settled::Failed(told));
            }
            // The first part is popped first.
            rest.extend(parts.into_iter().rev().map(|part| Part::within(&range, part, unseen_end)));
        }
        answers(orders, settled)
    }

    /// Settles some orders together. An error is for one of them alone, which halving finds; what the
    /// database has to do with all of them is in their outcomes.
    async fn settle_part(
        &mut self,
        orders: &[Order],
        unseen_end: &mut bool,
    ) -> Result<Vec<Settled>, Error> {
        let keys = batch::keys(orders);
        // What was recorded unseen is looked for the locked way only.
        if !*unseen_end && self.trusts_copies() {
            match self.on_copies(orders, &keys).await {
                Ok(outcomes) => return Ok(outcomes),
                Err(Failure::Stale) => {}
                // The other way would have to wait for the same lock.
                Err(Failure::Database(error)) if postgres::is_lock_timeout(&error) => {
                    return Err(error.into());
                }
                Err(Failure::Database(error)) => {
                    *unseen_end = self.broken(&error);
                    tracing::warn!(%error, "a batch is tried again");
                }
                Err(Failure::Corrupt(error)) => return Err(error),
            }
            for key in &keys {
                self.books.forget(key);
            }
        }
        let begin = Instant::now();
        let mut pause = Duration::from_millis(5);
        loop {
            let error = match self.locked(orders, &keys, unseen_end).await {
                Ok(outcomes) => return Ok(outcomes),
                Err(Failure::Corrupt(error)) => return Err(error),
                Err(Failure::Stale) => sqlx::Error::Protocol("a key was taken meanwhile".into()),
                Err(Failure::Database(error)) => error,
            };
            metrics::counter!(RETRIES).increment(1);
            *unseen_end |= self.broken(&error);
            if !postgres::is_transient(&error) || postgres::is_lock_timeout(&error) {
                return Err(error.into());
            }
            if begin.elapsed() > PATIENCE {
                tracing::error!(%error, orders = orders.len(), "a batch was given up");
                return Ok(orders.iter().map(|_| Settled::Failed(given_up(*unseen_end))).collect());
            }
            tracing::warn!(%error, orders = orders.len(), "a batch is tried again");
            tokio::time::sleep(pause).await;
            pause = pause.saturating_mul(2).min(Duration::from_millis(500));
        }
    }

    /// When orders failed for want of a lock: the runs of those that need none of the accounts that
    /// somebody else has locked. None when it is not that, or no longer.
    async fn around_locks(
        &mut self,
        orders: &[Order],
        failed: &Error,
    ) -> Option<Vec<Range<usize>>> {
        let waited = matches!(failed, Error::Kit(errors::Error::Database(error))
            if postgres::is_lock_timeout(error));
        if !waited && !matches!(failed, Error::Kit(errors::Error::OutcomeUnknown)) {
            return None;
        }
        let locked = match self.locked_elsewhere(&batch::keys(orders)).await {
            Ok(locked) => locked,
            Err(error) => {
                self.broken(&error);
                return None;
            }
        };
        (!locked.is_empty()).then(|| batch::runs_without(orders, &locked))
    }

    /// To find out takes the locks that are free, for a moment; that is nothing to be committed.
    async fn locked_elsewhere(&mut self, keys: &[Key]) -> Result<HashSet<Key>, sqlx::Error> {
        let mut tx = self.connected().await?.begin().await?;
        let locked = store::accounts::locked_elsewhere(&mut tx, keys).await?;
        tx.rollback().await?;
        Ok(locked)
    }

    /// One statement, on copies of the accounts.
    async fn on_copies(&mut self, orders: &[Order], keys: &[Key]) -> Result<Vec<Settled>, Failure> {
        let accounts = self.copies(keys).await?;
        let plan = batch::plan(orders, accounts, &mut Past::default());
        if !plan.is_clean() {
            return Err(Failure::Stale);
        }
        let written = write(self.connected().await?, orders, &plan).await;
        match written {
            Ok(now) => {
                self.stale_tries = 0;
                self.keep(&plan, now);
                Ok(outcomes(plan, now))
            }
            Err(error) => Err(match postgres::constraint(&error) {
                Some(VERSION_AS_EXPECTED) => {
                    self.stale_tries = self.stale_tries.saturating_add(1);
                    Failure::Stale
                }
                // A key that is known; any other fault is found again, and blamed, the locked way.
                Some(_) => Failure::Stale,
                None => error.into(),
            }),
        }
    }

    /// Copies of accounts; those that there are none of are read.
    async fn copies(&mut self, keys: &[Key]) -> Result<HashMap<Key, Account>, Failure> {
        let mut accounts = HashMap::with_capacity(keys.len());
        let mut missing = Vec::new();
        for key in keys {
            match self.books.get(key) {
                Some(account) => {
                    accounts.insert(*key, account);
                }
                None => missing.push(*key),
            }
        }
        if !missing.is_empty() {
            for (key, account) in store::accounts::load(self.connected().await?, &missing).await? {
                self.books.put(key, account);
                accounts.insert(key, account);
            }
        }
        Ok(accounts)
    }

    /// A transaction: locks, looks for what was recorded before, decides, writes.
    async fn locked(
        &mut self,
        orders: &[Order],
        keys: &[Key],
        unseen_end: &mut bool,
    ) -> Result<Vec<Settled>, Failure> {
        metrics::counter!(LOCKED).increment(1);
        let mut tx = self.connected().await?.begin().await?;
        let accounts = store::accounts::lock(&mut tx, keys).await?;
        let mut past = Past::default();
        look_back(&mut tx, orders, *unseen_end, &mut past).await?;
        let plan = batch::plan(orders, accounts.into_iter().collect(), &mut past);
        let now = if plan.changed.is_empty() {
            tx.rollback().await?;
            OffsetDateTime::UNIX_EPOCH
        } else {
            let now =
                write(&mut tx, orders, &plan).await.map_err(|error| match postgres::constraint(
                    &error,
                ) {
                    Some(REQUEST_ONCE | REVERSED_ONCE) => Failure::Stale,
                    Some(_) | None => error.into(),
                })?;
            *unseen_end = true;
            tx.commit().await?;
            now
        };
        self.keep(&plan, now);
        Ok(outcomes(plan, now))
    }

    /// Whether a batch may be tried on copies: not for a while after they were out of date repeatedly.
    fn trusts_copies(&mut self) -> bool {
        if self.stale_tries >= STALE_TRIES {
            (self.stale_tries, self.locked_left) = (0, LOCKED_RUN);
        }
        self.locked_left = self.locked_left.saturating_sub(1);
        self.locked_left == 0
    }

    /// Remembers the accounts as they have been written.
    fn keep(&mut self, plan: &Plan, now: OffsetDateTime) {
        for (key, account) in &plan.changed {
            let mut account = *account;
            account.version = account.version.saturating_add(1);
            warn_of_the_future(&account, now);
            account.last_entry_time = account.last_entry_time.max(Some(now));
            self.books.put(*key, account);
        }
    }

    /// Lets go of a connection that may be of no use any more. Answers whether a statement on it may
    /// have had an effect that was not seen.
    fn broken(&mut self, error: &sqlx::Error) -> bool {
        let unanswered = error.as_database_error().is_none();
        if unanswered || postgres::is_end_of_session(error) {
            self.conn = None;
            return true;
        }
        false
    }

    async fn connected(&mut self) -> Result<&mut PgConnection, sqlx::Error> {
        if self.conn.is_none() {
            self.conn = Some(PgConnection::connect_with(&self.options).await?);
        }
        self.conn.as_mut().ok_or(sqlx::Error::PoolClosed)
    }
}

/// Entries keep the latest time of their account: one far ahead would stand still for as long.
fn warn_of_the_future(account: &Account, now: OffsetDateTime) {
    let last_s = account.last_entry_time.map_or(0, OffsetDateTime::unix_timestamp);
    let ahead_s = last_s.saturating_sub(now.unix_timestamp());
    if ahead_s > 60 {
        tracing::warn!(ahead_s, "an account's last entry is ahead of the database's clock");
    }
}

/// Finds what was recorded before, of what these orders could repeat.
async fn look_back(
    conn: &mut PgConnection,
    orders: &[Order],
    unseen_end: bool,
    past: &mut Past,
) -> Result<(), Error> {
    let requests: Vec<_> = orders
        .iter()
        .filter_map(|order| Some((order.tenant, order.request.as_ref()?.id.as_str())))
        .collect();
    if unseen_end {
        let ids: Vec<_> = orders.iter().map(|order| (order.tenant, order.movement.id)).collect();
        past.add_transfers(store::transfers::find_by_ids(conn, &ids).await?);
    }
    if !requests.is_empty() {
        past.add_requests(store::transfers::find_by_requests(conn, &requests).await?);
    }
    let reversed: Vec<_> =
        orders.iter().filter_map(|order| Some((order.tenant, order.movement.reverses?))).collect();
    if !reversed.is_empty() {
        past.add_reversed(store::transfers::find_reversed(conn, &reversed).await?);
    }
    Ok(())
}

/// Writes what a plan says.
async fn write(
    conn: &mut PgConnection,
    orders: &[Order],
    plan: &Plan,
) -> Result<OffsetDateTime, sqlx::Error> {
    let postings: Vec<_> = orders
        .iter()
        .zip(&plan.verdicts)
        .filter_map(|(order, verdict)| match verdict {
            Verdict::Post(posting) => Some((order, posting)),
            Verdict::Same(_) | Verdict::Replay(_) | Verdict::Done(_) | Verdict::Refuse(_) => None,
        })
        .collect();
    let accounts: Vec<_> =
        plan.changed.iter().map(|((tenant, _), account)| (*tenant, *account)).collect();
    store::postings::record(conn, &postings, &accounts).await
}

fn outcomes(plan: Plan, now: OffsetDateTime) -> Vec<Settled> {
    let settled = |verdict| match verdict {
        Verdict::Post(posting) => Settled::New(posting, now),
        Verdict::Same(at) => Settled::Same(at),
        Verdict::Replay(transfer) => Settled::Before { transfer, replayed: true },
        Verdict::Done(transfer) => Settled::Before { transfer, replayed: false },
        Verdict::Refuse(refused) => Settled::Failed(refused.into()),
    };
    plan.verdicts.into_iter().map(settled).collect()
}

/// Puts the transfers together.
fn answers(orders: Vec<Order>, settled: Vec<Option<Settled>>) -> Vec<Result<Posted, Error>> {
    let mut answers: Vec<Result<Posted, Error>> = Vec::with_capacity(orders.len());
    for (order, settled) in orders.into_iter().zip(settled) {
        let answer = match settled {
            Some(Settled::New(posting, now)) => {
                Ok(Posted { transfer: order.into_transfer(&posting, now), replayed: false })
            }
            Some(Settled::Before { transfer, replayed }) => {
                Ok(Posted { transfer: *transfer, replayed })
            }
            Some(Settled::Same(at)) => match answers.get(at) {
                Some(Ok(first)) => Ok(Posted { transfer: first.transfer.clone(), replayed: true }),
                Some(Err(_)) | None => Err(given_up(true)),
            },
            Some(Settled::Failed(error)) => Err(error),
            None => Err(Error::corrupt("an order that was passed over")),
        };
        answers.push(answer);
    }
    answers
}

/// What callers are told when the database does not come back.
fn given_up(unseen_end: bool) -> Error {
    let told = if unseen_end { errors::Error::OutcomeUnknown } else { errors::Error::Overloaded };
    told.into()
}

/// The halves of so many orders; none of a single one.
fn halves(count: usize) -> Vec<Range<usize>> {
    let half = count.checked_div(2).unwrap_or_default();
    if half == 0 { Vec::new() } else { vec![0..half, half..count] }
}

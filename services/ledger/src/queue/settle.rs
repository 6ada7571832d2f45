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
    collections::BTreeMap,
    ops::Range,
    time::{Duration, Instant},
};

use kit::{
    errors,
    postgres::{self, Database, citus::Layout},
};
use sqlx::{PgConnection, postgres::PgConnectOptions};
use types::TenantId;

use self::{
    outcomes::{Part, Settled, answers, given_up, halves},
    tries::{Failure, in_time},
};
use super::{Posted, RETRIES, batch};
use crate::{
    domain::{account::Account, transfer::Order},
    error::Error,
    generations::Generations,
    store::accounts::Key,
};

mod outcomes;
#[cfg(test)]
mod tenants;
#[cfg(test)]
mod tests;
mod tries;

/// How long a try may take. That is longer than the server lets a statement take, so whoever is cut off
/// talks to nobody: the server, or the way to it, is gone without a word.
const LIMIT: Duration = Duration::from_secs(30);

/// How long a batch is tried again before its callers are told.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the connection is set to, beside what all are: the statements are few and find their rows by
/// key, also in tables that have no statistics yet. A lock is not waited for long, because all wait, but
/// longer than a deadlock stays unnoticed (1 s).
const SETTINGS: [(&str, &str); 3] =
    [("plan_cache_mode", "force_generic_plan"), ("enable_seqscan", "off"), ("lock_timeout", "2s")];

/// The same where tenants are on several servers: which one it is, a generic plan cannot say.
const SETTINGS_BY_TENANT: [(&str, &str); 1] = [("lock_timeout", "2s")];

/// Tries on copies that were out of date, with none between them that went well, after which some
/// batches go the locked way at once.
const STALE_TRIES: u32 = 2;
/// How many batches do then: another process posts to the same accounts.
const LOCKED_RUN: u32 = 64;

#[derive(Debug)]
pub(super) struct Settler {
    options: PgConnectOptions,
    layout: Layout,
    conn: Option<PgConnection>,
    /// Whom the connection sees: the tenants of the last batch, in order.
    sees: Vec<TenantId>,
    /// The accounts as this process saw them last. A copy may be out of date: whatever is decided on it
    /// is written only if it is not (see [`store::postings::record`]).
    books: Generations<Key, Account>,
    stale_tries: u32,
    locked_left: u32,
    limit: Duration,
    patience: Duration,
}

impl Settler {
    pub(super) fn new(database: &Database) -> Self {
        let options = database.connect_options().as_ref().clone();
        let layout = database.layout();
        Self {
            options: match layout {
                Layout::OneServer => options.options(SETTINGS),
                Layout::ByTenant => options.options(SETTINGS_BY_TENANT),
            },
            layout,
            conn: None,
            sees: Vec::new(),
            books: Generations::default(),
            stale_tries: 0,
            locked_left: 0,
            limit: LIMIT,
            patience: PATIENCE,
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

    /// Settles each order; the outcomes are in their order. Where tenants are on several servers, what is
    /// of one tenant is settled together, and commits on one of them.
    pub(super) async fn settle(&mut self, orders: Vec<Order>) -> Vec<Result<Posted, Error>> {
        if self.layout == Layout::OneServer {
            return self.settle_together(orders).await;
        }
        let mut by_tenant: BTreeMap<TenantId, (Vec<usize>, Vec<Order>)> = BTreeMap::new();
        for (place, order) in orders.into_iter().enumerate() {
            let (places, of_one) = by_tenant.entry(order.tenant).or_default();
            places.push(place);
            of_one.push(order);
        }
        let mut settled = Vec::new();
        for (places, of_one) in by_tenant.into_values() {
            settled.extend(places.into_iter().zip(self.settle_together(of_one).await));
        }
        settled.sort_unstable_by_key(|(place, _)| *place);
        settled.into_iter().map(|(_, outcome)| outcome).collect()
    }

    /// Settles orders in one transaction, if it can be.
    async fn settle_together(&mut self, orders: Vec<Order>) -> Vec<Result<Posted, Error>> {
        let begin = Instant::now();
        let mut settled: Vec<Option<Settled>> = orders.iter().map(|_| None).collect();
        let mut rest = vec![Part { range: 0..orders.len(), unseen_end: false }];
        while let Some(Part { range, mut unseen_end }) = rest.pop() {
            let Some(part) = orders.get(range.clone()) else { continue };
            let outcomes = self.settle_part(part, begin, &mut unseen_end).await;
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

    /// Settles some orders together, of a batch that was begun at `begin`. An error is for one of them
    /// alone, which halving finds; what the database has to do with all of them is in their outcomes.
    async fn settle_part(
        &mut self,
        orders: &[Order],
        begin: Instant,
        unseen_end: &mut bool,
    ) -> Result<Vec<Settled>, Error> {
        let keys = batch::keys(orders);
        // What was recorded unseen is looked for the locked way only.
        if !*unseen_end && self.trusts_copies() {
            match in_time(self.limit, self.on_copies(orders, &keys, unseen_end)).await {
                Ok(outcomes) => return Ok(outcomes),
                Err(Failure::Stale) => {}
                // The other way would have to wait for the same lock.
                Err(Failure::Database(error)) if postgres::is_lock_timeout(&error) => {
                    return Err(error.into());
                }
                Err(Failure::Database(error)) => {
                    self.let_go(&error);
                    tracing::warn!(%error, "a batch is tried again");
                }
                Err(Failure::Corrupt(error)) => return Err(error),
            }
            for key in &keys {
                self.books.forget(key);
            }
        }
        let mut pause = Duration::from_millis(5);
        loop {
            let error = match in_time(self.limit, self.locked(orders, &keys, unseen_end)).await {
                Ok(outcomes) => return Ok(outcomes),
                Err(Failure::Corrupt(error)) => return Err(error),
                // A key was taken meanwhile: the next try finds it.
                Err(Failure::Stale) => None,
                Err(Failure::Database(error)) => Some(error),
            };
            metrics::counter!(RETRIES).increment(1);
            if let Some(error) = error {
                self.let_go(&error);
                if !postgres::is_transient(&error) || postgres::is_lock_timeout(&error) {
                    return Err(error.into());
                }
                tracing::warn!(%error, orders = orders.len(), "a batch has failed");
            }
            if begin.elapsed() > self.patience {
                tracing::error!(orders = orders.len(), "a batch was given up");
                return Ok(orders.iter().map(|_| Settled::Failed(given_up(*unseen_end))).collect());
            }
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
        let keys = batch::keys(orders);
        let locked = match in_time(self.limit, self.locked_elsewhere(&keys)).await {
            Ok(locked) => locked,
            Err(error) => {
                self.let_go(&error);
                return None;
            }
        };
        (!locked.is_empty()).then(|| batch::runs_without(orders, &locked))
    }

    /// Whether a batch may be tried on copies: not for a while after they were out of date repeatedly.
    fn trusts_copies(&mut self) -> bool {
        if self.stale_tries >= STALE_TRIES {
            (self.stale_tries, self.locked_left) = (0, LOCKED_RUN);
        }
        self.locked_left = self.locked_left.saturating_sub(1);
        self.locked_left == 0
    }

    /// Lets go of a connection that may be of no use any more.
    fn let_go(&mut self, error: &sqlx::Error) {
        if !is_answer(error) {
            self.conn = None;
        }
    }
}

/// Whether it is what the server said of a statement, which then has had no effect. Anything else may
/// hide that it has.
fn is_answer(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some() && !postgres::is_end_of_session(error)
}

//! What may be relied upon of the customer service's answers, and until when. Pure: the time is given.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use types::CustomerId;

/// What the customer service said of some customers.
pub(crate) struct Answer {
    /// When it was asked.
    pub(crate) sent: Instant,
    /// Two answers with the same version say the same of a customer that exists.
    pub(crate) version: i64,
    /// For how long the answer may be relied upon, from `sent`.
    pub(crate) valid_for: Duration,
    /// Those that may act.
    pub(crate) active: HashSet<CustomerId>,
}

/// All that was said with one version, and until when it may be relied upon.
///
/// Each answer is good by itself until its own end, whatever was said before or since: the customer
/// service answers no change within that time. Those with one version say the same, so the latest end
/// holds for all of them.
pub(super) struct Lease {
    version: i64,
    /// The latest end; none before the first answer.
    until: Option<Instant>,
    /// For how long the one with the latest end was good.
    valid_for: Duration,
    active: Known,
}

impl Lease {
    /// Relies on nothing. What it will know is counted in `total` too.
    pub(super) fn new(total: Arc<AtomicUsize>) -> Self {
        let active = Known { ids: HashSet::new(), total };
        Self { version: 0, until: None, valid_for: Duration::ZERO, active }
    }

    /// How much of it is left: nothing from its end on.
    pub(super) fn left(&self, now: Instant) -> Option<Duration> {
        let left = self.until?.checked_duration_since(now)?;
        (!left.is_zero()).then_some(left)
    }

    /// Whether all of these may act, as far as it is known. `false` says nothing of any of them.
    pub(super) fn covers(&self, customers: &[CustomerId], now: Instant) -> bool {
        self.left(now).is_some() && customers.iter().all(|id| self.active.ids.contains(id))
    }

    /// Whether it should be renewed now, so that it does not end while it is used.
    pub(super) fn is_half_over(&self, now: Instant) -> bool {
        self.left(now).is_none_or(|left| left < self.valid_for.saturating_sub(left))
    }

    /// Takes an answer in. One with another version takes the place of all that was known; but one that
    /// was overtaken by a later version on its way changes nothing. A lower version after our end is no
    /// late answer: the customer service's database was set back.
    pub(super) fn take(&mut self, answer: &Answer, now: Instant) {
        if answer.version < self.version && self.left(now).is_some() {
            return;
        }
        if answer.version != self.version {
            self.version = answer.version;
            self.until = None;
            self.active.clear();
        }
        let until = answer.sent.checked_add(answer.valid_for);
        if until > self.until {
            self.until = until;
            self.valid_for = answer.valid_for;
        }
        self.active.extend(&answer.active);
    }
}

/// Ids, counted together with those of others.
struct Known {
    ids: HashSet<CustomerId>,
    total: Arc<AtomicUsize>,
}

impl Known {
    fn extend(&mut self, more: &HashSet<CustomerId>) {
        let added = more.iter().filter(|&&id| self.ids.insert(id)).count();
        self.total.fetch_add(added, Ordering::Relaxed);
    }

    fn clear(&mut self) {
        self.total.fetch_sub(self.ids.len(), Ordering::Relaxed);
        self.ids = HashSet::new();
    }
}

impl Drop for Known {
    fn drop(&mut self) {
        self.clear();
    }
}

#[cfg(test)]
mod tests;

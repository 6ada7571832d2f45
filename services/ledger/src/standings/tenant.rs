//! One tenant's lease, and those who wait for the next answer. One call is on its way at a time; whoever
//! waits meanwhile is asked for with the next.

use std::{
    collections::{HashSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError, atomic::AtomicUsize},
    time::{Duration, Instant},
};

use tokio::sync::{Mutex as Turn, oneshot};
use tonic::Status;
use types::CustomerId;

use super::lease::{Answer, Lease};

/// Which of the customers asked for may act. Nobody tells when the call was given up by who made it.
pub(super) type Told = oneshot::Receiver<Result<HashSet<CustomerId>, Status>>;

pub(super) struct Tenant {
    state: Mutex<State>,
    /// Held by who makes the call.
    pub(super) turn: Turn<()>,
}

struct State {
    lease: Lease,
    waiting: VecDeque<Waiting>,
}

/// Somebody who waits, and for whom.
pub(super) struct Waiting {
    customers: Vec<CustomerId>,
    tell: oneshot::Sender<Result<HashSet<CustomerId>, Status>>,
}

/// What is known of some customers without asking.
pub(super) enum Known {
    /// All of them may act.
    Active,
    /// All of them may act; the lease should be renewed within what is left of it.
    ActiveFor(Duration),
    /// Not enough.
    TooLittle,
}

impl Tenant {
    pub(super) fn new(total: Arc<AtomicUsize>) -> Self {
        let state = State { lease: Lease::new(total), waiting: VecDeque::new() };
        Self { state: Mutex::new(state), turn: Turn::new(()) }
    }

    pub(super) fn is_vouched_for(&self, now: Instant) -> bool {
        self.state().lease.left(now).is_some()
    }

    /// What is known of these customers at this moment.
    pub(super) fn look(&self, customers: &[CustomerId], now: Instant) -> Known {
        let state = self.state();
        match state.lease.left(now) {
            Some(left) if state.lease.covers(customers, now) => {
                if state.lease.is_half_over(now) {
                    Known::ActiveFor(left)
                } else {
                    Known::Active
                }
            }
            Some(_) | None => Known::TooLittle,
        }
    }

    /// Waits to be told of these customers.
    pub(super) fn wait_for(&self, customers: &[CustomerId]) -> Told {
        let (tell, told) = oneshot::channel();
        let customers = customers.to_vec();
        self.state().waiting.push_back(Waiting { customers, tell });
        told
    }

    /// Those with whom the next call is shared: as many as `limit` ids allow, who came first.
    pub(super) fn board(&self, limit: usize) -> Vec<Waiting> {
        let mut state = self.state();
        state.waiting.retain(|waiting| !waiting.tell.is_closed());
        let mut seats = limit;
        let mut aboard = Vec::new();
        while let Some(next) = state.waiting.pop_front() {
            let Some(left) = seats.checked_sub(next.customers.len()) else {
                state.waiting.push_front(next);
                break;
            };
            seats = left;
            aboard.push(next);
        }
        aboard
    }

    /// Takes the answer in and tells everybody for whom it is enough.
    pub(super) fn land(&self, aboard: Vec<Waiting>, answer: &Answer) {
        let mut state = self.state();
        // Read under the lock: later than everybody here began to wait.
        let now = Instant::now();
        state.lease.take(answer, now);
        let State { lease, waiting } = &mut *state;
        // Who waits for the next call may have waited for the lease alone.
        let (known, unknown) =
            waiting.drain(..).partition(|one: &Waiting| lease.covers(&one.customers, now));
        *waiting = unknown;
        drop(state);
        let known: VecDeque<Waiting> = known;
        for Waiting { customers, tell } in known {
            // Who does not wait any more needs no answer, here and below.
            let _ = tell.send(Ok(customers.into_iter().collect()));
        }
        for Waiting { mut customers, tell } in aboard {
            customers.retain(|id| answer.active.contains(id));
            let _ = tell.send(Ok(customers.into_iter().collect()));
        }
    }

    /// Tells everybody that the customer service failed, so that not each finds out in turn.
    pub(super) fn fail(&self, aboard: Vec<Waiting>, status: &Status) {
        let waiting = std::mem::take(&mut self.state().waiting);
        for one in aboard.into_iter().chain(waiting) {
            let _ = one.tell.send(Err(status.clone()));
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    /// Whom a call must name for all of these.
    pub(super) fn ids(aboard: &[Self]) -> HashSet<CustomerId> {
        aboard.iter().flat_map(|one| one.customers.iter().copied()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(count: usize) -> Vec<CustomerId> {
        std::iter::repeat_with(CustomerId::new).take(count).collect()
    }

    fn answer(active: &[CustomerId]) -> Answer {
        let active = active.iter().copied().collect();
        let valid_for = Duration::from_hours(1);
        Answer { sent: Instant::now(), version: 0, valid_for, active }
    }

    #[test]
    fn a_call_takes_as_many_as_it_may_name_and_who_came_first() {
        let tenant = Tenant::new(Arc::default());
        let (early, late) = (ids(600), ids(600));
        let (mut first, mut second) = (tenant.wait_for(&early), tenant.wait_for(&late));

        tenant.land(tenant.board(1_000), &answer(&early));
        assert_eq!(first.try_recv().unwrap().unwrap().len(), 600);
        assert!(second.try_recv().is_err());

        tenant.land(tenant.board(1_000), &answer(&late));
        assert_eq!(second.try_recv().unwrap().unwrap().len(), 600);
    }

    #[test]
    fn everybody_is_told_of_whom_they_asked_for_and_the_active_alone_are_known() {
        let tenant = Tenant::new(Arc::default());
        let (alice, bob) = (CustomerId::new(), CustomerId::new());
        let (mut of_alice, mut of_bob) = (tenant.wait_for(&[alice]), tenant.wait_for(&[bob]));

        tenant.land(tenant.board(1_000), &answer(&[alice]));

        assert_eq!(of_alice.try_recv().unwrap().unwrap(), HashSet::from([alice]));
        assert_eq!(of_bob.try_recv().unwrap().unwrap(), HashSet::new());
        assert!(matches!(tenant.look(&[alice], Instant::now()), Known::Active));
        assert!(matches!(tenant.look(&[bob], Instant::now()), Known::TooLittle));
    }

    #[test]
    fn who_waited_for_the_lease_alone_is_told_by_the_call_before_theirs() {
        let tenant = Tenant::new(Arc::default());
        let (alice, bob) = (CustomerId::new(), CustomerId::new());
        let aboard = tenant.board(1_000);
        let (mut of_alice, mut of_bob) = (tenant.wait_for(&[alice]), tenant.wait_for(&[bob]));

        tenant.land(aboard, &answer(&[alice]));

        assert_eq!(of_alice.try_recv().unwrap().unwrap(), HashSet::from([alice]));
        assert!(of_bob.try_recv().is_err());
    }

    #[test]
    fn who_was_aboard_a_call_that_was_given_up_is_no_longer_waiting_and_knows() {
        let tenant = Tenant::new(Arc::default());
        let mut told = tenant.wait_for(&ids(1));

        drop(tenant.board(1_000));

        assert_eq!(told.try_recv().unwrap_err(), oneshot::error::TryRecvError::Closed);
        assert!(tenant.board(1_000).is_empty());
    }
}

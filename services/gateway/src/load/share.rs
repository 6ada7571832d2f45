//! What one tenant, or one client's address, may have of what there is for all: never so much that nothing is
//! left for others.

use std::{
    collections::HashMap,
    hash::Hash,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{pieces, places};
use crate::{failure::Failure, limits::Limits};

/// Shares that are remembered before those are forgotten of whoever asks for nothing now.
const MANY: usize = 1000;
/// MiB of bodies without a token from one address.
const BODIES_OF_ONE_MIB: u32 = 2;
/// Requests without a token from one address whose bodies have not come.
const PUBLIC_OF_ONE: usize = 128;
/// Look-ups of tokens from one address that nobody has known of late.
const QUESTIONS_OF_ONE: usize = 64;

/// The shares of those that ask for something now.
#[derive(Debug)]
pub(super) struct Shares<K, S>(Arc<Mutex<HashMap<K, Weak<S>>>>);

impl<K, S> Default for Shares<K, S> {
    fn default() -> Self {
        Self(Arc::default())
    }
}

impl<K, S> Clone for Shares<K, S> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<K: Eq + Hash, S> Shares<K, S> {
    /// The share of one; a new one, where they have asked for nothing just now.
    pub(super) fn of(&self, whose: K, new: impl FnOnce() -> S) -> Arc<S> {
        let mut shares = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(share) = shares.get(&whose).and_then(Weak::upgrade) {
            return share;
        }
        if shares.len() >= MANY {
            shares.retain(|_, share| share.strong_count() > 0);
        }
        let share = Arc::new(new());
        shares.insert(whose, Arc::downgrade(&share));
        share
    }
}

/// A tenant's places.
#[derive(Debug)]
pub(crate) struct Share {
    requests: Arc<Semaphore>,
    /// For requests whose bodies have not come.
    pub(super) coming: Arc<Semaphore>,
    pub(super) bodies: Arc<Semaphore>,
    pub(super) answers: Arc<Semaphore>,
}

impl Share {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            requests: places(limits.max_requests_per_tenant),
            coming: places(limits.max_connections.div_ceil(2)),
            bodies: places(pieces(limits.max_bodies_mib).div_ceil(2)),
            answers: places(pieces(limits.answers_mib()).div_ceil(2)),
        }
    }

    /// A place for a request.
    pub(super) fn enter(&self) -> Result<OwnedSemaphorePermit, Failure> {
        let place = Arc::clone(&self.requests).try_acquire_owned();
        place.map_err(|_| Failure::too_many_at_once())
    }
}

/// The places of a client's address.
#[derive(Debug)]
pub(crate) struct Client {
    /// For requests whose bodies have not come.
    pub(super) coming: Arc<Semaphore>,
    /// For those of them without a token, and for what has come of their bodies.
    pub(super) public_coming: Arc<Semaphore>,
    pub(super) public_bodies: Arc<Semaphore>,
    /// For look-ups of tokens that nobody has known of late.
    pub(crate) questions: Arc<Semaphore>,
}

impl Client {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            coming: places(limits.max_connections_per_address),
            public_coming: places(PUBLIC_OF_ONE),
            public_bodies: places(pieces(BODIES_OF_ONE_MIB)),
            questions: places(QUESTIONS_OF_ONE),
        }
    }
}

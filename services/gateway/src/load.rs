//! How much is under way at once: requests, in all, for each path and of each tenant, and bodies and answers
//! in memory. What finds no place is refused at once; nothing queues. A request takes its place when its body
//! is there, so that slow senders keep nobody out.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use types::TenantId;

use self::share::Shares;
pub(crate) use self::{room::roomy, share::Share};
use crate::{failure::Failure, limits::Limits};

mod room;
mod share;

/// Bodies are counted in pieces of this size.
const PIECE: usize = 8 * 1024;
const PIECES_PER_MIB: u32 = 128;
/// MiB of bodies whose senders are not known.
const PUBLIC_BODIES_MIB: u32 = 16;

/// The places there are.
#[derive(Debug, Clone)]
pub(crate) struct Load {
    requests: Arc<Semaphore>,
    routes: Arc<Mutex<HashMap<String, Arc<Semaphore>>>>,
    per_route: usize,
    bodies: Arc<Semaphore>,
    public_bodies: Arc<Semaphore>,
    answers: Arc<Semaphore>,
    shares: Shares,
}

fn places(count: usize) -> Arc<Semaphore> {
    Arc::new(Semaphore::new(count.min(Semaphore::MAX_PERMITS)))
}

fn pieces(mib: u32) -> usize {
    usize::try_from(mib.saturating_mul(PIECES_PER_MIB)).unwrap_or(usize::MAX)
}

/// So many places at once, or none.
fn take(places: &Arc<Semaphore>, count: u32) -> Result<OwnedSemaphorePermit, Failure> {
    Arc::clone(places).try_acquire_many_owned(count).map_err(|_| Failure::overloaded())
}

impl Load {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self {
            requests: places(limits.max_requests),
            routes: Arc::default(),
            per_route: limits.max_requests_per_route.min(Semaphore::MAX_PERMITS),
            bodies: places(pieces(limits.max_bodies_mib)),
            public_bodies: places(pieces(PUBLIC_BODIES_MIB)),
            answers: places(pieces(limits.max_bodies_mib)),
            shares: Shares::new(limits),
        }
    }

    /// The gate of one request.
    pub(crate) fn gate(&self, route: &str, is_public: bool) -> Gate {
        let mut routes = self.routes.lock().unwrap_or_else(PoisonError::into_inner);
        // As many as there are routes, not as clients can name.
        let route = if let Some(known) = routes.get(route) {
            Arc::clone(known)
        } else {
            let places = Arc::new(Semaphore::new(self.per_route));
            Arc::clone(routes.entry(route.to_owned()).or_insert(places))
        };
        let bodies = if is_public { &self.public_bodies } else { &self.bodies };
        Gate {
            requests: Arc::clone(&self.requests),
            route,
            bodies: Arc::clone(bodies),
            answers: Arc::clone(&self.answers),
            held: Arc::default(),
        }
    }

    /// What a tenant may have of all.
    pub(crate) fn share(&self, tenant: TenantId) -> Arc<Share> {
        self.shares.of(tenant)
    }
}

/// What a request holds; let go of when the last clone is dropped.
#[derive(Debug, Clone)]
pub(crate) struct Gate {
    requests: Arc<Semaphore>,
    route: Arc<Semaphore>,
    bodies: Arc<Semaphore>,
    answers: Arc<Semaphore>,
    held: Arc<Mutex<Held>>,
}

#[derive(Debug, Default)]
struct Held {
    /// Whose request it is, once that is known.
    share: Option<Arc<Share>>,
    places: Vec<OwnedSemaphorePermit>,
    bodies: Vec<OwnedSemaphorePermit>,
    /// How much of a body has memory.
    pieces: usize,
}

/// Memory for an answer, until it is dropped.
type Room = (Arc<Share>, [OwnedSemaphorePermit; 2]);

impl Gate {
    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The request is one of this tenant's.
    pub(crate) fn belongs_to(&self, share: Arc<Share>) {
        self.lock().share = Some(share);
    }

    /// Takes the request's place, when there is one; once.
    pub(crate) fn enter(&self) -> Result<(), Failure> {
        let mut held = self.lock();
        if !held.places.is_empty() {
            return Ok(());
        }
        let own = held.share.as_ref().map(|share| share.enter()).transpose()?;
        let rest = [take(&self.route, 1)?, take(&self.requests, 1)?];
        held.places = own.into_iter().chain(rest).collect();
        Ok(())
    }

    /// Takes memory for a body of this size so far.
    pub(crate) fn hold(&self, size: usize) -> Result<(), Failure> {
        let mut held = self.lock();
        let pieces = size.div_ceil(PIECE);
        let more = pieces.saturating_sub(held.pieces);
        if more == 0 {
            return Ok(());
        }
        let more = u32::try_from(more).map_err(|_| Failure::overloaded())?;
        let own = held.share.as_ref().map(|share| take(&share.bodies, more)).transpose()?;
        let all = take(&self.bodies, more)?;
        held.bodies.extend(own.into_iter().chain([all]));
        held.pieces = pieces;
        Ok(())
    }

    /// Takes memory for an answer of this size; none is needed for a short one, and for one to nobody.
    fn room(&self, size: usize) -> Result<Option<Room>, Failure> {
        let held = self.lock();
        let Some(share) = held.share.as_ref().filter(|_| size > PIECE) else { return Ok(None) };
        let pieces = u32::try_from(size.div_ceil(PIECE)).map_err(|_| Failure::overloaded())?;
        let permits = [take(&share.answers, pieces)?, take(&self.answers, pieces)?];
        // With the share: it is forgotten when nobody has it, and what is taken of it with it.
        Ok(Some((Arc::clone(share), permits)))
    }
}

#[cfg(test)]
mod tests;

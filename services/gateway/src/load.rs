//! How much is under way at once: requests, in all and for each path, and bodies in memory. What finds no
//! place is refused at once; nothing queues. A request takes its place when its body is there, so that
//! slow senders keep nobody out.

use std::{
    collections::HashMap,
    mem,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::{failure::Failure, limits::Limits};

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
}

impl Load {
    pub(crate) fn new(limits: &Limits) -> Self {
        let pieces = |mib: u32| {
            let pieces = usize::try_from(mib.saturating_mul(PIECES_PER_MIB)).unwrap_or(usize::MAX);
            Arc::new(Semaphore::new(pieces.min(Semaphore::MAX_PERMITS)))
        };
        Self {
            requests: Arc::new(Semaphore::new(limits.max_requests.min(Semaphore::MAX_PERMITS))),
            routes: Arc::default(),
            per_route: limits.max_requests_per_route.min(Semaphore::MAX_PERMITS),
            bodies: pieces(limits.max_bodies_mib),
            public_bodies: pieces(PUBLIC_BODIES_MIB),
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
            held: Arc::default(),
        }
    }
}

/// What a request holds; let go of when the last clone is dropped.
#[derive(Debug, Clone)]
pub(crate) struct Gate {
    requests: Arc<Semaphore>,
    route: Arc<Semaphore>,
    bodies: Arc<Semaphore>,
    held: Arc<Mutex<Held>>,
}

#[derive(Debug, Default)]
struct Held {
    places: Vec<OwnedSemaphorePermit>,
    body: Option<OwnedSemaphorePermit>,
}

impl Gate {
    fn lock(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes the request's place, when there is one; once.
    pub(crate) fn enter(&self) -> Result<(), Failure> {
        if !self.lock().places.is_empty() {
            return Ok(());
        }
        let take = |places: &Arc<Semaphore>| Arc::clone(places).try_acquire_owned();
        let (Ok(route), Ok(request)) = (take(&self.route), take(&self.requests)) else {
            return Err(Failure::overloaded());
        };
        self.lock().places = vec![route, request];
        Ok(())
    }

    /// Takes memory for a body of this size so far.
    pub(crate) fn hold(&self, size: usize) -> Result<(), Failure> {
        let mut held = self.lock();
        let has = held.body.as_ref().map_or(0, OwnedSemaphorePermit::num_permits);
        let more = size.div_ceil(PIECE).saturating_sub(has);
        if more == 0 {
            return Ok(());
        }
        let more = u32::try_from(more).map_err(|_| Failure::overloaded())?;
        let more = Arc::clone(&self.bodies).try_acquire_many_owned(more);
        let more = more.map_err(|_| Failure::overloaded())?;
        match mem::take(&mut held.body) {
            Some(mut body) => {
                body.merge(more);
                held.body = Some(body);
            }
            None => held.body = Some(more),
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn load() -> Load {
        Load::new(&Limits { max_requests: 3, max_requests_per_route: 2, ..Limits::default() })
    }

    #[test]
    fn a_full_path_keeps_no_other_out_and_all_are_bounded() {
        let load = load();
        let enter = |route: &str| {
            let gate = load.gate(route, false);
            gate.enter().map(|()| gate)
        };

        let first = enter("/a").unwrap();
        let second = enter("/a").unwrap();
        assert!(enter("/a").is_err());
        let other = enter("/b").unwrap();
        assert!(enter("/b").is_err(), "there is a place for the path, and none in all");

        drop(first.clone());
        assert!(enter("/a").is_err());
        drop(first);
        drop(enter("/b").unwrap());
        drop((second, other));
        assert!(enter("/a").is_ok());
    }

    #[test]
    fn bodies_take_memory_piece_by_piece_and_give_it_back() {
        let load = load();
        let most = 16 * 1024 * 1024;
        let gate = load.gate("/login", true);

        gate.hold(10).unwrap();
        gate.hold(most - PIECE).unwrap();
        let other = load.gate("/login", true);
        other.hold(PIECE).unwrap();
        assert!(other.hold(PIECE + 1).is_err());
        assert!(load.gate("/", false).hold(most).is_ok(), "known callers have memory of their own");

        drop(gate);
        other.hold(most).unwrap();
    }
}

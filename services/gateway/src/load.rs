//! How much is under way at once: requests, in all, for each path and of each tenant, and bodies and answers
//! in memory. What finds no place is refused at once; nothing queues. A request takes its place when its body
//! is there, so that slow senders keep nobody out; until then it has one of those for what is still to come,
//! of which there are more, and of which no tenant and no client's address may have all.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use kit::address::one_client;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use types::TenantId;

use self::share::Shares;
pub(crate) use self::{
    room::roomy,
    share::{Client, Share},
};
use crate::{failure::Failure, limits::Limits};

mod room;
mod share;

/// Bodies are counted in pieces of this size.
const PIECE: usize = 8 * 1024;
const PIECES_PER_MIB: u32 = 128;
/// Of a body there are two copies at a time at most: as it came and taken apart, or taken apart and as it
/// goes on to a service.
const COPIES: usize = 2;
/// MiB of bodies whose senders are not known.
const PUBLIC_BODIES_MIB: u32 = 16;

/// The places there are.
#[derive(Debug, Clone)]
pub(crate) struct Load {
    requests: Arc<Semaphore>,
    routes: Arc<Mutex<HashMap<String, Arc<Semaphore>>>>,
    known: Coming,
    public: Coming,
    answers: Arc<Semaphore>,
    tenants: Shares<TenantId, Share>,
    clients: Shares<IpAddr, Client>,
    limits: Arc<Limits>,
}

/// Places for requests whose bodies are still to come, and for what has come of them.
#[derive(Debug, Clone)]
struct Coming {
    requests: Arc<Semaphore>,
    bodies: Arc<Semaphore>,
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
            known: Coming {
                requests: places(limits.max_connections),
                bodies: places(pieces(limits.max_bodies_mib)),
            },
            public: Coming {
                requests: places(limits.max_connections.div_ceil(2)),
                bodies: places(pieces(PUBLIC_BODIES_MIB)),
            },
            answers: places(pieces(limits.answers_mib())),
            tenants: Shares::default(),
            clients: Shares::default(),
            limits: Arc::new(limits.clone()),
        }
    }

    /// The gate of one request.
    pub(crate) fn gate(&self, route: &str, is_public: bool) -> Gate {
        let mut routes = self.routes.lock().unwrap_or_else(PoisonError::into_inner);
        // As many as there are routes, not as clients can name.
        let route = if let Some(known) = routes.get(route) {
            Arc::clone(known)
        } else {
            let places = places(self.limits.max_requests_per_route);
            Arc::clone(routes.entry(route.to_owned()).or_insert(places))
        };
        Gate {
            requests: Arc::clone(&self.requests),
            route,
            coming: if is_public { &self.public } else { &self.known }.clone(),
            answers: Arc::clone(&self.answers),
            is_public,
            held: Arc::default(),
        }
    }

    /// What a tenant may have of all.
    pub(crate) fn share(&self, tenant: TenantId) -> Arc<Share> {
        self.tenants.of(tenant, || Share::new(&self.limits))
    }

    /// What a client's address may have of all.
    pub(crate) fn client(&self, address: IpAddr) -> Arc<Client> {
        self.clients.of(one_client(address), || Client::new(&self.limits))
    }
}

/// What a request holds; let go of when the last clone is dropped.
#[derive(Debug, Clone)]
pub(crate) struct Gate {
    requests: Arc<Semaphore>,
    route: Arc<Semaphore>,
    coming: Coming,
    answers: Arc<Semaphore>,
    is_public: bool,
    held: Arc<Mutex<Held>>,
}

#[derive(Debug, Default)]
struct Held {
    /// Whose request it is, once that is known.
    share: Option<Arc<Share>>,
    /// Where it comes from.
    client: Option<Arc<Client>>,
    /// Until its body is there.
    coming: Vec<OwnedSemaphorePermit>,
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

    /// Whether the request needs no token.
    pub(crate) fn is_public(&self) -> bool {
        self.is_public
    }

    /// The request has begun to come, from this client.
    pub(crate) fn receive(&self, client: Option<Arc<Client>>) -> Result<(), Failure> {
        let mut held = self.lock();
        if let Some(client) = &client {
            let places = if self.is_public { &client.public_coming } else { &client.coming };
            held.coming.push(take(places, 1)?);
        }
        held.coming.push(take(&self.coming.requests, 1)?);
        held.client = client;
        Ok(())
    }

    /// The request is one of this tenant's.
    pub(crate) fn belongs_to(&self, share: Arc<Share>) -> Result<(), Failure> {
        let mut held = self.lock();
        held.coming.push(take(&share.coming, 1)?);
        held.share = Some(share);
        Ok(())
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
        held.coming.clear();
        Ok(())
    }

    /// Takes memory for a body of this size so far.
    pub(crate) fn hold(&self, size: usize) -> Result<(), Failure> {
        let mut held = self.lock();
        let pieces = size.saturating_mul(COPIES).div_ceil(PIECE);
        let more = pieces.saturating_sub(held.pieces);
        if more == 0 {
            return Ok(());
        }
        let more = u32::try_from(more).map_err(|_| Failure::overloaded())?;
        let own = match (&held.share, &held.client) {
            (Some(share), _) => Some(take(&share.bodies, more)?),
            (None, Some(client)) => Some(take(&client.public_bodies, more)?),
            (None, None) => None,
        };
        let all = take(&self.coming.bodies, more)?;
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

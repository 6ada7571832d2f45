//! What one tenant may have of what there is for all: never so much that nothing is left for others.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use types::TenantId;

use super::{pieces, places};
use crate::{failure::Failure, limits::Limits};

/// Tenants that are remembered before those are forgotten who ask for nothing now.
const MANY: usize = 1000;

/// The shares of the tenants that ask for something now.
#[derive(Debug, Clone)]
pub(super) struct Shares {
    requests: usize,
    /// In pieces.
    bodies: usize,
    by_tenant: Arc<Mutex<HashMap<TenantId, Weak<Share>>>>,
}

/// A tenant's places.
#[derive(Debug)]
pub(crate) struct Share {
    requests: Arc<Semaphore>,
    pub(super) bodies: Arc<Semaphore>,
    pub(super) answers: Arc<Semaphore>,
}

impl Shares {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            requests: limits.max_requests_per_tenant,
            bodies: pieces(limits.max_bodies_mib).div_ceil(2),
            by_tenant: Arc::default(),
        }
    }

    pub(super) fn of(&self, tenant: TenantId) -> Arc<Share> {
        let mut shares = self.by_tenant.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(share) = shares.get(&tenant).and_then(Weak::upgrade) {
            return share;
        }
        if shares.len() >= MANY {
            shares.retain(|_, share| share.strong_count() > 0);
        }
        let share = Arc::new(Share {
            requests: places(self.requests),
            bodies: places(self.bodies),
            answers: places(self.bodies),
        });
        shares.insert(tenant, Arc::downgrade(&share));
        share
    }
}

impl Share {
    /// A place for a request.
    pub(super) fn enter(&self) -> Result<OwnedSemaphorePermit, Failure> {
        let place = Arc::clone(&self.requests).try_acquire_owned();
        place.map_err(|_| Failure::too_many_at_once())
    }
}

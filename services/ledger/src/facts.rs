//! What never changes about a ledger, remembered, so that a transfer need not ask for it.

use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
};

use types::{Currency, CustomerId, LedgerId, TenantId};

/// What never changes about a ledger.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Facts {
    pub(crate) customer: CustomerId,
    pub(crate) currency: Currency,
}

/// Ledgers that are remembered at most: some 30 MB. Then all are forgotten, which costs less than to
/// note who was used last: what is still needed is read again, once.
const MOST: usize = 262_144;

/// Facts of ledgers that have been read. Only of those that exist: one that does not may yet.
#[derive(Debug, Default)]
pub(crate) struct Known(RwLock<HashMap<(TenantId, LedgerId), Facts>>);

impl Known {
    pub(crate) fn get(&self, tenant: TenantId, ledger: LedgerId) -> Option<Facts> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.get(&(tenant, ledger)).copied()
    }

    pub(crate) fn put(&self, tenant: TenantId, ledger: LedgerId, facts: Facts) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.clear();
        }
        known.insert((tenant, ledger), facts);
    }
}

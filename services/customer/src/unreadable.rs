//! Customers whose rows cannot be read: told of and passed over, so that one holds up no other.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use types::{CustomerId, TenantId};

use crate::error::Error;

const PASSED_OVER: &str = "lombard_customers_passed_over_total";
/// Who is passed over again and again is told of so often.
const TOLD_EVERY: Duration = Duration::from_hours(1);
/// How many are remembered to have been told of; beyond that, all may be told of once more.
const REMEMBERED: usize = 10_000;

/// Tells of those who are passed over.
#[derive(Debug, Clone)]
pub(crate) struct PassedOver {
    told: Arc<Mutex<HashMap<(&'static str, CustomerId), Instant>>>,
}

impl PassedOver {
    pub(crate) fn new() -> Self {
        metrics::describe_counter!(PASSED_OVER, "Customers whom work passed over, by work.");
        Self { told: Arc::default() }
    }

    /// Counts that `work` was not done for a customer, and says in the log why, now and then.
    pub(crate) fn tell(
        &self,
        work: &'static str,
        (tenant, customer): (TenantId, CustomerId),
        error: &Error,
    ) {
        metrics::counter!(PASSED_OVER, "work" => work).increment(1);
        let (now, mut told) =
            (Instant::now(), self.told.lock().unwrap_or_else(PoisonError::into_inner));
        if told.len() >= REMEMBERED {
            told.clear();
        }
        let before = told.get(&(work, customer));
        if before.is_none_or(|before| now.duration_since(*before) >= TOLD_EVERY) {
            told.insert((work, customer), now);
            tracing::error!(%error, %tenant, work, "customer {customer} is passed over");
        }
    }
}

//! Who may send money, known without asking each time. The customer service vouches for its answers for
//! a moment, and answers a change only after that: so nothing that is said here outlives a change that
//! was answered. That somebody may not send is never kept: it is asked again each time.

mod lease;
mod tenant;

use std::{
    collections::{HashMap, HashSet},
    sync::{
        Arc, PoisonError, RwLock,
        atomic::{AtomicUsize, Ordering},
    },
    time::Instant,
};

use kit::{caller::Caller, client, errors};
use tokio::sync::oneshot::error::TryRecvError;
use tonic::{Code, Status};
use types::{CustomerId, TenantId};

use crate::{error::Error, peers::Customers};

pub(crate) use lease::Answer;
use tenant::{Known, Tenant, Waiting};

/// How many customers one call may name, by contract.
const BATCH: usize = 1_000;

/// How many customers are known at most, over all tenants: about 50 MB.
const MAX_CUSTOMERS: usize = 1_000_000;

/// Of how many tenants something is known at most.
const MAX_TENANTS: usize = 4_000;

/// Whether customers may send money, as far as the customer service vouches for it at this moment.
#[derive(Clone)]
pub(crate) struct Standings {
    customers: Customers,
    tenants: Arc<Tenants>,
}

#[derive(Default)]
struct Tenants {
    by_id: RwLock<HashMap<TenantId, Arc<Tenant>>>,
    /// How many customers are known of all of them.
    known: Arc<AtomicUsize>,
}

impl Standings {
    pub(crate) fn new(customers: Customers) -> Self {
        Self { customers, tenants: Arc::default() }
    }

    /// Whether a customer may send money now. One that does not exist may not.
    pub(crate) async fn may_send(
        &self,
        caller: &Caller,
        customer: CustomerId,
    ) -> Result<bool, Error> {
        let may_send = self.may_send_all(caller, &[customer]).await.map_err(errors::Error::from)?;
        Ok(may_send.contains(&customer))
    }

    /// Those of these customers who may send money now. An error is the customer service's.
    pub(crate) async fn may_send_all(
        &self,
        caller: &Caller,
        customers: &[CustomerId],
    ) -> Result<HashSet<CustomerId>, Status> {
        let tenant = self.tenants.get(caller.tenant());
        let mut may_send = HashSet::with_capacity(customers.len());
        for batch in customers.chunks(BATCH) {
            match tenant.look(batch, Instant::now()) {
                Known::Active => may_send.extend(batch),
                Known::ActiveFor(left) => {
                    // One renews; the others go on, and it does too when the lease ends.
                    if let Ok(_turn) = tenant.turn.try_lock() {
                        let renew = self.call(&tenant, caller);
                        // A failure is for them who need an answer: it is asked again then.
                        let _ = tokio::time::timeout(left, renew).await;
                    }
                    may_send.extend(batch);
                }
                Known::TooLittle => may_send.extend(self.ask(&tenant, caller, batch).await?),
            }
        }
        Ok(may_send)
    }

    /// Asks, together with everybody of the tenant who asks meanwhile.
    async fn ask(
        &self,
        tenant: &Tenant,
        caller: &Caller,
        customers: &[CustomerId],
    ) -> Result<HashSet<CustomerId>, Status> {
        loop {
            let mut told = tenant.wait_for(customers);
            let _turn = tokio::select! {
                biased;
                told = &mut told => match told {
                    Ok(answer) => return answer,
                    // Who made the call has gone.
                    Err(_) => continue,
                },
                turn = tenant.turn.lock() => turn,
            };
            // It is ours to call, until we are told: others may come first.
            loop {
                match told.try_recv() {
                    Ok(answer) => return answer,
                    Err(TryRecvError::Closed) => break,
                    Err(TryRecvError::Empty) => {
                        self.call(tenant, caller).await?;
                    }
                }
            }
        }
    }

    /// One call for all who wait. It fails only when this caller's time is over: that says nothing to the
    /// others, who call again themselves. Any other failure is told to them.
    async fn call(&self, tenant: &Tenant, caller: &Caller) -> Result<(), Status> {
        let aboard = tenant.board(BATCH);
        match self.customers.standings(caller, &Waiting::ids(&aboard)).await {
            Ok(answer) => {
                tenant.land(aboard, &answer);
                self.tenants.make_room();
                Ok(())
            }
            Err(status) if is_out_of_time(&status) => Err(status),
            Err(status) => {
                tenant.fail(aboard, &status);
                Ok(())
            }
        }
    }
}

impl Tenants {
    fn get(&self, id: TenantId) -> Arc<Tenant> {
        let found = self.by_id.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned();
        found.unwrap_or_else(|| {
            let mut by_id = self.by_id.write().unwrap_or_else(PoisonError::into_inner);
            if by_id.len() >= MAX_TENANTS {
                forget(&mut by_id, |left| left > MAX_TENANTS / 2);
            }
            let new = || Arc::new(Tenant::new(Arc::clone(&self.known)));
            Arc::clone(by_id.entry(id).or_insert_with(new))
        })
    }

    /// Forgets when too much is known.
    fn make_room(&self) {
        let known = || self.known.load(Ordering::Relaxed);
        if known() > MAX_CUSTOMERS {
            let mut by_id = self.by_id.write().unwrap_or_else(PoisonError::into_inner);
            forget(&mut by_id, |_| known() > MAX_CUSTOMERS / 2);
        }
    }
}

/// Forgets the tenants whose lease is over, or all of them where that leaves too much, so that it is not
/// to be done again soon. What is still needed is asked for again, a thousand customers at a time.
fn forget(by_id: &mut HashMap<TenantId, Arc<Tenant>>, is_too_much: impl Fn(usize) -> bool) {
    let now = Instant::now();
    by_id.retain(|_, tenant| tenant.is_vouched_for(now));
    if is_too_much(by_id.len()) {
        by_id.clear();
    }
}

/// Whether a call failed because of how long its caller can wait.
fn is_out_of_time(status: &Status) -> bool {
    matches!(status.code(), Code::DeadlineExceeded | Code::Cancelled)
        && !client::is_broken_transport(status)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_too_many_tenants_something_is_forgotten() {
        let tenants = Tenants::default();

        for _ in 0..=2 * MAX_TENANTS {
            tenants.get(TenantId::new());
        }

        assert!(tenants.by_id.read().unwrap().len() <= MAX_TENANTS);
    }

    #[test]
    fn of_too_many_customers_all_are_forgotten_where_leases_are_in_use() {
        let tenants = Tenants::default();
        let tenant = tenants.get(TenantId::new());
        let active = HashSet::from([CustomerId::new()]);
        let valid_for = std::time::Duration::from_hours(1);
        tenant.land(vec![], &Answer { sent: Instant::now(), version: 0, valid_for, active });

        tenants.make_room();
        assert_eq!(tenants.by_id.read().unwrap().len(), 1);
        tenants.known.fetch_add(MAX_CUSTOMERS, Ordering::Relaxed);
        tenants.make_room();
        assert_eq!(tenants.by_id.read().unwrap().len(), 0);
        drop(tenant);
        assert_eq!(tenants.known.load(Ordering::Relaxed), MAX_CUSTOMERS);
    }
}

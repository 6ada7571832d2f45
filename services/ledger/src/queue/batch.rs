//! What a batch of orders becomes: decided one by one, each on what those before it left. Pure.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    ops::Range,
};

use types::{TenantId, TransferId};

use crate::{
    domain::{
        account::Account,
        posting::{Posting, Refused, post},
        transfer::{Order, Transfer},
    },
    store::{accounts::Key, transfers::Recorded},
};

/// What was found about one order.
#[derive(Debug)]
pub(super) enum Verdict {
    /// It is to be posted, or recorded as declined.
    Post(Posting),
    /// It is the request of an earlier order of the batch, whose place this is.
    Same(usize),
    /// It was recorded before, for an earlier request with the same key.
    Replay(Box<Transfer>),
    /// It was recorded before, in a try of this batch whose end was not seen.
    Done(Box<Transfer>),
    Refuse(Refused),
}

/// What was recorded before.
#[derive(Debug, Default)]
pub(super) struct Past {
    by_request: HashMap<(TenantId, String), Recorded>,
    by_id: HashMap<(TenantId, TransferId), Recorded>,
    reversed: HashSet<(TenantId, TransferId)>,
}

impl Past {
    pub(super) fn add_requests(&mut self, found: Vec<Recorded>) {
        for recorded in found {
            if let Some(request) = &recorded.request {
                self.by_request.insert((recorded.tenant, request.id.clone()), recorded);
            }
        }
    }

    pub(super) fn add_transfers(&mut self, found: Vec<Recorded>) {
        let keyed = found
            .into_iter()
            .map(|recorded| ((recorded.tenant, recorded.transfer.movement.id), recorded));
        self.by_id.extend(keyed);
    }

    pub(super) fn add_reversed(&mut self, found: Vec<(TenantId, TransferId)>) {
        self.reversed.extend(found);
    }
}

/// What is to be written, and what answered.
#[derive(Debug)]
pub(super) struct Plan {
    /// One for each order.
    pub(super) verdicts: Vec<Verdict>,
    /// The accounts that change, as they are after all of the batch, in the order of their keys. Their
    /// versions are those they were read with.
    pub(super) changed: BTreeMap<Key, Account>,
}

impl Plan {
    /// Whether every order is posted: whatever was read to decide that is written, and so checked.
    pub(super) fn is_clean(&self) -> bool {
        self.verdicts.iter().all(|verdict| match verdict {
            Verdict::Post(posting) => posting.credit_balance_minor.is_some(),
            Verdict::Same(_) => true,
            Verdict::Replay(_) | Verdict::Done(_) | Verdict::Refuse(_) => false,
        })
    }
}

/// The accounts that orders touch, in the order of their keys.
pub(super) fn keys(orders: &[Order]) -> Vec<Key> {
    let mut keys: Vec<Key> = orders.iter().flat_map(touched).collect();
    keys.sort_unstable();
    keys.dedup();
    keys
}

fn touched(order: &Order) -> [Key; 2] {
    let sides = order.movement.sides;
    [(order.tenant, sides.debit()), (order.tenant, sides.credit())]
}

/// The runs of orders that touch none of these accounts.
pub(super) fn runs_without(orders: &[Order], locked: &HashSet<Key>) -> Vec<Range<usize>> {
    let mut runs: Vec<Range<usize>> = Vec::new();
    for (at, order) in orders.iter().enumerate() {
        if touched(order).iter().any(|key| locked.contains(key)) {
            continue;
        }
        let end = at.saturating_add(1);
        match runs.last_mut() {
            Some(run) if run.end == at => run.end = end,
            Some(_) | None => runs.push(at..end),
        }
    }
    runs
}

/// Decides a batch on its accounts.
pub(super) fn plan(orders: &[Order], accounts: HashMap<Key, Account>, past: &mut Past) -> Plan {
    let mut work = Work { accounts, changed: BTreeMap::new(), requests: HashMap::new() };
    let verdicts =
        orders.iter().enumerate().map(|(at, order)| work.decide(orders, at, order, past)).collect();
    Plan { verdicts, changed: work.changed }
}

struct Work<'a> {
    accounts: HashMap<Key, Account>,
    changed: BTreeMap<Key, Account>,
    /// The places of the orders that are recorded, by their requests.
    requests: HashMap<(TenantId, &'a str), usize>,
}

impl<'a> Work<'a> {
    fn decide(
        &mut self,
        orders: &[Order],
        at: usize,
        order: &'a Order,
        past: &mut Past,
    ) -> Verdict {
        if let Some(done) = past.by_id.remove(&(order.tenant, order.movement.id)) {
            return Verdict::Done(Box::new(done.transfer));
        }
        if let Some(known) = self.known(orders, order, past) {
            return known;
        }
        let reversed = order.movement.reverses.map(|id| (order.tenant, id));
        if reversed.is_some_and(|reversed| past.reversed.contains(&reversed)) {
            return Verdict::Refuse(Refused::AlreadyReversed);
        }
        match self.post(order) {
            Ok(posting) => {
                if let Some(request) = &order.request {
                    self.requests.insert((order.tenant, &request.id), at);
                }
                if posting.credit_balance_minor.is_some() {
                    past.reversed.extend(reversed);
                }
                Verdict::Post(posting)
            }
            Err(refused) => Verdict::Refuse(refused),
        }
    }

    /// The outcome of the first request with the key of this one.
    fn known(&self, orders: &[Order], order: &Order, past: &Past) -> Option<Verdict> {
        let request = order.request.as_ref()?;
        if let Some(&first) = self.requests.get(&(order.tenant, request.id.as_str())) {
            let same = orders.get(first).is_some_and(|first| first.request == order.request);
            return Some(if same {
                Verdict::Same(first)
            } else {
                Verdict::Refuse(Refused::KeyReused)
            });
        }
        let recorded = past.by_request.get(&(order.tenant, request.id.clone()))?;
        if recorded.request.as_ref() == Some(request) {
            return Some(Verdict::Replay(Box::new(recorded.transfer.clone())));
        }
        Some(Verdict::Refuse(Refused::KeyReused))
    }

    fn post(&mut self, order: &Order) -> Result<Posting, Refused> {
        let sides = order.movement.sides;
        let (debit, credit) = ((order.tenant, sides.debit()), (order.tenant, sides.credit()));
        let [Some(debited), Some(credited)] = self.accounts.get_disjoint_mut([&debit, &credit])
        else {
            return Err(Refused::NoSuchAccount);
        };
        let posting = post(order, debited, credited)?;
        self.changed.insert(debit, *debited);
        if posting.credit_balance_minor.is_some() {
            self.changed.insert(credit, *credited);
        }
        Ok(posting)
    }
}

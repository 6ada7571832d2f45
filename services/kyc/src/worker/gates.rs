//! Who may ask a provider now: not too many at a time, and nobody while it is down or wants to be left
//! alone. Counted in this process, for each tenant's provider: one tenant's wrong password or used-up
//! quota does not stop the others.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use types::TenantId;

use super::pauses::jittered;
use crate::providers::{Progress, ProviderError};

/// How soon somebody looks again who found no room.
const NO_ROOM: Duration = Duration::from_secs(1);
const OPENED: &str = "lombard_provider_circuits_opened_total";

/// How much a provider is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// Questions at a time.
    pub(super) at_a_time: usize,
    /// After so many failures, one after the other, nobody asks for a while.
    pub(super) failures: u32,
    /// For how long.
    pub(super) pause: Duration,
}

/// A tenant and the name of its provider.
pub(super) type Place = (TenantId, String);
type Shared = Arc<Mutex<Gate>>;

/// The gates of all providers.
#[derive(Debug)]
pub(super) struct Gates {
    limits: Limits,
    gates: Mutex<HashMap<Place, Shared>>,
}

#[derive(Debug, Default)]
struct Gate {
    inside: usize,
    /// Failures, one after the other.
    failures: u32,
    /// Nobody enters before.
    closed_until: Option<Instant>,
    /// One is inside to find out whether the others may follow.
    trying: bool,
}

/// The right to ask once. Dropped without [`Pass::end`], it only makes room.
#[derive(Debug)]
pub(super) struct Pass {
    limits: Limits,
    gate: Shared,
    tries: bool,
}

impl Gates {
    pub(super) fn new(limits: Limits) -> Self {
        Self { limits, gates: Mutex::default() }
    }

    /// Lets one in, or says how long to stay away.
    pub(super) fn enter(&self, tenant: TenantId, provider: &str) -> Result<Pass, Duration> {
        let gate = {
            let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(gates.entry((tenant, provider.to_owned())).or_default())
        };
        let tries = lock(&gate).enter(self.limits, Instant::now())?;
        Ok(Pass { limits: self.limits, gate, tries })
    }

    /// Where nobody is let in now: who waits there need not be looked at.
    pub(super) fn closed(&self) -> Vec<Place> {
        let now = Instant::now();
        let gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        let closed =
            gates.iter().filter(|(_, gate)| lock(gate).refuses(self.limits, now).is_some());
        closed.map(|(place, _)| place.clone()).collect()
    }
}

impl Gate {
    /// Whether the one who enters is the one who tries for all.
    fn enter(&mut self, limits: Limits, now: Instant) -> Result<bool, Duration> {
        if let Some(left) = self.refuses(limits, now) {
            return Err(left.saturating_add(jittered(NO_ROOM)));
        }
        self.trying = self.closed_until.is_some();
        self.inside = self.inside.saturating_add(1);
        Ok(self.trying)
    }

    /// For how long nobody is let in, as far as is known; none when somebody is.
    fn refuses(&self, limits: Limits, now: Instant) -> Option<Duration> {
        let left = self.closed_until.and_then(|until| until.checked_duration_since(now));
        let full = self.trying || self.inside >= limits.at_a_time;
        left.filter(|left| !left.is_zero()).or(full.then_some(Duration::ZERO))
    }

    fn leave(&mut self, tried: bool) {
        self.inside = self.inside.saturating_sub(1);
        if tried {
            self.trying = false;
        }
    }

    /// Whether the gate closes because of it.
    fn learn(
        &mut self,
        answer: &Result<Progress, ProviderError>,
        limits: Limits,
        now: Instant,
    ) -> bool {
        let pause = match answer {
            Ok(_) | Err(ProviderError::Permanent(_)) => {
                self.failures = 0;
                self.closed_until = None;
                return false;
            }
            Err(ProviderError::Hold { pause, .. }) => *pause,
            Err(ProviderError::Transient(_)) => {
                self.failures = self.failures.saturating_add(1);
                if self.failures < limits.failures {
                    return false;
                }
                limits.pause
            }
        };
        let until = now.checked_add(pause);
        self.closed_until = self.closed_until.max(until);
        true
    }
}

impl Pass {
    /// What the provider answered decides who may ask next.
    pub(super) fn end(self, provider: &str, answer: &Result<Progress, ProviderError>) {
        if lock(&self.gate).learn(answer, self.limits, Instant::now()) {
            metrics::counter!(OPENED, "provider" => provider.to_owned()).increment(1);
            tracing::warn!(provider, "nobody asks {provider} for a while");
        }
    }
}

impl Drop for Pass {
    fn drop(&mut self) {
        lock(&self.gate).leave(self.tries);
    }
}

fn lock(gate: &Mutex<Gate>) -> std::sync::MutexGuard<'_, Gate> {
    gate.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Outcome;

    const LIMITS: Limits = Limits { at_a_time: 2, failures: 3, pause: Duration::from_secs(30) };

    const ANSWERED: Result<Progress, ProviderError> = Ok(Progress::Decided(Outcome::Verified));

    fn failed() -> Result<Progress, ProviderError> {
        Err(ProviderError::Transient("down".to_owned()))
    }

    fn ask(gate: &mut Gate, answer: &Result<Progress, ProviderError>, now: Instant) {
        let tried = gate.enter(LIMITS, now).unwrap();
        gate.learn(answer, LIMITS, now);
        gate.leave(tried);
    }

    #[test]
    fn no_more_than_so_many_are_inside() {
        let (mut gate, now) = (Gate::default(), Instant::now());

        let entered = [0; 3].map(|_| gate.enter(LIMITS, now).is_ok());
        gate.leave(false);

        assert_eq!(entered, [true, true, false]);
        assert!(gate.enter(LIMITS, now).is_ok());
    }

    #[test]
    fn failures_one_after_the_other_close_it_and_one_try_opens_it_again() {
        let (mut gate, now) = (Gate::default(), Instant::now());
        for answer in [failed(), failed(), ANSWERED, failed(), failed(), failed()] {
            ask(&mut gate, &answer, now);
        }

        let closed = gate.enter(LIMITS, now);
        let later = now.checked_add(LIMITS.pause).unwrap();
        let tries = gate.enter(LIMITS, later);
        let meanwhile = gate.enter(LIMITS, later);
        gate.learn(&ANSWERED, LIMITS, later);
        gate.leave(true);

        assert!(closed.unwrap_err() >= LIMITS.pause);
        assert_eq!(tries, Ok(true));
        assert!(meanwhile.is_err());
        assert_eq!(gate.enter(LIMITS, later), Ok(false));
    }

    #[test]
    fn a_try_that_fails_closes_it_again() {
        let (mut gate, now) = (Gate::default(), Instant::now());
        for _ in 0..3 {
            ask(&mut gate, &failed(), now);
        }
        let later = now.checked_add(LIMITS.pause).unwrap();

        ask(&mut gate, &failed(), later);

        assert!(gate.enter(LIMITS, later).unwrap_err() >= LIMITS.pause);
    }

    #[test]
    fn who_asks_to_be_left_alone_is_left_alone_at_once() {
        let (mut gate, now) = (Gate::default(), Instant::now());
        let pause = Duration::from_secs(7);

        ask(&mut gate, &Err(ProviderError::Hold { why: "429".to_owned(), pause }), now);

        assert!(gate.enter(LIMITS, now).unwrap_err() >= pause);
        assert!(gate.enter(LIMITS, now.checked_add(pause).unwrap()).is_ok());
    }

    #[test]
    fn who_would_not_be_let_in_is_known_beforehand() {
        let gates = Gates::new(Limits { at_a_time: 1, failures: 1, ..LIMITS });
        let (full, down, open) = (TenantId::new(), TenantId::new(), TenantId::new());

        let inside = gates.enter(full, "gbg_go").unwrap();
        gates.enter(down, "gbg_go").unwrap().end("gbg_go", &failed());
        gates.enter(open, "gbg_go").unwrap().end("gbg_go", &ANSWERED);
        let mut closed = gates.closed();
        drop(inside);

        closed.sort();
        let mut both = [(full, "gbg_go".to_owned()), (down, "gbg_go".to_owned())];
        both.sort();
        assert_eq!(closed, both);
        assert_eq!(gates.closed(), [(down, "gbg_go".to_owned())]);
    }

    #[test]
    fn tenants_do_not_stand_in_each_other_s_way() {
        let gates = Gates::new(Limits { failures: 1, ..LIMITS });
        let (one, other) = (TenantId::new(), TenantId::new());

        gates.enter(one, "gbg_go").unwrap().end("gbg_go", &failed());

        assert!(gates.enter(one, "gbg_go").is_err());
        assert!(gates.enter(other, "gbg_go").is_ok());
    }
}

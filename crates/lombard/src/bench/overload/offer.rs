//! Requests that are made when their time has come, whatever became of those before.

#![expect(clippy::float_arithmetic, reason = "rates, no money")]

use std::{
    collections::BTreeMap,
    thread,
    time::{Duration, Instant},
};

use anyhow::Context;
use tokio::{
    runtime::Builder,
    sync::oneshot,
    task::{JoinSet, LocalSet},
    time::{MissedTickBehavior, interval},
};

/// How much, for how long.
#[derive(Debug, Clone, Copy)]
pub(super) struct Offer {
    pub(super) per_second: f64,
    pub(super) lasts: Duration,
}

/// What became of one request.
#[derive(Debug)]
pub(super) enum Reply {
    Accepted,
    /// With which code, and whether it was told when to come again.
    Refused(String, bool),
}

/// Somebody who asks.
pub(super) trait Ask: Clone + 'static {
    /// Asks once. An error is an answer that nobody should get.
    async fn ask(&self) -> anyhow::Result<Reply>;

    /// How many may be on their way at once: connections have their limits, too.
    const AT_ONCE: usize;
}

/// What became of an offer.
#[derive(Debug, Default)]
pub(super) struct Seen {
    pub(super) offered: u64,
    /// Of those, how many were made: what the machine, and connections, had room for.
    pub(super) sent: u64,
    /// In microseconds, of each that was accepted; sorted.
    pub(super) accepted_us: Vec<u32>,
    pub(super) refused: BTreeMap<String, u64>,
    /// Refusals that did not say when to come again.
    pub(super) untold: u64,
    pub(super) failed: BTreeMap<String, u64>,
    pub(super) lasted: Duration,
}

impl Seen {
    fn add(&mut self, (took, reply): (Duration, anyhow::Result<Reply>)) {
        let count = match reply {
            Ok(Reply::Accepted) => {
                return self.accepted_us.push(u32::try_from(took.as_micros()).unwrap_or(u32::MAX));
            }
            Ok(Reply::Refused(code, told)) => {
                self.untold = self.untold.saturating_add(u64::from(!told));
                self.refused.entry(code).or_default()
            }
            Err(error) => self.failed.entry(format!("{error:#}")).or_default(),
        };
        *count = count.saturating_add(1);
    }
}

/// Makes the offer on a thread of its own.
pub(super) async fn make<A: Ask>(
    offer: Offer,
    client: impl FnOnce() -> anyhow::Result<A> + Send + 'static,
) -> anyhow::Result<Seen> {
    let (tell, told) = oneshot::channel();
    thread::Builder::new().name("offer".to_owned()).spawn(move || {
        let made = Builder::new_current_thread().enable_all().build().map_err(Into::into);
        let made = made.and_then(|runtime| {
            LocalSet::new().block_on(&runtime, async { Ok(asked(offer, client()?).await) })
        });
        // Nobody listens any more when the run was interrupted.
        let _ = tell.send(made);
    })?;
    told.await.context("the offer has panicked")?
}

async fn asked<A: Ask>(offer: Offer, client: A) -> Seen {
    let mut seen = Seen::default();
    let mut asking = JoinSet::new();
    let mut ticks = interval(Duration::from_millis(1));
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let began = Instant::now();
    while began.elapsed() < offer.lasts {
        tokio::select! {
            _ = ticks.tick() => {
                let due = due(offer.per_second, began.elapsed());
                while seen.offered < due {
                    seen.offered = seen.offered.saturating_add(1);
                    if asking.len() < A::AT_ONCE {
                        seen.sent = seen.sent.saturating_add(1);
                        asking.spawn_local(timed(client.clone()));
                    }
                }
            }
            Some(Ok(reply)) = asking.join_next() => seen.add(reply),
        }
    }
    seen.lasted = began.elapsed();
    while let Some(replied) = asking.join_next().await {
        if let Ok(reply) = replied {
            seen.add(reply);
        }
    }
    seen.accepted_us.sort_unstable();
    seen
}

/// How many should have been asked by now.
fn due(per_second: f64, elapsed: Duration) -> u64 {
    let due = Duration::from_secs_f64(per_second * elapsed.as_secs_f64() / 1000.0);
    u64::try_from(due.as_millis()).unwrap_or(u64::MAX)
}

async fn timed<A: Ask>(client: A) -> (Duration, anyhow::Result<Reply>) {
    let begin = Instant::now();
    let reply = client.ask().await;
    (begin.elapsed(), reply)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Clone)]
    struct Slow;

    impl Ask for Slow {
        const AT_ONCE: usize = 3;

        async fn ask(&self) -> anyhow::Result<Reply> {
            std::future::pending::<()>().await;
            Ok(Reply::Accepted)
        }
    }

    #[tokio::test]
    async fn what_is_due_is_offered_though_nobody_answers() {
        let offer = Offer { per_second: 500.0, lasts: Duration::from_millis(200) };

        let begun = LocalSet::new();
        let waiting = begun.run_until(async {
            tokio::time::timeout(Duration::from_secs(1), asked(offer, Slow)).await
        });

        assert!(waiting.await.is_err(), "those that were sent are waited for");
        assert_eq!(due(500.0, Duration::from_millis(200)), 100);
    }
}

//! A load: some clients on a thread of their own, each of which asks again as soon as it is answered.
//!
//! One thread, because a core that the client takes is a core that the platform does not have.

#![expect(clippy::float_arithmetic, reason = "rates and latencies, no money")]

use std::{
    thread,
    time::{Duration, Instant},
};

use anyhow::Context;
use tokio::{
    runtime::Builder,
    sync::oneshot,
    task::{JoinSet, LocalSet},
};

/// What one client does over and over.
pub(super) trait Work: 'static {
    /// Does it once, and says how many times that counts. An error ends the measurement.
    async fn once(&mut self) -> anyhow::Result<u32>;
}

/// How long to measure, after how long of the same unmeasured.
#[derive(Debug, Clone, Copy)]
pub(super) struct Timing {
    pub(super) warm_up: Duration,
    pub(super) lasts: Duration,
}

/// What was measured.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sample {
    pub(super) per_second: f64,
    pub(super) mean_ms: f64,
    /// Median and 99th percentile, where each latency is known.
    pub(super) percentiles: Option<Percentiles>,
}

/// Of latencies, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Percentiles {
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
}

/// Runs the clients that `start` makes, in a runtime of their own.
pub(super) async fn measure<W: Work>(
    timing: Timing,
    start: impl FnOnce() -> anyhow::Result<Vec<W>> + Send + 'static,
) -> anyhow::Result<Sample> {
    let (tell, told) = oneshot::channel();
    thread::Builder::new().name("load".to_owned()).spawn(move || {
        // Nobody listens any more when the run was interrupted.
        let _ = tell.send(in_own_runtime(timing, start));
    })?;
    told.await.context("the load has panicked")?
}

fn in_own_runtime<W: Work>(
    timing: Timing,
    start: impl FnOnce() -> anyhow::Result<Vec<W>>,
) -> anyhow::Result<Sample> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    LocalSet::new().block_on(&runtime, async {
        let workers = start()?;
        let began = Instant::now();
        let mut running = JoinSet::new();
        for worker in workers {
            running.spawn_local(repeat(worker, began, timing));
        }
        let mut all = Tally::default();
        while let Some(done) = running.join_next().await {
            all.add(done??);
        }
        all.sample(timing.lasts)
    })
}

/// What a client has seen, or all of them.
#[derive(Default)]
struct Tally {
    count: u64,
    latencies_us: Vec<u32>,
}

impl Tally {
    fn add(&mut self, mut other: Self) {
        self.count = self.count.saturating_add(other.count);
        self.latencies_us.append(&mut other.latencies_us);
    }

    fn sample(mut self, lasts: Duration) -> anyhow::Result<Sample> {
        let latencies = &mut self.latencies_us;
        latencies.sort_unstable();
        let answers = u32::try_from(latencies.len())?;
        let sum_us: f64 = latencies.iter().copied().map(f64::from).sum();
        let p50_ms = percentile_ms(latencies, 50).context("nothing was answered in time")?;
        let p99_ms = percentile_ms(latencies, 99).context("nothing was answered in time")?;
        Ok(Sample {
            per_second: f64::from(u32::try_from(self.count)?) / lasts.as_secs_f64(),
            mean_ms: sum_us / f64::from(answers) / 1000.0,
            percentiles: Some(Percentiles { p50_ms, p99_ms }),
        })
    }
}

/// The smallest of the sorted latencies that so many in a hundred do not exceed.
pub(super) fn percentile_ms(sorted_us: &[u32], percent: usize) -> Option<f64> {
    let rank = sorted_us.len().checked_mul(percent)?.div_ceil(100);
    Some(f64::from(*sorted_us.get(rank.checked_sub(1)?)?) / 1000.0)
}

/// Counts what is answered between the end of the warm-up and the end.
async fn repeat<W: Work>(mut worker: W, began: Instant, timing: Timing) -> anyhow::Result<Tally> {
    let mut tally = Tally::default();
    loop {
        let asked = Instant::now();
        let count = worker.once().await?;
        let answered = Instant::now();
        let since = answered.duration_since(began);
        if since >= timing.warm_up.saturating_add(timing.lasts) {
            return Ok(tally);
        }
        if since >= timing.warm_up {
            let latency_us = answered.duration_since(asked).as_micros();
            tally.latencies_us.push(u32::try_from(latency_us).unwrap_or(u32::MAX));
            tally.count = tally.count.saturating_add(u64::from(count));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Sleeper;

    impl Work for Sleeper {
        async fn once(&mut self) -> anyhow::Result<u32> {
            tokio::time::sleep(Duration::from_millis(10)).await;
            Ok(100)
        }
    }

    #[tokio::test]
    async fn what_is_answered_is_counted_as_often_as_it_counts() {
        let timing =
            Timing { warm_up: Duration::from_millis(50), lasts: Duration::from_millis(500) };

        let sample = measure(timing, || Ok(vec![Sleeper, Sleeper])).await.unwrap();

        // Two clients, each at most a hundred times a second; a busy machine is slower.
        assert!((1000.0..=20_400.0).contains(&sample.per_second), "{sample:?}");
        assert!(sample.percentiles.unwrap().p50_ms >= 10.0, "{sample:?}");
    }

    #[test]
    fn a_percentile_is_one_of_the_latencies() {
        let latencies: Vec<u32> = (1..=200).map(|n| n * 1000).collect();

        let found = [50, 99, 100].map(|percent| percentile_ms(&latencies, percent));

        assert_eq!(found, [Some(100.0), Some(198.0), Some(200.0)]);
        assert_eq!(percentile_ms(&[], 50), None);
    }
}

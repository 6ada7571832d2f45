//! What is told of an overload.

#![expect(clippy::float_arithmetic, reason = "rates and shares, no money")]

use serde_json::{Value, json};

use super::{
    super::load::{Sample, percentile_ms},
    offer::Seen,
};

/// What came out, offer by offer.
#[derive(Debug)]
pub(in super::super) struct Overload(pub(super) Vec<Told>);

/// What became of one offer.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) name: &'static str,
    /// What is accepted from clients that wait.
    pub(super) alone: Sample,
    /// How many each second the tenant may make, where it has a rate.
    pub(super) limit_per_s: Option<f64>,
    pub(super) seen: Seen,
    /// Before, at most, and after it.
    pub(super) memory_mib: [u64; 3],
}

impl Overload {
    /// Every refusal says when to come again, and nobody gets another answer.
    pub(in super::super) fn passes(&self) -> bool {
        self.0.iter().all(|told| {
            let Seen { accepted_us, untold, failed, .. } = &told.seen;
            !accepted_us.is_empty() && *untold == 0 && failed.is_empty()
        })
    }

    /// For people.
    pub(in super::super) fn text(&self) -> String {
        let verdict = if self.passes() { "PASS" } else { "MISS" };
        let mut text = format!("{verdict}  overload: ten times as much as is accepted\n");
        self.0.iter().for_each(|told| text.push_str(&told.text()));
        text
    }

    /// For machines.
    pub(in super::super) fn json(&self) -> Value {
        let offers: Vec<_> = self.0.iter().map(Told::json).collect();
        let verdict = if self.passes() { "PASS" } else { "MISS" };
        json!({"name": "overload", "verdict": verdict, "offers": offers})
    }
}

impl Told {
    fn per_second(&self, count: u64) -> f64 {
        f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / self.seen.lasted.as_secs_f64()
    }

    fn accepted(&self) -> f64 {
        self.per_second(u64::try_from(self.seen.accepted_us.len()).unwrap_or(u64::MAX))
    }

    fn percentile_ms(&self, percent: usize) -> f64 {
        percentile_ms(&self.seen.accepted_us, percent).unwrap_or(f64::NAN)
    }

    fn text(&self) -> String {
        let Self { name, alone, limit_per_s, seen, memory_mib: [before, peak, after] } = self;
        let Sample { per_second, percentiles, .. } = alone;
        let alone = percentiles.map_or_else(String::new, |of| {
            format!(", p50 {:.1} ms, p99 {:.1} ms", of.p50_ms, of.p99_ms)
        });
        let limit = limit_per_s.map_or_else(String::new, |it| format!("; allowed {it:.0}/s"));
        let sent = self.per_second(seen.sent);
        let share = |count: &u64| 100.0 * self.per_second(*count) / sent;
        let counts = |counts: &std::collections::BTreeMap<String, u64>| {
            let each = counts.iter().map(|(code, count)| format!(" {code} {:.1}%", share(count)));
            each.collect::<String>()
        };
        format!(
            "      {name}: {per_second:.0}/s accepted of clients that wait{alone}{limit}\n        \
             offered {:.0}/s, sent {sent:.0}/s, accepted {:.0}/s, p50 {:.1} ms, p99 {:.1} ms\n        \
             refused{}, of which {} without a time to come again; other answers:{} \n        \
             memory {before} MiB before, {peak} MiB at most, {after} MiB after\n",
            self.per_second(seen.offered),
            self.accepted(),
            self.percentile_ms(50),
            self.percentile_ms(99),
            counts(&seen.refused),
            seen.untold,
            if seen.failed.is_empty() { " none".to_owned() } else { counts(&seen.failed) },
        )
    }

    fn json(&self) -> Value {
        let Self { name, alone, limit_per_s, seen, memory_mib } = self;
        json!({
            "name": name,
            "accepted_of_clients_that_wait_per_s": alone.per_second,
            "allowed_per_s": limit_per_s,
            "offered_per_s": self.per_second(seen.offered),
            "sent_per_s": self.per_second(seen.sent),
            "accepted_per_s": self.accepted(),
            "p50_ms": self.percentile_ms(50),
            "p99_ms": self.percentile_ms(99),
            "refused": seen.refused,
            "refused_without_a_time": seen.untold,
            "failed": seen.failed,
            "memory_mib": memory_mib,
        })
    }
}

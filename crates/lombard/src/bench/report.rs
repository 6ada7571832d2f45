//! What the rounds come to, for people and for machines.

#![expect(clippy::float_arithmetic, reason = "ratios of rates and latencies, no money")]

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{
    load::{Percentiles, Sample},
    rows::{Row, Wanted},
};

/// The rounds of one row.
#[derive(Debug)]
pub(super) struct Results {
    pub(super) row: Row,
    /// Ours and what it is compared with, measured one right after the other.
    pub(super) pairs: Vec<(Sample, Sample)>,
    /// Why it was not measured, or not to the end.
    pub(super) obstacle: Option<Obstacle>,
}

/// What stood in the way of a measurement.
#[derive(Debug)]
pub(super) enum Obstacle {
    /// Something that it needs is not on this machine, or is not wanted.
    Missing(String),
    /// It was tried.
    Failed(String),
}

impl Results {
    /// The median of the rounds' ratios; none when they were not all measured.
    fn ratio(&self) -> Option<f64> {
        if self.obstacle.is_none() { median(self.ratios()) } else { None }
    }

    fn ratios(&self) -> Vec<f64> {
        let figure = |sample: &Sample| match self.row.wanted {
            Wanted::RateAtLeast(_) => Some(sample.per_second),
            Wanted::P99AtMost(_) => sample.percentiles.map(|known| known.p99_ms),
        };
        let ratio = |(ours, against): &(Sample, Sample)| Some(figure(ours)? / figure(against)?);
        self.pairs.iter().filter_map(ratio).collect()
    }

    /// Whether the table is kept. None when it was not measured.
    pub(super) fn passes(&self) -> Option<bool> {
        let ratio = self.ratio()?;
        Some(match self.row.wanted {
            Wanted::RateAtLeast(least) => ratio >= least,
            Wanted::P99AtMost(most) => ratio <= most,
        })
    }

    /// Whether it was tried in vain.
    pub(super) fn has_failed(&self) -> bool {
        matches!(self.obstacle, Some(Obstacle::Failed(_)))
    }

    fn reason(&self) -> &str {
        match &self.obstacle {
            Some(Obstacle::Missing(reason) | Obstacle::Failed(reason)) => reason,
            None => "not measured",
        }
    }

    /// The last round's ratio and rates, for whoever watches.
    pub(super) fn newest(&self) -> String {
        let Some(((ours, against), ratio)) = self.pairs.last().zip(self.ratios().pop()) else {
            return String::new();
        };
        let (ours, against) = (side_text(Some(ours)), side_text(Some(against)));
        format!("    {ratio:.2}\n    {ours}\n    {against}")
    }

    fn verdict(&self) -> &'static str {
        match self.passes() {
            Some(true) => "PASS",
            Some(false) => "MISS",
            None if self.has_failed() => "FAIL",
            None => "SKIP",
        }
    }

    /// For people: the ratio, and below it what was divided by what.
    pub(super) fn text(&self) -> String {
        let (name, title, verdict) = (self.row.name, self.row.title, self.verdict());
        let mut text = format!("{verdict}  {name}: {title}\n");
        let Some(ratio) = self.ratio() else {
            let _ = writeln!(text, "      {}", self.reason());
            return text;
        };
        let ratios = self.ratios();
        let least = ratios.iter().copied().fold(f64::INFINITY, f64::min);
        let most = ratios.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let wanted = match self.row.wanted {
            Wanted::RateAtLeast(least) => format!("at least {least}"),
            Wanted::P99AtMost(most) => format!("at most {most}"),
        };
        let _ = writeln!(text, "      {ratio:.2} ({least:.2} to {most:.2}), wanted {wanted}");
        for (word, side) in [("ours", self.ours()), ("against", self.against())] {
            let _ = writeln!(text, "      {word:<7} {}", side_text(side.as_ref()));
        }
        text
    }

    /// For machines.
    pub(super) fn json(&self) -> Value {
        let (wanted, bound) = match self.row.wanted {
            Wanted::RateAtLeast(least) => ("rate_at_least", least),
            Wanted::P99AtMost(most) => ("p99_at_most", most),
        };
        json!({
            "name": self.row.name,
            "title": self.row.title,
            "verdict": self.verdict(),
            "obstacle": self.obstacle.as_ref().map(|_| self.reason()),
            "ratio": self.ratio(),
            "ratios": self.ratios(),
            wanted: bound,
            "ours": self.ours().as_ref().map(side_json),
            "against": self.against().as_ref().map(side_json),
        })
    }

    fn ours(&self) -> Option<Sample> {
        medians(&self.pairs.iter().map(|(ours, _)| *ours).collect::<Vec<_>>())
    }

    fn against(&self) -> Option<Sample> {
        medians(&self.pairs.iter().map(|(_, against)| *against).collect::<Vec<_>>())
    }
}

/// Each figure's median; they may be of different rounds.
fn medians(samples: &[Sample]) -> Option<Sample> {
    let known: Vec<Percentiles> = samples.iter().filter_map(|sample| sample.percentiles).collect();
    let p50_ms = median(known.iter().map(|known| known.p50_ms).collect());
    let p99_ms = median(known.iter().map(|known| known.p99_ms).collect());
    Some(Sample {
        per_second: median(samples.iter().map(|sample| sample.per_second).collect())?,
        mean_ms: median(samples.iter().map(|sample| sample.mean_ms).collect())?,
        percentiles: p50_ms.zip(p99_ms).map(|(p50_ms, p99_ms)| Percentiles { p50_ms, p99_ms }),
    })
}

fn median(mut figures: Vec<f64>) -> Option<f64> {
    figures.sort_by(f64::total_cmp);
    let middle = figures.len().checked_sub(1)?.div_euclid(2);
    let (low, high) = (figures.get(middle)?, figures.get(figures.len().div_euclid(2))?);
    Some(f64::midpoint(*low, *high))
}

fn side_text(side: Option<&Sample>) -> String {
    let Some(Sample { per_second, mean_ms, percentiles }) = side else { return String::new() };
    let mut text = format!("{per_second:>9.0}/s  mean {mean_ms:.2} ms");
    if let Some(Percentiles { p50_ms, p99_ms }) = percentiles {
        let _ = write!(text, "  p50 {p50_ms:.2} ms  p99 {p99_ms:.2} ms");
    }
    text
}

fn side_json(side: &Sample) -> Value {
    json!({
        "per_second": side.per_second,
        "mean_ms": side.mean_ms,
        "p50_ms": side.percentiles.map(|known| known.p50_ms),
        "p99_ms": side.percentiles.map(|known| known.p99_ms),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_is_between_the_two_in_the_middle() {
        assert_eq!(median(vec![]), None);
        assert_eq!(median(vec![3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(vec![4.0, 1.0, 2.0, 9.0]), Some(3.0));
    }
}

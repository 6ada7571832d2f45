//! What the checks have found, for people and for machines.

use std::fmt::Write as _;

use ledger::verify::{Check, Report, Seals};
use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// A table, what breaks a rule, and the root to keep.
pub(super) fn text(report: &Report) -> String {
    let mut text = format!(
        "{:<21}{:>13}{:>11}{:>9}  what is always true\n",
        "check", "checked", "broken", "seconds"
    );
    for check in &report.checks {
        // Writing to a text cannot fail.
        let _ = writeln!(
            text,
            "{:<21}{:>13}{:>11}{:>9}  {}",
            check.name,
            grouped(check.checked),
            grouped(check.violations),
            check.elapsed.map(seconds).unwrap_or_default(),
            check.rule
        );
    }
    for check in report.checks.iter().filter(|check| !check.holds()) {
        broken(&mut text, check);
    }
    let Seals { root, count, until } = &report.seals;
    let (at, all) = (time(report.snapshot_time), seconds(report.elapsed));
    let _ = write!(
        text,
        "\nroot {root}\nover {} seals, until {}: keep both elsewhere\n\n{} as of {at}, in {all} s\n",
        grouped(*count),
        time(*until),
        if report.is_sound() { "sound" } else { "NOT SOUND" },
    );
    text
}

fn broken(text: &mut String, check: &Check) {
    let _ = writeln!(text, "\n{} is broken by", check.name);
    for offender in &check.offenders {
        let _ = writeln!(text, "  {offender}");
    }
    let named = u64::try_from(check.offenders.len()).unwrap_or(u64::MAX);
    let more = check.violations.saturating_sub(named);
    if more > 0 {
        let _ = writeln!(text, "  and {} more", grouped(more));
    }
}

/// The same as JSON.
pub(super) fn json(report: &Report) -> Value {
    let checks: Vec<Value> = report.checks.iter().map(check).collect();
    let Seals { root, count, until } = &report.seals;
    json!({
        "sound": report.is_sound(),
        "snapshot_time": time(report.snapshot_time),
        "elapsed_ms": millis(report.elapsed),
        "checks": checks,
        "seals": {"root": root, "count": count, "until": time(*until)},
    })
}

fn check(check: &Check) -> Value {
    json!({
        "name": check.name,
        "rule": check.rule,
        "checked": check.checked,
        "violations": check.violations,
        "offenders": check.offenders,
        // Null: in one pass with the check before.
        "elapsed_ms": check.elapsed.map(millis),
    })
}

fn time(time: OffsetDateTime) -> String {
    time.format(&Rfc3339).unwrap_or_else(|_| time.to_string())
}

fn millis(elapsed: std::time::Duration) -> u64 {
    u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
}

fn seconds(elapsed: std::time::Duration) -> String {
    format!("{}.{}", elapsed.as_secs(), elapsed.subsec_millis() / 100)
}

/// With a comma before each three digits.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (left, digit) in (0..digits.len()).rev().zip(digits.chars()) {
        text.push(digit);
        if left > 0 && left.is_multiple_of(3) {
            text.push(',');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped_by_threes() {
        let numbers = [0, 999, 1_000, 12_345, 1_234_567].map(grouped);

        assert_eq!(numbers, ["0", "999", "1,000", "12,345", "1,234,567"]);
    }
}

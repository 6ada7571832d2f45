//! What was found.

use std::time::Duration;

use time::OffsetDateTime;

/// How many of those that break a rule are named.
const NAMED: usize = 20;

/// One rule of the books, and what breaks it.
#[derive(Debug, Clone)]
pub struct Check {
    /// What programs know it by.
    pub name: &'static str,
    /// What must be true.
    pub rule: &'static str,
    /// How many rows were checked.
    pub checked: u64,
    /// How many of them break the rule.
    pub violations: u64,
    /// The first twenty of those: tenant, account, and what else names one, with slashes between.
    pub offenders: Vec<String>,
    /// How long it took; none when it was checked in one pass with the check before.
    pub elapsed: Option<Duration>,
}

impl Check {
    pub(super) fn new(name: &'static str, rule: &'static str, checked: i64) -> Self {
        let checked = u64::try_from(checked).unwrap_or_default();
        Self { name, rule, checked, violations: 0, offenders: Vec::new(), elapsed: None }
    }

    /// Whether nothing breaks the rule.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.violations == 0
    }

    pub(super) fn is_broken_by(&mut self, offender: &str) {
        self.violations = self.violations.saturating_add(1);
        if self.offenders.len() < NAMED {
            self.offenders.push(offender.to_owned());
        }
    }

    pub(super) fn took(mut self, elapsed: Duration) -> Self {
        self.elapsed = Some(elapsed);
        self
    }
}

/// All seals, as one number: kept elsewhere, it makes evident when some are removed or made anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seals {
    /// The root, in hexadecimal digits.
    pub root: String,
    /// How many seals it is over.
    pub count: u64,
    /// Those that were made until then.
    pub until: OffsetDateTime,
}

/// What a check of the whole database has found.
#[derive(Debug, Clone)]
pub struct Report {
    /// Every rule, whether it holds or not.
    pub checks: Vec<Check>,
    /// The root over the seals.
    pub seals: Seals,
    /// By the database's clock; what was committed later was not looked at.
    pub snapshot_time: OffsetDateTime,
    /// How long all of it took.
    pub elapsed: Duration,
}

impl Report {
    /// Whether every rule holds.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.checks.iter().all(Check::holds)
    }

    /// The check with a name.
    #[must_use]
    pub fn check(&self, name: &str) -> Option<&Check> {
        self.checks.iter().find(|check| check.name == name)
    }
}

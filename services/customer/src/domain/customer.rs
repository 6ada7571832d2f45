//! A customer and what can happen to it.

use kit::{audit::DigestKey, errors::Violations};
use time::OffsetDateTime;
use types::CustomerId;

use super::{Change, Details, Draft, MustKeep, Report, Retention, Verification};

/// A person or company whom a tenant serves.
#[derive(Debug, Clone)]
pub(crate) struct Customer {
    pub(crate) id: CustomerId,
    pub(crate) details: Details,
    /// Goes up with every change of what a verification is about.
    pub(crate) details_version: i64,
    pub(crate) active: bool,
    pub(crate) verification: Verification,
    pub(crate) retention: Retention,
    /// What digests of it in the audit log are keyed with.
    pub(crate) audit_key: DigestKey,
    pub(crate) create_time: OffsetDateTime,
    pub(crate) update_time: OffsetDateTime,
}

/// Whether something was changed, or was so already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Made {
    Change,
    Nothing,
}

impl Customer {
    /// Puts a customer on record, active and unverified.
    pub(crate) fn new(details: Details, now: OffsetDateTime) -> Self {
        Self {
            id: CustomerId::new(),
            details,
            details_version: 1,
            active: true,
            verification: Verification::NONE,
            retention: Retention::default(),
            audit_key: DigestKey::generate(),
            create_time: now,
            update_time: now,
        }
    }

    /// Makes a change, whole or not at all. What is wrong with it is added to `bad`, and then nothing
    /// is changed.
    pub(crate) fn update(
        &mut self,
        change: &Change,
        now: OffsetDateTime,
        bad: &mut Violations,
    ) -> Made {
        let mut draft = Draft::from(&self.details);
        draft.apply(change, now.date(), bad);
        let Some(details) = draft.complete(Some(self.details.customer_type()), bad) else {
            return Made::Nothing;
        };
        let active = change.active.unwrap_or(self.active);
        if !bad.is_empty() || (details == self.details && active == self.active) {
            return Made::Nothing;
        }
        if !details.is_same_identity(&self.details) {
            self.details_version = self.details_version.saturating_add(1);
            self.verification = Verification::NONE;
        }
        if active {
            // With who is served again the relationship goes on.
            self.retention.relationship_ended_at = None;
        }
        self.details = details;
        self.active = active;
        self.update_time = now;
        Made::Change
    }

    /// Lets go of all that tells who the customer is, where nothing wants it kept.
    pub(crate) fn erase(&mut self, now: OffsetDateTime) -> Result<Made, MustKeep> {
        if self.is_erased() {
            return Ok(Made::Nothing);
        }
        self.retention.check(now)?;
        self.details = self.details.erased();
        // What digests of the data say goes with it.
        self.audit_key = DigestKey::generate();
        self.retention.erased_at = Some(now);
        self.update_time = now;
        Ok(Made::Change)
    }

    pub(crate) fn is_erased(&self) -> bool {
        self.retention.erased_at.is_some()
    }

    /// Takes note of how far a verification has come. A report about earlier details, or one that is
    /// older than what was reported already, changes nothing.
    pub(crate) fn record(&mut self, report: &Report, now: OffsetDateTime) -> Made {
        let after = self.verification.after(report);
        let is_of_others = report.details_version != self.details_version || self.is_erased();
        if is_of_others || after == self.verification {
            return Made::Nothing;
        }
        self.verification = after;
        self.update_time = now;
        Made::Change
    }
}

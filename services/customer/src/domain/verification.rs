//! What a customer's record keeps of the establishing of its identity.

use types::VerificationId;

/// Where the attempt that counts for the present details stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum VerificationStatus {
    Unverified,
    Pending,
    InReview,
    Verified,
    ResubmissionRequired,
    Rejected,
    Expired,
    Error,
}

impl VerificationStatus {
    const ALL: [Self; 8] = [
        Self::Unverified,
        Self::Pending,
        Self::InReview,
        Self::Verified,
        Self::ResubmissionRequired,
        Self::Rejected,
        Self::Expired,
        Self::Error,
    ];

    /// As the database has it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Unverified => "unverified",
            Self::Pending => "pending",
            Self::InReview => "in_review",
            Self::Verified => "verified",
            Self::ResubmissionRequired => "resubmission_required",
            Self::Rejected => "rejected",
            Self::Expired => "expired",
            Self::Error => "error",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }
}

/// How far one verification has come, as the KYC service tells it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Report {
    /// The version of the details that the verification is about.
    pub(crate) details_version: i64,
    pub(crate) verification: VerificationId,
    /// The number of the verification's transition.
    pub(crate) version: i64,
    pub(crate) status: VerificationStatus,
}

/// The verification state of one version of a customer's details.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Verification {
    pub(crate) status: VerificationStatus,
    /// The verification reported last, and the number of its transition.
    pub(crate) latest: Option<(VerificationId, i64)>,
}

impl Verification {
    /// Nothing is known.
    pub(crate) const NONE: Self = Self { status: VerificationStatus::Unverified, latest: None };

    /// The state after a report about the same details. One that is older than what was reported
    /// already changes nothing.
    pub(crate) fn after(self, report: &Report) -> Self {
        let reported = (report.verification, report.version);
        if self.latest.is_some_and(|latest| reported <= latest) {
            return self;
        }
        Self { status: self.status_after(report.status), latest: Some(reported) }
    }

    /// A verified customer is not taken out of service by an attempt that has decided nothing: only
    /// by one that casts doubt on the identity.
    fn status_after(self, reported: VerificationStatus) -> VerificationStatus {
        match (self.status, reported) {
            (
                VerificationStatus::Verified,
                VerificationStatus::Unverified
                | VerificationStatus::Pending
                | VerificationStatus::ResubmissionRequired
                | VerificationStatus::Expired
                | VerificationStatus::Error,
            ) => VerificationStatus::Verified,
            (_, reported) => reported,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(verification: VerificationId, version: i64, status: VerificationStatus) -> Report {
        Report { details_version: 1, verification, version, status }
    }

    #[test]
    fn a_late_report_does_not_undo_a_later_one() {
        let id = VerificationId::new();
        let verified = Verification::NONE.after(&report(id, 2, VerificationStatus::Verified));

        let late = verified.after(&report(id, 1, VerificationStatus::Pending));

        assert_eq!(late, verified);
    }

    /// The status of a customer that was verified, after a report of a later attempt.
    fn verified_and_then(status: VerificationStatus) -> VerificationStatus {
        let (first, second) = (VerificationId::new(), VerificationId::new());
        let verified = Verification::NONE.after(&report(first, 2, VerificationStatus::Verified));
        let pending = verified.after(&report(second, 1, VerificationStatus::Pending));
        pending.after(&report(second, 2, status)).status
    }

    #[test]
    fn an_attempt_that_decides_nothing_leaves_a_customer_verified() {
        for status in [
            VerificationStatus::Pending,
            VerificationStatus::ResubmissionRequired,
            VerificationStatus::Expired,
            VerificationStatus::Error,
            VerificationStatus::Verified,
        ] {
            assert_eq!(verified_and_then(status), VerificationStatus::Verified, "{status:?}");
        }
    }

    #[test]
    fn an_attempt_that_casts_doubt_ends_that_a_customer_is_verified() {
        for status in [VerificationStatus::InReview, VerificationStatus::Rejected] {
            assert_eq!(verified_and_then(status), status);
        }
    }

    #[test]
    fn a_customer_who_is_not_verified_shows_every_status() {
        let id = VerificationId::new();

        for status in VerificationStatus::ALL {
            assert_eq!(Verification::NONE.after(&report(id, 1, status)).status, status);
        }
    }

    #[test]
    fn every_status_is_read_back_from_the_database() {
        for status in VerificationStatus::ALL {
            assert_eq!(VerificationStatus::parse(status.as_str()), Some(status));
        }
        assert_eq!(VerificationStatus::parse("lost"), None);
    }
}

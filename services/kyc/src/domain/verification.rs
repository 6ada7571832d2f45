//! One attempt to establish a customer's identity, and the transitions that it can make. Who decides
//! is not here: a provider does, or a person whom it leaves it to.

use time::OffsetDateTime;
use types::{CustomerId, TenantId, VerificationId};
use uuid::Uuid;

/// One attempt.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Verification {
    pub(crate) tenant: TenantId,
    pub(crate) id: VerificationId,
    pub(crate) customer: CustomerId,
    /// The name that the provider was asked for under.
    pub(crate) provider: String,
    pub(crate) id_type: IdType,
    /// The version of the customer's details that this is about.
    pub(crate) details_version: i64,
    pub(crate) create_time: OffsetDateTime,
    pub(crate) lifecycle: Lifecycle,
}

/// The id of an attempt made after the one with this id, by a clock that is behind the other's.
pub(crate) fn id_after(earlier: VerificationId) -> VerificationId {
    VerificationId::from_uuid(Uuid::from_u128(earlier.uuid().as_u128().saturating_add(1)))
}

/// What kind of document proves the identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum IdType {
    Passport,
    DrivingLicense,
    IdCard,
    /// None: screening asked for a review.
    None,
}

impl IdType {
    const ALL: [Self; 4] = [Self::Passport, Self::DrivingLicense, Self::IdCard, Self::None];

    /// Whether the front alone does not prove enough.
    pub(crate) fn needs_back(self) -> bool {
        match self {
            Self::Passport | Self::None => false,
            Self::DrivingLicense | Self::IdCard => true,
        }
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Passport => "passport",
            Self::DrivingLicense => "driving_license",
            Self::IdCard => "id_card",
            Self::None => "none",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|id_type| id_type.as_str() == text)
    }
}

/// Where an attempt stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Pending,
    InReview,
    Verified,
    ResubmissionRequired,
    Rejected,
    Expired,
    Error,
}

impl Status {
    const ALL: [Self; 7] = [
        Self::Pending,
        Self::InReview,
        Self::Verified,
        Self::ResubmissionRequired,
        Self::Rejected,
        Self::Expired,
        Self::Error,
    ];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::InReview => "in_review",
            Self::Verified => "verified",
            Self::ResubmissionRequired => "resubmission_required",
            Self::Rejected => "rejected",
            Self::Expired => "expired",
            Self::Error => "error",
        }
    }

    /// Whether the customer's next attempt has to wait for this one.
    pub(crate) fn is_in_progress(self) -> bool {
        matches!(self, Self::Pending | Self::InReview)
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }
}

/// What became of an attempt. Reasons are `UPPER_SNAKE` codes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The identity is established.
    Verified,
    /// A person must decide.
    InReview(Vec<String>),
    /// The documents could not be used.
    ResubmissionRequired(Vec<String>),
    /// The identity is not established, and the same documents would not help.
    Rejected(Vec<String>),
    /// The attempt ran out of time at the provider.
    Expired(Vec<String>),
    /// The attempt could not be carried out.
    Error(Vec<String>),
}

impl Outcome {
    /// One that was stored; none when attempts do not end so.
    pub(crate) fn restore(status: Status, reasons: Vec<String>) -> Option<Self> {
        Some(match status {
            Status::Pending => return None,
            Status::Verified => Self::Verified,
            Status::InReview => Self::InReview(reasons),
            Status::ResubmissionRequired => Self::ResubmissionRequired(reasons),
            Status::Rejected => Self::Rejected(reasons),
            Status::Expired => Self::Expired(reasons),
            Status::Error => Self::Error(reasons),
        })
    }

    /// The status that it leads to, and why.
    pub(crate) fn into_parts(self) -> (Status, Vec<String>) {
        match self {
            Self::Verified => (Status::Verified, Vec::new()),
            Self::InReview(reasons) => (Status::InReview, reasons),
            Self::ResubmissionRequired(reasons) => (Status::ResubmissionRequired, reasons),
            Self::Rejected(reasons) => (Status::Rejected, reasons),
            Self::Expired(reasons) => (Status::Expired, reasons),
            Self::Error(reasons) => (Status::Error, reasons),
        }
    }
}

/// What a person decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Decision {
    Approve,
    Reject,
    Resubmission,
}

impl Decision {
    const ALL: [Self; 3] = [Self::Approve, Self::Reject, Self::Resubmission];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Reject => "reject",
            Self::Resubmission => "resubmission",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|decision| decision.as_str() == text)
    }

    /// What becomes of the attempt.
    pub(crate) fn outcome(self, reason: &str) -> Outcome {
        let reasons = vec![reason.to_owned()];
        match self {
            Self::Approve => Outcome::Verified,
            Self::Reject => Outcome::Rejected(reasons),
            Self::Resubmission => Outcome::ResubmissionRequired(reasons),
        }
    }
}

/// How far an attempt has come: its status, why, and how many transitions it took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lifecycle {
    status: Status,
    reasons: Vec<String>,
    version: i64,
    update_time: OffsetDateTime,
}

/// What a transition did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Made,
    /// It had been made before.
    AlreadyMade,
}

/// A transition that there is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a verification cannot go from {} to {}", from.as_str(), to.as_str())]
pub(crate) struct WrongState {
    pub(crate) from: Status,
    pub(crate) to: Status,
}

impl Lifecycle {
    /// A new attempt: nothing is decided.
    pub(crate) fn begin(at: OffsetDateTime) -> Self {
        Self { status: Status::Pending, reasons: Vec::new(), version: 1, update_time: at }
    }

    /// One that was stored.
    pub(crate) fn restore(
        status: Status,
        reasons: Vec<String>,
        version: i64,
        update_time: OffsetDateTime,
    ) -> Self {
        Self { status, reasons, version, update_time }
    }

    /// Ends the waiting for the provider.
    pub(crate) fn decide(
        &mut self,
        outcome: Outcome,
        at: OffsetDateTime,
    ) -> Result<Change, WrongState> {
        self.end(&[Status::Pending], outcome, at)
    }

    /// Ends a review.
    pub(crate) fn review(
        &mut self,
        outcome: Outcome,
        at: OffsetDateTime,
    ) -> Result<Change, WrongState> {
        self.end(&[Status::InReview], outcome, at)
    }

    /// Ends whatever is under way.
    pub(crate) fn play(
        &mut self,
        outcome: Outcome,
        at: OffsetDateTime,
    ) -> Result<Change, WrongState> {
        self.end(&[Status::Pending, Status::InReview], outcome, at)
    }

    fn end(
        &mut self,
        open: &[Status],
        outcome: Outcome,
        at: OffsetDateTime,
    ) -> Result<Change, WrongState> {
        let (from, (to, reasons)) = (self.status, outcome.into_parts());
        if open.contains(&from) {
            *self = Self::restore(to, reasons, self.version.saturating_add(1), at);
            return Ok(Change::Made);
        }
        if from == to { Ok(Change::AlreadyMade) } else { Err(WrongState { from, to }) }
    }

    pub(crate) fn status(&self) -> Status {
        self.status
    }

    pub(crate) fn reasons(&self) -> &[String] {
        &self.reasons
    }

    /// 1 for a new attempt, and one more with every transition.
    pub(crate) fn version(&self) -> i64 {
        self.version
    }

    /// When the status last changed.
    pub(crate) fn update_time(&self) -> OffsetDateTime {
        self.update_time
    }
}

#[cfg(test)]
mod tests {
    use time::Duration;

    use super::*;

    const START: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;
    const LATER: OffsetDateTime = START.saturating_add(Duration::SECOND);

    fn outcomes() -> [Outcome; 6] {
        let reasons = || vec!["WHY".to_owned()];
        [
            Outcome::Verified,
            Outcome::InReview(reasons()),
            Outcome::ResubmissionRequired(reasons()),
            Outcome::Rejected(reasons()),
            Outcome::Expired(reasons()),
            Outcome::Error(reasons()),
        ]
    }

    fn decided(outcome: Outcome) -> Lifecycle {
        let mut lifecycle = Lifecycle::begin(START);
        lifecycle.decide(outcome, LATER).unwrap();
        lifecycle
    }

    /// Every outcome but its own is refused, and changes nothing.
    fn refuses_all_others(first: &Outcome) {
        for second in outcomes().into_iter().filter(|second| second != first) {
            let mut lifecycle = decided(first.clone());
            let before = lifecycle.clone();
            let (to, _) = second.clone().into_parts();

            let refused = lifecycle.decide(second, LATER).unwrap_err();

            assert_eq!(refused, WrongState { from: before.status(), to });
            assert_eq!(lifecycle, before);
        }
    }

    #[test]
    fn a_pending_attempt_takes_every_outcome() {
        for outcome in outcomes() {
            let (status, reasons) = outcome.clone().into_parts();

            let lifecycle = decided(outcome);

            assert_eq!(lifecycle, Lifecycle::restore(status, reasons, 2, LATER));
        }
    }

    #[test]
    fn the_same_outcome_again_changes_nothing() {
        for outcome in outcomes() {
            let mut lifecycle = decided(outcome.clone());
            let before = lifecycle.clone();

            let change = lifecycle.decide(outcome, LATER.saturating_add(Duration::SECOND));

            assert_eq!(change, Ok(Change::AlreadyMade));
            assert_eq!(lifecycle, before);
        }
    }

    #[test]
    fn a_verified_attempt_refuses_another_outcome() {
        refuses_all_others(&Outcome::Verified);
    }

    #[test]
    fn a_provider_cannot_decide_what_is_in_review() {
        refuses_all_others(&Outcome::InReview(vec!["WHY".to_owned()]));
    }

    #[test]
    fn an_attempt_to_be_resubmitted_refuses_another_outcome() {
        refuses_all_others(&Outcome::ResubmissionRequired(vec!["WHY".to_owned()]));
    }

    #[test]
    fn a_rejected_attempt_refuses_another_outcome() {
        refuses_all_others(&Outcome::Rejected(vec!["WHY".to_owned()]));
    }

    #[test]
    fn an_expired_attempt_refuses_another_outcome() {
        refuses_all_others(&Outcome::Expired(vec!["WHY".to_owned()]));
    }

    #[test]
    fn an_attempt_that_ended_in_error_refuses_another_outcome() {
        refuses_all_others(&Outcome::Error(vec!["WHY".to_owned()]));
    }

    #[test]
    fn a_person_decides_what_is_in_review_and_nothing_else() {
        let rejected = || Decision::Reject.outcome("FORGED");
        let mut lifecycle = decided(Outcome::InReview(Vec::new()));

        let change = lifecycle.review(rejected(), LATER);
        let again = lifecycle.review(rejected(), LATER);
        let other = lifecycle.review(Decision::Approve.outcome("FINE"), LATER);

        assert_eq!((change, again), (Ok(Change::Made), Ok(Change::AlreadyMade)));
        assert!(other.is_err());
        assert_eq!((lifecycle.status(), lifecycle.version()), (Status::Rejected, 3));
        assert!(Lifecycle::begin(START).review(rejected(), LATER).is_err());
    }

    #[test]
    fn texts_give_their_values_back() {
        for status in Status::ALL {
            assert_eq!(Status::parse(status.as_str()), Some(status));
        }
        for id_type in IdType::ALL {
            assert_eq!(IdType::parse(id_type.as_str()), Some(id_type));
        }
        for outcome in outcomes() {
            let (status, reasons) = outcome.clone().into_parts();
            assert_eq!(Outcome::restore(status, reasons), Some(outcome));
        }
    }
}

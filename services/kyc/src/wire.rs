//! Statuses as the contracts number them.

use proto::r#type::v1::VerificationStatus;

use crate::domain::Status;

/// For a message.
pub(crate) fn status(status: Status) -> VerificationStatus {
    match status {
        Status::Pending => VerificationStatus::Pending,
        Status::InReview => VerificationStatus::InReview,
        Status::Verified => VerificationStatus::Verified,
        Status::ResubmissionRequired => VerificationStatus::ResubmissionRequired,
        Status::Rejected => VerificationStatus::Rejected,
        Status::Expired => VerificationStatus::Expired,
        Status::Error => VerificationStatus::Error,
    }
}

/// From a message; none where no verification ever has it.
pub(crate) fn parse_status(number: i32) -> Option<Status> {
    match VerificationStatus::try_from(number).ok()? {
        VerificationStatus::Unspecified | VerificationStatus::Unverified => None,
        VerificationStatus::Pending => Some(Status::Pending),
        VerificationStatus::InReview => Some(Status::InReview),
        VerificationStatus::Verified => Some(Status::Verified),
        VerificationStatus::ResubmissionRequired => Some(Status::ResubmissionRequired),
        VerificationStatus::Rejected => Some(Status::Rejected),
        VerificationStatus::Expired => Some(Status::Expired),
        VerificationStatus::Error => Some(Status::Error),
    }
}

//! A provider that decides by the customer's name, the same way every time: it remembers nothing, so
//! restarts and replicas make no difference.
//!
//! | last name, or company's name | outcome |
//! |---|---|
//! | `Refer` | in review |
//! | `Reject` | rejected |
//! | `Resubmit` | resubmission required |
//! | `Expire` | expired |
//! | `Slow` | verified, after a while |
//! | `Outage` | two failures, then verified |
//! | `Sanction`, or anybody born on 1900-01-01 | in review |
//! | anything else | verified |

use std::time::{Duration, SystemTime};

use time::OffsetDateTime;

use super::{Answer, Progress, Provider, ProviderError, Subject, Submission};
use crate::domain::Outcome;

/// How often an outage lets a submission fail.
const OUTAGE_FAILURES: i32 = 2;
/// Whoever was born then is on every sanctions list.
const SANCTIONED_BIRTH: &str = "1900-01-01";

/// The sandbox.
#[derive(Debug, Clone, Copy)]
pub struct Sandbox {
    slow: Duration,
}

impl Default for Sandbox {
    fn default() -> Self {
        Self::new(Duration::from_secs(30))
    }
}

impl Sandbox {
    /// One whose slow decisions take so long.
    #[must_use]
    pub fn new(slow: Duration) -> Self {
        Self { slow }
    }

    fn decide(self, submission: &Submission) -> Result<Progress, ProviderError> {
        let subject = &submission.subject;
        let outcome = match name(subject).trim().to_lowercase().as_str() {
            "refer" => Outcome::InReview(because("REFERRED")),
            "reject" => Outcome::Rejected(because("IDENTITY_NOT_ESTABLISHED")),
            "resubmit" => Outcome::ResubmissionRequired(because("DOCUMENT_UNREADABLE")),
            "expire" => Outcome::Expired(because("OUT_OF_TIME")),
            "sanction" => Outcome::InReview(because("SANCTIONS_MATCH")),
            "slow" => {
                return Ok(pending(OffsetDateTime::now_utc().saturating_add(span(self.slow))));
            }
            "outage" if submission.attempt <= OUTAGE_FAILURES => {
                return Err(ProviderError::Transient("the sandbox plays an outage".to_owned()));
            }
            _ if subject.date_of_birth == SANCTIONED_BIRTH => {
                Outcome::InReview(because("SANCTIONS_MATCH"))
            }
            _ => Outcome::Verified,
        };
        Ok(Progress::Decided(outcome))
    }
}

impl Provider for Sandbox {
    fn submit<'a>(&'a self, submission: &'a Submission) -> Answer<'a> {
        Box::pin(std::future::ready(self.decide(submission)))
    }

    fn fetch<'a>(&'a self, reference: &'a str) -> Answer<'a> {
        Box::pin(std::future::ready(look_up(reference)))
    }

    /// Its outages are played, each for one attempt.
    fn is_outside(&self) -> bool {
        false
    }
}

fn name(subject: &Subject) -> &str {
    if subject.company_name.is_empty() { &subject.last_name } else { &subject.company_name }
}

fn because(reason: &str) -> Vec<String> {
    vec![reason.to_owned()]
}

/// The reference of a slow decision is the time at which it is made.
fn pending(decision_time: OffsetDateTime) -> Progress {
    let left = SystemTime::from(decision_time).duration_since(SystemTime::now());
    Progress::Pending {
        reference: decision_time.unix_timestamp_nanos().to_string(),
        poll_after: left.unwrap_or_default(),
    }
}

fn look_up(reference: &str) -> Result<Progress, ProviderError> {
    let decision_time = reference
        .parse()
        .ok()
        .and_then(|nanos| OffsetDateTime::from_unix_timestamp_nanos(nanos).ok())
        .ok_or_else(|| ProviderError::Permanent("the sandbox gave no such reference".to_owned()))?;
    if OffsetDateTime::now_utc() < decision_time {
        return Ok(pending(decision_time));
    }
    Ok(Progress::Decided(Outcome::Verified))
}

fn span(duration: Duration) -> time::Duration {
    time::Duration::try_from(duration).unwrap_or(time::Duration::MAX)
}

#[cfg(test)]
mod tests {
    use types::VerificationId;

    use super::*;
    use crate::providers::Images;

    fn submission(last_name: &str, company_name: &str, attempt: i32) -> Submission {
        let subject = Subject {
            last_name: last_name.to_owned(),
            company_name: company_name.to_owned(),
            date_of_birth: "1990-01-31".to_owned(),
            ..Subject::default()
        };
        let images = Images::default();
        Submission { verification: VerificationId::new(), attempt, subject, images }
    }

    fn decide(last_name: &str, company_name: &str) -> Result<Progress, ProviderError> {
        Sandbox::default().decide(&submission(last_name, company_name, 1))
    }

    #[test]
    fn a_name_decides_in_either_case() {
        let rejected = Outcome::Rejected(because("IDENTITY_NOT_ESTABLISHED"));

        assert_eq!(decide("REJECT", ""), Ok(Progress::Decided(rejected)));
        assert_eq!(decide("Rejected", ""), Ok(Progress::Decided(Outcome::Verified)));
    }

    #[test]
    fn a_company_is_decided_by_its_own_name() {
        let expired = Outcome::Expired(because("OUT_OF_TIME"));

        assert_eq!(decide("Reject", "Expire"), Ok(Progress::Decided(expired)));
    }

    #[test]
    fn an_outage_ends_with_the_third_attempt() {
        let sandbox = Sandbox::default();

        let answers = [1, 2, 3].map(|attempt| sandbox.decide(&submission("Outage", "", attempt)));

        assert!(matches!(answers[0], Err(ProviderError::Transient(_))));
        assert!(matches!(answers[1], Err(ProviderError::Transient(_))));
        assert_eq!(answers[2], Ok(Progress::Decided(Outcome::Verified)));
    }

    #[test]
    fn a_slow_decision_is_pending_until_its_time() {
        let pending = |slow| Sandbox::new(slow).decide(&submission("Slow", "", 1)).unwrap();
        let reference = |progress| match progress {
            Progress::Pending { reference, .. } => reference,
            Progress::Decided(_) => panic!("decided at once"),
        };

        let later = look_up(&reference(pending(Duration::from_secs(30)))).unwrap();
        let now = look_up(&reference(pending(Duration::ZERO))).unwrap();

        assert!(matches!(later, Progress::Pending { .. }));
        assert_eq!(now, Progress::Decided(Outcome::Verified));
    }

    #[test]
    fn a_reference_that_it_never_gave_is_refused() {
        assert!(matches!(look_up("made up"), Err(ProviderError::Permanent(_))));
    }
}

//! A tenant's own account with a provider: what the provider knows the tenant by, and what its words
//! mean for a verification.

use std::{collections::BTreeMap, fmt, sync::Arc};

use kit::errors::Violations;
use zeroize::Zeroizing;

use crate::domain::Outcome;

/// The providers that tenants have accounts with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Adapter {
    /// GBG ID3global: asked once, decides at once.
    Id3Global,
    /// GBG GO: starts a journey, and is asked how far it is.
    Go,
}

impl Adapter {
    pub(crate) const ALL: [Self; 2] = [Self::Id3Global, Self::Go];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Id3Global => "gbg_id3global",
            Self::Go => "gbg_go",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|adapter| adapter.as_str() == text)
    }

    /// What its words mean where the tenant has not said.
    fn usual(self) -> &'static [(&'static str, Verdict)] {
        match self {
            Self::Id3Global => &[
                ("PASS", Verdict::Verified),
                ("REFER", Verdict::InReview),
                ("ALERT", Verdict::Rejected),
            ],
            Self::Go => &[
                ("DECISION: ACCEPT", Verdict::Verified),
                ("DECISION: MANUAL REVIEW", Verdict::InReview),
                ("DECISION: REJECT", Verdict::Rejected),
            ],
        }
    }
}

/// What a provider's word means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    Verified,
    InReview,
    ResubmissionRequired,
    Rejected,
}

impl Verdict {
    const ALL: [Self; 4] =
        [Self::Verified, Self::InReview, Self::ResubmissionRequired, Self::Rejected];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::InReview => "in_review",
            Self::ResubmissionRequired => "resubmission_required",
            Self::Rejected => "rejected",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verdict| verdict.as_str() == text)
    }
}

/// What a provider's words mean. A word is the same in either case; one that is not here is for a
/// person to look at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Verdicts(BTreeMap<String, Verdict>);

impl Verdicts {
    /// Those that the tenant has said, over the usual ones.
    pub(crate) fn of(adapter: Adapter, said: impl IntoIterator<Item = (String, Verdict)>) -> Self {
        let usual = adapter.usual().iter().map(|(word, verdict)| ((*word).to_owned(), *verdict));
        let said = said.into_iter().map(|(word, verdict)| (same(&word), verdict));
        Self(usual.chain(said).collect())
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, Verdict)> {
        self.0.iter().map(|(word, verdict)| (word.as_str(), *verdict))
    }

    /// What becomes of a verification of which the provider says this.
    pub(crate) fn outcome(&self, word: &str) -> Outcome {
        let reasons = vec![code(word)];
        match self.0.get(&same(word)) {
            Some(Verdict::Verified) => Outcome::Verified,
            Some(Verdict::InReview) => Outcome::InReview(reasons),
            Some(Verdict::ResubmissionRequired) => Outcome::ResubmissionRequired(reasons),
            Some(Verdict::Rejected) => Outcome::Rejected(reasons),
            // What it says is not repeated: nobody knows what is in it.
            None => Outcome::InReview(vec!["UNKNOWN_OUTCOME".to_owned()]),
        }
    }
}

fn same(word: &str) -> String {
    word.trim().to_uppercase()
}

/// A word that is known, as a reason.
fn code(word: &str) -> String {
    let parts = word.split(|letter: char| !letter.is_ascii_alphanumeric());
    let parts: Vec<_> = parts.filter(|part| !part.is_empty()).map(str::to_uppercase).collect();
    parts.join("_")
}

/// A password or a key. Never shown, and wiped when dropped.
#[derive(Clone)]
pub(crate) struct Secret(Arc<Zeroizing<Vec<u8>>>);

impl Secret {
    pub(crate) fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(Arc::new(Zeroizing::new(bytes.into())))
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }

    /// As text, which all of them came as.
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}

/// An account, without its secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) adapter: Adapter,
    /// The user name, or the client's id.
    pub(crate) name: String,
    /// The profile, or the journey.
    pub(crate) profile: String,
    pub(crate) profile_version: String,
    pub(crate) verdicts: Verdicts,
}

impl Account {
    /// What is asked of the provider. Empty where the newest is meant.
    pub(crate) fn check_version(adapter: Adapter, text: &str, bad: &mut Violations) -> String {
        let text = text.trim();
        match adapter {
            Adapter::Id3Global if text.is_empty() => "0".to_owned(),
            Adapter::Id3Global => {
                if text.parse::<u32>().is_err() {
                    bad.add("provider.profile_version", "must be a whole number");
                }
                text.to_owned()
            }
            Adapter::Go if text.is_empty() => "latest".to_owned(),
            Adapter::Go => {
                if text.len() > 64 || !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
                    bad.add("provider.profile_version", "must be 1-64 letters and digits");
                }
                text.to_owned()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_means_what_the_tenant_says_in_either_case() {
        let said = [("alert".to_owned(), Verdict::InReview)];
        let verdicts = Verdicts::of(Adapter::Id3Global, said);

        assert_eq!(verdicts.outcome(" Pass"), Outcome::Verified);
        assert_eq!(verdicts.outcome("Alert"), Outcome::InReview(vec!["ALERT".to_owned()]));
    }

    #[test]
    fn a_word_that_nobody_knows_is_for_a_person_and_is_not_repeated() {
        let verdicts = Verdicts::of(Adapter::Go, []);

        let outcome = verdicts.outcome("Joe Bloggs");

        assert_eq!(outcome, Outcome::InReview(vec!["UNKNOWN_OUTCOME".to_owned()]));
    }

    #[test]
    fn a_word_is_a_reason_in_the_form_of_reasons() {
        let rejected = Verdicts::of(Adapter::Go, []).outcome("Decision: Reject");

        assert_eq!(rejected, Outcome::Rejected(vec!["DECISION_REJECT".to_owned()]));
    }

    #[test]
    fn a_secret_is_not_shown() {
        assert_eq!(format!("{:?}", Secret::new("hunter2")), "Secret(..)");
    }
}

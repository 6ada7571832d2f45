//! Those who decide: the port that every provider is behind, and the names that they are asked for
//! under. What is done with their answers is the worker's.

use std::{collections::BTreeMap, fmt, pin::Pin, sync::Arc, time::Duration};

use types::VerificationId;
use zeroize::Zeroizing;

use crate::domain::Outcome;

pub(crate) mod account;
mod directory;
mod go;
mod http;
pub(crate) mod id3global;
mod sandbox;

pub use directory::Hosts;
pub(crate) use directory::{Directory, Settings};
pub use sandbox::Sandbox;

/// The name that is always known.
pub const DEFAULT_NAME: &str = "gb_group";

/// One that establishes identities.
///
/// An attempt may be submitted more than once: by a worker that died before it noted the answer, and
/// after a failure. The id of the verification tells that it is the same one.
///
/// What a provider has been sent is not erased from here: the APIs that are spoken have no call for it, and
/// the tenant sees to it there (docs/kyc.md, "Retention and erasure").
pub trait Provider: Send + Sync {
    /// Asks for a decision.
    fn submit<'a>(&'a self, submission: &'a Submission) -> Answer<'a>;

    /// Asks again about an attempt that was [`Progress::Pending`].
    fn fetch<'a>(&'a self, reference: &'a str) -> Answer<'a>;

    /// Whether it looks at images of documents. They are not opened for one that does not.
    fn takes_images(&self) -> bool {
        false
    }

    /// Whether it is somewhere else, so that it can be down, and one attempt's failure says something
    /// of the others.
    fn is_outside(&self) -> bool {
        true
    }
}

/// What a provider will say.
pub type Answer<'a> = Pin<Box<dyn Future<Output = Result<Progress, ProviderError>> + Send + 'a>>;

/// How far a provider has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Progress {
    /// It has decided.
    Decided(Outcome),
    /// It has taken the attempt and works on it.
    Pending {
        /// What it calls the attempt.
        reference: String,
        /// When to ask again.
        poll_after: Duration,
    },
}

/// Why a provider did not answer. The text goes to the log: no personal data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// It may well answer later.
    #[error("for the moment: {0}")]
    Transient(String),
    /// It wants to be left alone, for every attempt of the tenant: too many questions, or credentials
    /// that are not right and would be locked if they were tried again and again.
    #[error("not before {} s: {why}", pause.as_secs())]
    Hold {
        /// Why.
        why: String,
        /// For how long.
        pause: Duration,
    },
    /// It will never answer this.
    #[error("for good: {0}")]
    Permanent(String),
}

/// What a provider is given to decide on.
#[derive(Debug)]
pub struct Submission {
    /// Which attempt it is.
    pub verification: VerificationId,
    /// 1, and one more after each failure.
    pub attempt: i32,
    /// Whose identity is in question.
    pub subject: Subject,
    /// None where the provider does not take them.
    pub images: Images,
}

/// The images of the document that proves the identity, byte by byte as they were sent in. A side is absent
/// that was not sent, or was sent as another kind of file.
#[derive(Clone, Default)]
pub struct Images {
    /// Of the front.
    pub front: Option<Zeroizing<Vec<u8>>>,
    /// Of the back.
    pub back: Option<Zeroizing<Vec<u8>>>,
}

/// Documents are personal data: only which there are is shown.
impl fmt::Debug for Images {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { front, back } = self;
        f.debug_struct("Images")
            .field("front", &front.is_some())
            .field("back", &back.is_some())
            .finish()
    }
}

/// Whose identity is in question, as far as a provider needs to know.
#[derive(Clone, Default)]
pub struct Subject {
    /// Empty for a company without a contact.
    pub first_name: String,
    /// May be empty.
    pub middle_name: String,
    /// Of a person, or of a company's contact. May be empty for a company.
    pub last_name: String,
    /// Empty for a person.
    pub company_name: String,
    /// "YYYY-MM-DD". May be empty for a company.
    pub date_of_birth: String,
    /// Where they live.
    pub address: Address,
}

/// Where somebody lives. Everything but the country may be empty.
#[derive(Clone, Default)]
pub struct Address {
    /// Of the house.
    pub number: String,
    /// Flat, floor, house name.
    pub refinement: String,
    /// With its kind: "High Street".
    pub street: String,
    /// State, province, county.
    pub region: String,
    /// Town.
    pub city: String,
    /// As written there.
    pub postal_code: String,
    /// ISO 3166-1 alpha-2.
    pub iso_country: String,
}

/// Personal data: none of it is shown.
impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subject").finish_non_exhaustive()
    }
}

/// Personal data: none of it is shown.
impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Address").finish_non_exhaustive()
    }
}

/// The providers of the deployment itself, whatever the tenant, by name: those that play. In
/// production there are none.
#[derive(Clone, Default)]
pub struct Providers(BTreeMap<String, Arc<dyn Provider>>);

impl Providers {
    /// One alone, under the name that is always known.
    #[must_use]
    pub fn new(provider: Arc<dyn Provider>) -> Self {
        Self(BTreeMap::from([(DEFAULT_NAME.to_owned(), provider)]))
    }

    /// One more.
    #[must_use]
    pub fn with(mut self, name: &str, provider: Arc<dyn Provider>) -> Self {
        self.0.insert(name.to_owned(), provider);
        self
    }

    pub(crate) fn knows(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub(crate) fn find(&self, name: &str) -> Option<Arc<dyn Provider>> {
        self.0.get(name).cloned()
    }
}

impl fmt::Debug for Providers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

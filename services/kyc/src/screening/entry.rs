//! Who is on a list, and who is looked for there.

use std::fmt;

use sha2::{Digest, Sha256};
use time::Date;
use types::Country;

use super::born::Born;

/// A list of sanctioned persons.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum List {
    /// The UK Sanctions List.
    Uk,
    /// The Specially Designated Nationals of OFAC.
    Ofac,
}

impl List {
    const ALL: [Self; 2] = [Self::Uk, Self::Ofac];

    /// As the database and the contract have it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Uk => "uk",
            Self::Ofac => "ofac",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|list| list.as_str() == text)
    }
}

/// What kind of thing a name is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    Person,
    /// A company, or another body.
    Entity,
    /// A ship or an aircraft. Kept, and never matched: none is a customer.
    Other,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Person, Self::Entity, Self::Other];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Entity => "entity",
            Self::Other => "other",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// What a list calls a name of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Naming {
    /// The name.
    Primary,
    /// Another spelling of it.
    Variation,
    /// Another name.
    Alias,
}

impl Naming {
    const ALL: [Self; 3] = [Self::Primary, Self::Variation, Self::Alias];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Variation => "variation",
            Self::Alias => "alias",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|naming| naming.as_str() == text)
    }

    /// What a match by such a name counts less, in thousandths.
    pub(crate) fn costs(self) -> u32 {
        match self {
            Self::Primary => 0,
            Self::Variation => 10,
            Self::Alias => 20,
        }
    }
}

/// A name of an entry.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Name {
    pub(crate) text: String,
    /// The list itself says that it is of low quality.
    pub(crate) weak: bool,
    pub(crate) naming: Naming,
}

/// One who is on a list. Lists are published: nothing of this is secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) list: List,
    /// As the list numbers it.
    pub(crate) id: String,
    pub(crate) kind: Kind,
    pub(crate) names: Vec<Name>,
    pub(crate) births: Vec<Born>,
    pub(crate) countries: Vec<Country>,
}

impl Entry {
    /// Changes with anything that a match can rest on, but for what the list calls its names: a name that is
    /// called an alias now is no reason to look at it again.
    pub(crate) fn hash(&self) -> Vec<u8> {
        let mut hash = Sha256::new();
        let mut add = |text: &str| {
            hash.update(text.as_bytes());
            hash.update([0]);
        };
        add(self.kind.as_str());
        for name in &self.names {
            add(if name.weak { "weak" } else { "name" });
            add(&name.text);
        }
        self.births.iter().for_each(|born| add(&born.to_string()));
        self.countries.iter().for_each(|country| add(country.code()));
        hash.finalize().to_vec()
    }
}

/// Who is looked for.
#[derive(Clone)]
pub(crate) struct Wanted {
    /// Each with what it is the name of: a company has its own and its contact's.
    pub(crate) names: Vec<(Kind, String)>,
    pub(crate) born: Option<Date>,
    pub(crate) country: Option<Country>,
}

/// Personal data: none of it is shown.
impl fmt::Debug for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wanted").finish_non_exhaustive()
    }
}

/// Somebody on a list who may be the one looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Match {
    pub(crate) list: List,
    pub(crate) entry: String,
    pub(crate) entry_hash: Vec<u8>,
    /// The entry's, as the list has it.
    pub(crate) name: String,
    /// In thousandths.
    pub(crate) score: u32,
    pub(crate) differences: Vec<Difference>,
}

/// What is not the same, or not known to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Difference {
    /// The parts of the name are spelt otherwise.
    Spelling,
    /// One of the names has parts that the other has not.
    Parts,
    /// It is known by a name that the list calls weak.
    WeakName,
    BirthDiffers,
    BirthClose,
    BirthUnknown,
    /// Of the entry's only the year, or the year and the month are known, and they are the same.
    BirthInPart,
    CountryDiffers,
    CountryUnknown,
}

impl Difference {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Spelling => "NAME_SPELLING",
            Self::Parts => "NAME_PARTS",
            Self::WeakName => "NAME_WEAK",
            Self::BirthDiffers => "DATE_OF_BIRTH_DIFFERS",
            Self::BirthClose => "DATE_OF_BIRTH_CLOSE",
            Self::BirthUnknown => "DATE_OF_BIRTH_UNKNOWN",
            Self::BirthInPart => "DATE_OF_BIRTH_IN_PART",
            Self::CountryDiffers => "COUNTRY_DIFFERS",
            Self::CountryUnknown => "COUNTRY_UNKNOWN",
        }
    }
}

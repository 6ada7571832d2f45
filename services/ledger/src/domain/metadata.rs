//! What callers keep with a transfer for their own use. It is never read here.

use std::{collections::BTreeMap, fmt};

/// Pairs of text: up to 16; keys of 1 to 40 letters from A to Z, digits and `_ - .`; values of up to
/// 255 characters without control characters. They may be personal, so `Debug` shows how many only.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Metadata(BTreeMap<String, String>);

/// Why pairs are no metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MetadataError {
    #[error("must have at most 16 pairs")]
    TooMany,
    #[error("must have keys of 1-40 letters from A to Z, digits and _ - .")]
    BadKey,
    #[error("must have values of at most 255 characters, without control characters")]
    BadValue,
}

impl Metadata {
    pub(crate) fn parse(pairs: &BTreeMap<String, String>) -> Result<Self, MetadataError> {
        if pairs.len() > 16 {
            return Err(MetadataError::TooMany);
        }
        for (key, value) in pairs {
            let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte);
            if !(1..=40).contains(&key.len()) || !key.bytes().all(allowed) {
                return Err(MetadataError::BadKey);
            }
            if value.chars().count() > 255 || value.chars().any(char::is_control) {
                return Err(MetadataError::BadValue);
            }
        }
        Ok(Self(pairs.clone()))
    }

    /// From where they were kept.
    pub(crate) fn from_kept(pairs: BTreeMap<String, String>) -> Self {
        Self(pairs)
    }

    /// The pairs, by key.
    pub(crate) fn pairs(&self) -> &BTreeMap<String, String> {
        &self.0
    }
}

impl fmt::Debug for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Metadata").field(&self.0.len()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(pairs: &[(&str, &str)]) -> Result<Metadata, MetadataError> {
        let pairs = pairs.iter().map(|&(key, value)| (key.to_owned(), value.to_owned()));
        Metadata::parse(&pairs.collect())
    }

    #[test]
    fn sixteen_pairs_are_kept_and_no_more() {
        let keys: Vec<String> = (0..17).map(|n| format!("key-{n}")).collect();
        let pairs: Vec<(&str, &str)> = keys.iter().map(|key| (key.as_str(), "é 1")).collect();

        assert_eq!(parse(&pairs[..16]).unwrap().pairs().len(), 16);
        assert_eq!(parse(&pairs), Err(MetadataError::TooMany));
    }

    #[test]
    fn what_a_database_or_a_log_could_stumble_over_is_refused() {
        for key in ["", "a b", "é", "k\0", &"k".repeat(41)] {
            assert_eq!(parse(&[(key, "value")]), Err(MetadataError::BadKey), "{key:?}");
        }
        for value in ["\0", "line\nbreak", &"é".repeat(256)] {
            assert_eq!(parse(&[("key", value)]), Err(MetadataError::BadValue), "{value:?}");
        }
        assert!(parse(&[("key", &"é".repeat(255))]).is_ok());
    }
}

//! What a person writes beside a decision, for other people.

use std::fmt;

use zeroize::Zeroizing;

/// Characters of a note at most.
const MOST: usize = 1000;

/// A free text. It may hold personal data, so `Debug` does not show it, and it is wiped when dropped.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Note(Zeroizing<String>);

/// Why a text is no note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotANote {
    #[error("must have at most {MOST} characters")]
    TooLong,
    #[error("must hold no control characters but ends of lines and tabs")]
    ForbiddenCharacter,
}

impl Note {
    /// The text without white space around it.
    pub(crate) fn parse(text: &str) -> Result<Self, NotANote> {
        let text = text.trim();
        if text.chars().count() > MOST {
            return Err(NotANote::TooLong);
        }
        if text.chars().any(|one| one.is_control() && !matches!(one, '\n' | '\r' | '\t')) {
            return Err(NotANote::ForbiddenCharacter);
        }
        Ok(Self(Zeroizing::new(text.to_owned())))
    }

    /// One that was stored; none where the bytes are no text.
    pub(crate) fn restore(bytes: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(bytes).ok()?;
        Some(Self(Zeroizing::new(text.to_owned())))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Note(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_has_any_letters_and_lines_up_to_a_length() {
        assert_eq!(
            Note::parse(" Zoë, born\n1988 \u{1F600}\t").unwrap().as_str(),
            "Zoë, born\n1988 \u{1F600}"
        );
        assert!(Note::parse(&"é".repeat(MOST)).is_ok());
        assert_eq!(Note::parse(&"é".repeat(MOST + 1)), Err(NotANote::TooLong));
        assert_eq!(Note::parse("a\0b"), Err(NotANote::ForbiddenCharacter));
        assert_eq!(Note::parse("a\u{1b}[31mb"), Err(NotANote::ForbiddenCharacter));
    }

    #[test]
    fn a_note_does_not_show_itself() {
        assert_eq!(format!("{:?}", Note::parse("Joe").unwrap()), "Note(..)");
    }
}

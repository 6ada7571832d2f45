//! Names and lines of addresses.

use std::{fmt, ops::RangeInclusive};

use unicode_normalization::UnicodeNormalization;
use unicode_properties::{GeneralCategory, GeneralCategoryGroup, UnicodeGeneralCategory};

/// What a person or an address is called: trimmed, in Unicode's form NFC, of letters of any script,
/// marks, digits, spaces and `, . - _ ' ’ / & ( ) #`. It is personal, so `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Text(String);

/// Why a text is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TextError {
    /// Nothing, or nothing but white space.
    #[error("must not be empty")]
    Empty,
    /// Fewer characters than asked for.
    #[error("must have at least {min} characters")]
    TooShort {
        /// How many are asked for.
        min: usize,
    },
    /// More characters than there is room for.
    #[error("must have at most {max} characters")]
    TooLong {
        /// How many there is room for.
        max: usize,
    },
    /// A control character, markup, or anything else that no name or address has.
    #[error("must hold only letters, digits, spaces and , . - _ ' ’ / & ( ) #")]
    ForbiddenCharacter,
}

impl Text {
    /// The text trimmed and normalised, and then so many characters (Unicode scalar values) long.
    ///
    /// # Errors
    /// When the length or a character is wrong.
    pub fn parse(input: &str, characters: RangeInclusive<usize>) -> Result<Self, TextError> {
        let text: String = input.trim().nfc().collect();
        let (min, max) = (*characters.start(), *characters.end());
        let count = text.chars().count();
        if count == 0 && min > 0 {
            return Err(TextError::Empty);
        }
        if count < min {
            return Err(TextError::TooShort { min });
        }
        if count > max {
            return Err(TextError::TooLong { max });
        }
        if !text.chars().all(is_allowed) {
            return Err(TextError::ForbiddenCharacter);
        }
        Ok(Self(text))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_allowed(character: char) -> bool {
    if is_filler(character) {
        return false;
    }
    match character.general_category_group() {
        GeneralCategoryGroup::Letter | GeneralCategoryGroup::Mark => true,
        GeneralCategoryGroup::Number => {
            character.general_category() == GeneralCategory::DecimalNumber
        }
        GeneralCategoryGroup::Punctuation
        | GeneralCategoryGroup::Symbol
        | GeneralCategoryGroup::Separator
        | GeneralCategoryGroup::Other => " ,.-_'’/&()#".contains(character),
    }
}

/// Letters that nobody can see: a name of them would look empty.
fn is_filler(character: char) -> bool {
    matches!(character, '\u{115f}' | '\u{1160}' | '\u{3164}' | '\u{ffa0}')
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Text(..)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn names_of_the_world_are_taken() {
        for name in [
            "Suite 2, 4th Floor",
            "St John’s Place",
            "O'Brien-Smith",
            "Łukasz",
            "Nguyễn Văn A",
            "李小龍",
            "محمد",
            "राम",
            "Smith & Sons (UK) Ltd.",
            "12/3 #4_b",
            "٤٤",
        ] {
            assert_eq!(Text::parse(name, 1..=50).unwrap().as_str(), name);
        }
    }

    #[test]
    fn control_characters_markup_and_the_rest_are_refused() {
        for text in [
            "a\0b",
            "a\nb",
            "a\tb",
            "<b>",
            "a;b",
            "a\"b",
            "a@b",
            "100%",
            "a\u{200b}b",
            "a\u{202e}b",
            "🙂",
            "½",
            "Ⅳ",
            "a\u{a0}b",
            "\u{3164}",
            "a\\b",
            "{a}",
            "€",
            "a+b",
            "a=b",
        ] {
            assert_eq!(Text::parse(text, 1..=50), Err(TextError::ForbiddenCharacter), "{text:?}");
        }
    }

    #[test]
    fn length_counts_characters_after_trimming_and_normalising() {
        assert_eq!(Text::parse("  Zoë  ", 1..=3).unwrap().as_str(), "Zoë");
        assert_eq!(Text::parse("Zoe\u{308}", 1..=3).unwrap().as_str(), "Zo\u{eb}");
        assert_eq!(Text::parse(&"é".repeat(51), 1..=50), Err(TextError::TooLong { max: 50 }));
        assert_eq!(Text::parse("a", 2..=5), Err(TextError::TooShort { min: 2 }));
    }

    #[test]
    fn an_empty_text_is_taken_only_where_it_may_be() {
        assert_eq!(Text::parse(" ", 1..=50), Err(TextError::Empty));
        assert_eq!(Text::parse("", 0..=50).unwrap().as_str(), "");
    }

    #[test]
    fn debug_does_not_show_it() {
        assert_eq!(format!("{:?}", Text::parse("Alice", 1..=50).unwrap()), "Text(..)");
    }

    proptest! {
        #[test]
        fn parsing_again_changes_nothing(input in "[\\p{L}\\p{M} .'-]{1,20}") {
            if let Ok(text) = Text::parse(&input, 1..=50) {
                prop_assert_eq!(Text::parse(text.as_str(), 1..=50), Ok(text));
            }
        }
    }
}

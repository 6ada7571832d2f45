//! Telephone numbers.

mod plan;

use std::fmt;

use crate::country::Country;

/// A telephone number, kept as it was sent and in its E.164 form. It is personal, so `Debug` does not
/// show it.
///
/// It fits the numbering plan of its country, but need not be in use, nor in a range that is.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Phone {
    as_sent: String,
    e164: String,
}

/// Why a text is no telephone number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PhoneError {
    /// Shorter or longer than the contract says.
    #[error("must have 7 to 20 characters")]
    WrongLength,
    /// A letter, an extension, or anything else that is not dialled.
    #[error("must hold only digits, spaces and ( ) + -")]
    ForbiddenCharacter,
    /// It fits no numbering plan that it could belong to.
    #[error("must be a telephone number of the country, or international with a leading +")]
    NotANumber,
}

impl Phone {
    /// 7 to 20 characters, trimmed: digits, spaces and `( ) + -`. International when it begins with +,
    /// else as one dials in the country, with or without its trunk prefix, its calling code (without
    /// +) or its prefix for calls abroad. The idiom +44 (0)20 … is understood.
    ///
    /// # Errors
    /// When it fits no numbering plan. Without a country only international numbers do.
    pub fn parse(input: &str, country: Option<Country>) -> Result<Self, PhoneError> {
        let as_sent = checked(input)?;
        let e164 = plan::e164(as_sent, country)
            .or_else(|| plan::e164(&as_sent.replacen("(0)", "", 1), country))
            .ok_or(PhoneError::NotANumber)?;
        Ok(Self { as_sent: as_sent.to_owned(), e164 })
    }

    /// A number that has been parsed before, as one read from a database: its country may have changed
    /// since, so that parsing it again could end in another one.
    ///
    /// # Errors
    /// When either text has a form that no parsed number has.
    pub fn from_parsed(as_sent: &str, e164: &str) -> Result<Self, PhoneError> {
        let as_sent = checked(as_sent)?;
        let digits = e164.strip_prefix('+').ok_or(PhoneError::NotANumber)?;
        if !(1..=15).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(PhoneError::NotANumber);
        }
        Ok(Self { as_sent: as_sent.to_owned(), e164: e164.to_owned() })
    }

    /// As it was sent, but for white space around it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.as_sent
    }

    /// The form to compare by, as of ITU-T E.164: + and at most 15 digits.
    #[must_use]
    pub fn e164(&self) -> &str {
        &self.e164
    }
}

fn checked(input: &str) -> Result<&str, PhoneError> {
    let text = input.trim();
    if !(7..=20).contains(&text.chars().count()) {
        return Err(PhoneError::WrongLength);
    }
    if !text.chars().all(|c| c.is_ascii_digit() || " ()+-".contains(c)) {
        return Err(PhoneError::ForbiddenCharacter);
    }
    Ok(text)
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Phone(..)")
    }
}

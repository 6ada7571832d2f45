//! International bank account numbers.

use std::fmt;

use iban::IbanLike;

use super::{account_number::AccountNumber, bank_code::BankCode, sort_code::SortCode};

/// An IBAN as of ISO 13616, without spaces, upper case: of a country that has IBANs, built as the
/// country's are, with the right check digits. It can lead to a person, so `Debug` does not show it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Iban(String);

/// Why a text is no IBAN. Which of its rules is broken is not told: most often it is a digit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be an ISO 13616 IBAN with the right check digits")]
pub struct NotAnIban;

impl Iban {
    /// In any case, with spaces anywhere.
    ///
    /// # Errors
    /// When the country, the length, a character or the check digits are wrong.
    pub fn parse(text: &str) -> Result<Self, NotAnIban> {
        let text = text.replace(' ', "").to_ascii_uppercase();
        let iban: iban::Iban = text.parse().map_err(|_| NotAnIban)?;
        // Remainders of 97 have two names where only one is a check digit: 00, 01 and 99 never are.
        if !(2..=98).contains(&iban.check_digits()) {
            return Err(NotAnIban);
        }
        Ok(Self(iban.electronic_str().to_owned()))
    }

    /// The IBAN of a UK account.
    #[must_use]
    pub fn of_uk_account(
        bank_code: &BankCode,
        sort_code: &SortCode,
        account_number: &AccountNumber,
    ) -> Self {
        let account = format!("{bank_code}{sort_code}{account_number}");
        let check_digits = 98_u32.saturating_sub(mod_97(&format!("{account}GB00")));
        Self(format!("GB{check_digits:02}{account}"))
    }

    /// Without spaces, upper case.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The remainder of ISO 7064, with A as 10 and Z as 35. Stays below 97 * 100 + 35, so nothing saturates.
fn mod_97(text: &str) -> u32 {
    text.chars().filter_map(|character| character.to_digit(36)).fold(0, |remainder, digit| {
        let shift = if digit < 10 { 10 } else { 100 };
        remainder.saturating_mul(shift).saturating_add(digit) % 97
    })
}

impl fmt::Display for Iban {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Iban {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Iban(..)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn uk_account() -> impl Strategy<Value = Iban> {
        ("[A-Z]{4}", "[0-9]{6}", 0..100_000_000_u32).prop_map(|(bank, sort_code, counter)| {
            Iban::of_uk_account(
                &BankCode::parse(&bank).unwrap(),
                &SortCode::parse(&sort_code).unwrap(),
                &AccountNumber::from_counter(counter).unwrap(),
            )
        })
    }

    #[test]
    fn examples_of_the_registry_are_ibans() {
        for text in [
            "GB29NWBK60161331926819",
            "GB29 NWBK 6016 1331 9268 19",
            "gb29nwbk60161331926819",
            "DE89370400440532013000",
            "FR1420041010050500013M02606",
            "NO9386011117947",
            "MT84MALT011000012345MTLCAST001S",
        ] {
            let iban = Iban::parse(text).unwrap();

            assert_eq!(iban.as_str(), text.replace(' ', "").to_uppercase());
        }
    }

    #[test]
    fn what_is_no_iban_is_refused() {
        for text in [
            "",
            "GB",
            "GB29NWBK6016133192681",
            "GB29NWBK601613319268199",
            "GB28NWBK60161331926819",
            "US29NWBK60161331926819",
            "GB29-NWBK-60161331926819",
            "GB29NWBK6016133192681é",
        ] {
            assert_eq!(Iban::parse(text), Err(NotAnIban), "{text}");
        }
    }

    #[test]
    fn the_check_digits_of_an_account_are_the_known_ones() {
        let iban = Iban::of_uk_account(
            &BankCode::parse("NWBK").unwrap(),
            &SortCode::parse("601613").unwrap(),
            &AccountNumber::parse("31926819").unwrap(),
        );

        assert_eq!(iban.as_str(), "GB29NWBK60161331926819");
        assert_eq!(format!("{iban:?}"), "Iban(..)");
    }

    proptest! {
        #[test]
        fn the_iban_of_an_account_is_one(iban in uk_account()) {
            prop_assert_eq!(Iban::parse(iban.as_str()), Ok(iban));
        }

        #[test]
        fn one_wrong_digit_is_noticed(iban in uk_account(), place in 8_usize..22, digit in 0..10_u8) {
            let mut wrong = iban.as_str().to_owned();
            wrong.replace_range(place..=place, &digit.to_string());

            prop_assert_eq!(Iban::parse(&wrong).is_ok(), wrong == iban.as_str());
        }

        #[test]
        fn two_swapped_neighbours_are_noticed(iban in uk_account(), place in 0_usize..21) {
            let mut wrong = iban.as_str().to_owned();
            let moved = wrong.remove(place);
            wrong.insert(place.saturating_add(1), moved);

            prop_assert_eq!(Iban::parse(&wrong).is_ok(), wrong == iban.as_str());
        }

        #[test]
        fn any_text_is_parsed_or_refused(text in "\\PC{0,40}") {
            let _ = Iban::parse(&text);
        }
    }
}

//! What holds of every value, whatever text it comes from. The fuzz targets look for texts that break it;
//! here those are tried again that they have found worth keeping.

#![expect(clippy::missing_panics_doc, reason = "that a rule is broken is told by a panic")]

use time::{Date, macros::date};

use crate::{
    AccountNumber, Amount, Balance, BankCode, Bic, Country, Currency, CustomerId, DateOfBirth,
    DecimalText, Email, Iban, Phone, Reference, SortCode, Text,
};

const TODAY: Date = date!(2026 - 11 - 21);

/// Amounts keep their value through printing and reading, and nothing wraps.
pub fn money(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let read = DecimalText::parse(&text);
    for currency in ["JPY", "GBP", "BHD", "CLF"].into_iter().flat_map(Currency::parse) {
        let amount = Amount::parse(&text, currency).ok();
        assert_eq!(amount, read.ok().and_then(|read| read.in_currency(currency).ok()), "{text}");
        if let Some(amount) = amount {
            assert!(amount.minor() > 0, "{text}");
            assert_eq!(value(&amount.to_decimal_string()), value(&text), "{text}");
            printed(amount);
        }
        if let Some(bytes) = data.first_chunk() {
            minor(i64::from_le_bytes(*bytes), currency);
        }
    }
}

/// A number's digits without those that mean nothing.
fn value(text: &str) -> (&str, &str) {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    (whole.trim_start_matches('0'), fraction.trim_end_matches('0'))
}

fn printed(amount: Amount) {
    let text = amount.to_decimal_string();
    assert!(text.len() <= 11, "{text}");
    assert_eq!(Amount::parse(&text, amount.currency()), Ok(amount), "{text}");
}

fn minor(minor: i64, currency: Currency) {
    let text = Balance::new(minor, currency).to_decimal_string();
    assert_eq!(text.replace('.', "").parse(), Ok(minor), "{text}");
    if let Ok(amount) = Amount::new(minor, currency) {
        assert!(minor > 0);
        printed(amount);
    }
}

/// A date of birth is printed as it was read, and is in no future.
pub fn birthdays(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Ok(born) = DateOfBirth::parse(&text, TODAY) {
        assert_eq!(born.to_string(), text);
        assert!(born.date() <= TODAY && born.date().year() >= 1896, "{text}");
    }
}

/// What names an account is read again as it is printed; an IBAN's check digits are right.
pub fn accounts(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Ok(iban) = Iban::parse(&text) {
        assert_eq!(Iban::parse(iban.as_str()).as_ref(), Ok(&iban));
        assert_eq!(remainder(iban.as_str()), Some(1), "{text}");
    }
    if let Ok(bic) = Bic::parse(&text) {
        assert_eq!(Bic::parse(bic.as_str()), Ok(bic));
    }
    if let Ok(code) = SortCode::parse(&text) {
        assert_eq!(SortCode::parse(code.as_str()), Ok(code));
    }
    if let Ok(number) = AccountNumber::parse(&text) {
        assert_eq!(AccountNumber::parse(number.as_str()), Ok(number));
    }
    if let Ok(code) = BankCode::parse(&text) {
        assert_eq!(BankCode::parse(code.as_str()), Ok(code));
    }
}

/// ISO 7064, letter by letter: none where there is something that is neither a letter nor a digit.
fn remainder(iban: &str) -> Option<u32> {
    let (head, account) = iban.split_at_checked(4)?;
    account.chars().chain(head.chars()).try_fold(0_u32, |before, letter| {
        let digit = letter.to_digit(36)?;
        let shifted = before.checked_mul(if digit < 10 { 10 } else { 100 })?;
        Some(shifted.checked_add(digit)? % 97)
    })
}

/// Names, addresses, numbers and codes are read again as they were kept, and hold nothing that could
/// break a line or turn its direction.
pub fn texts(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    if let Ok(kept) = Text::parse(&text, 1..=50) {
        plain(kept.as_str());
        assert!((1..=50).contains(&kept.as_str().chars().count()));
        assert_eq!(Text::parse(kept.as_str(), 1..=50), Ok(kept));
    }
    if let Ok(kept) = Reference::parse(&text) {
        assert!(kept.as_str().is_ascii());
        plain(kept.as_str());
        assert_eq!(Reference::parse(kept.as_str()), Ok(kept));
    }
    if let Ok(kept) = Email::parse(&text) {
        plain(kept.as_str());
        assert_eq!(Email::parse(kept.as_str()), Ok(kept));
    }
    if let Ok(country) = Country::parse(&text) {
        assert_eq!(Country::parse(country.code()), Ok(country));
    }
    if let Ok(currency) = Currency::parse(&text) {
        assert_eq!(Currency::parse(&currency.lower()), Ok(currency));
    }
    if let Ok(id) = CustomerId::parse(&text) {
        assert_eq!(id.to_string(), text.to_ascii_lowercase());
    }
}

/// A telephone number has an E.164 form, which is a number itself.
pub fn phones(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    for country in [None, Country::parse("GB").ok(), Country::parse("US").ok()] {
        if let Ok(phone) = Phone::parse(&text, country) {
            assert_eq!(Phone::from_parsed(phone.as_str(), phone.e164()), Ok(phone));
        }
    }
}

fn plain(text: &str) {
    let is_unseen = |letter: char| {
        letter.is_control() || matches!(letter, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}')
    };
    assert!(!text.chars().any(is_unseen), "{text:?}");
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    fn replay(target: &str, check: fn(&[u8])) {
        let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
        let inputs: Vec<_> = fs::read_dir(corpus).unwrap().map(|file| file.unwrap()).collect();
        assert!(!inputs.is_empty());
        for input in inputs {
            check(&fs::read(input.path()).unwrap());
        }
    }

    #[test]
    fn what_fuzzing_has_found_keeps_the_rules() {
        replay("money", super::money);
        replay("birthdays", super::birthdays);
        replay("accounts", super::accounts);
        replay("texts", super::texts);
        replay("phones", super::phones);
    }
}

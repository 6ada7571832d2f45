//! Telephone numbers as people write them.

use proptest::prelude::*;
use types::{Country, Phone, PhoneError};

#[expect(clippy::unwrap_used, reason = "a test's own helper")]
fn country(code: &str) -> Country {
    Country::parse(code).unwrap()
}

fn e164(text: &str, code: &str) -> Result<String, PhoneError> {
    Phone::parse(text, Some(country(code))).map(|phone| phone.e164().to_owned())
}

#[test]
fn the_documented_samples_are_numbers() {
    assert_eq!(e164("+44(0)203 982 6580", "GB").unwrap(), "+442039826580");
    assert_eq!(e164("44 0 203 982 6580", "GB").unwrap(), "+442039826580");
    assert_eq!(e164("+44(0)7763270200", "GB").unwrap(), "+447763270200");
    assert_eq!(e164("02039826580", "GB").unwrap(), "+442039826580");
}

#[test]
fn one_number_may_be_written_in_many_ways() {
    for text in [
        "+442039826580",
        "+44 20 3982 6580",
        "(+44) 20-3982-6580",
        "+44 (0)20 3982 6580",
        "+44 020 3982 6580",
        "442039826580",
        "44 (0)20 3982 6580",
        "0044 20 3982 6580",
        "00 44 (0)2039826580",
        "(020) 3982 6580",
        "(0)20 3982 6580",
        "2039826580",
        " 02039826580 ",
    ] {
        assert_eq!(e164(text, "GB").as_deref(), Ok("+442039826580"), "{text}");
    }
}

#[test]
fn an_international_number_may_be_of_any_country() {
    for (text, expected) in [
        ("+44(0)203 982 6580", "+442039826580"),
        ("+44 7700 900123", "+447700900123"),
        ("+1 (202) 555-0123", "+12025550123"),
        ("+49 (0)30 901820", "+4930901820"),
        ("+33 (0)1 42 68 53 00", "+33142685300"),
        ("+34 (0)912 345 678", "+34912345678"),
        ("+39 06 698 82", "+390669882"),
        ("+39 (0)6 6982", "+39066982"),
        ("+7 800 123 45 67", "+78001234567"),
        ("+7 (8)912 345-67-89", "+79123456789"),
        ("+380 44 123 4567", "+380441234567"),
        ("+65 6123 4567", "+6561234567"),
        ("+800 1234 5678", "+80012345678"),
        ("+383 44 123 456", "+38344123456"),
        ("+375(8)029 123-45-67", "+375291234567"),
        ("+55 11 91234-5678", "+5511912345678"),
        ("+1 684 633 1234", "+16846331234"),
    ] {
        assert_eq!(Phone::parse(text, None).unwrap().e164(), expected, "{text}");
        assert_eq!(e164(text, "US").as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn a_national_number_is_read_as_its_country_dials() {
    for (text, code, expected) in [
        ("(202) 555-0123", "US", "+12025550123"),
        ("1 202 555 0123", "US", "+12025550123"),
        ("011 44 20 3982 6580", "US", "+442039826580"),
        ("06 698 82 00", "IT", "+39066988200"),
        ("01 42 68 53 00", "FR", "+33142685300"),
        ("8 912 345-67-89", "RU", "+79123456789"),
        ("8 800 123-45-67", "RU", "+78001234567"),
        ("030 901820", "DE", "+4930901820"),
        ("07911 123456", "JE", "+447911123456"),
        ("0912 345 678", "TW", "+886912345678"),
        ("391 234 5678", "IT", "+393912345678"),
        ("8 029 123 45 67", "BY", "+375291234567"),
        ("06 1 234 5678", "HU", "+3612345678"),
        ("011 15 2345-6789", "AR", "+5491123456789"),
        ("0 15 11 2345-6789", "BR", "+551123456789"),
    ] {
        assert_eq!(e164(text, code).as_deref(), Ok(expected), "{text} in {code}");
    }
}

#[test]
fn a_national_number_needs_its_country() {
    assert_eq!(Phone::parse("020 3982 6580", None), Err(PhoneError::NotANumber));
    assert_eq!(e164("020 3982 6580", "AQ"), Err(PhoneError::NotANumber));
    assert_eq!(e164("44 0 203 982 6580", "FR"), Err(PhoneError::NotANumber));
}

#[test]
fn what_fits_no_plan_is_refused() {
    for text in [
        "0000000",
        "1234567",
        "+0442039826580",
        "+44 20 3982 658",
        "+44 20 3982 65801",
        "+999 1234567",
        "++442039826580",
        "44+2039826580",
        "0203982658 +",
        "       +",
        "-------",
        "(((()))))",
        "+1 202 555",
        "+00000000000",
        "+44+44+44",
    ] {
        let result = e164(text, "GB");
        let is_refused = matches!(result, Err(PhoneError::NotANumber | PhoneError::WrongLength));
        assert!(is_refused, "{text}: {result:?}");
    }
}

#[test]
fn other_characters_and_lengths_are_refused() {
    assert_eq!(e164("020398", "GB"), Err(PhoneError::WrongLength));
    assert_eq!(e164("+44 20 3982 6580 00000", "GB"), Err(PhoneError::WrongLength));
    for text in ["0203982658x", "020.3982.6580", "tel:02039826580", "٠٢٠٣٩٨٢٦٥٨٠", "020\t39826580"]
    {
        assert_eq!(e164(text, "GB"), Err(PhoneError::ForbiddenCharacter), "{text}");
    }
}

#[test]
fn a_number_is_kept_as_it_was_sent() {
    let phone = Phone::parse(" +44(0)203 982 6580 ", Some(country("GB"))).unwrap();

    assert_eq!(phone.as_str(), "+44(0)203 982 6580");
    assert_eq!(format!("{phone:?}"), "Phone(..)");
    assert_eq!(Phone::from_parsed(phone.as_str(), phone.e164()), Ok(phone));
}

#[test]
fn what_cannot_have_been_parsed_is_no_number() {
    assert_eq!(Phone::from_parsed("02039826580", "442039826580"), Err(PhoneError::NotANumber));
    assert_eq!(Phone::from_parsed("02039826580", "+44 2039826580"), Err(PhoneError::NotANumber));
    assert_eq!(
        Phone::from_parsed("0203982658x", "+44203982658"),
        Err(PhoneError::ForbiddenCharacter)
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn any_text_is_parsed_or_refused(text in "[0-9 ()+-]{7,20}", code in "[A-Z]{2}") {
        let country = Country::parse(&code).ok();
        if let Ok(phone) = Phone::parse(&text, country) {
            let digits = phone.e164().strip_prefix('+').unwrap();
            prop_assert!(digits.len() <= 15 && digits.bytes().all(|byte| byte.is_ascii_digit()));
            prop_assert_eq!(Phone::from_parsed(phone.as_str(), phone.e164()), Ok(phone));
        }
    }

    #[test]
    fn the_e164_form_stands_for_the_same_number(text in "0[1-9][0-9]{5,12}", code in "[A-Z]{2}") {
        let country = Country::parse(&code).ok();
        if let Ok(phone) = Phone::parse(&text, country)
            && let Ok(again) = Phone::parse(phone.e164(), None)
        {
            prop_assert_eq!(again.e164(), phone.e164());
        }
    }
}

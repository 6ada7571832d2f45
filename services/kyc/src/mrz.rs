//! Machine-readable zones of travel documents, as ICAO Doc 9303 lays them out, beside the customer's
//! record. A zone is read and compared, never kept.

use mrz::{Format, MrzData, ParseOptions};
use time::Date;

use crate::{domain::Side, record::Record};

mod compare;
pub(crate) mod ocr;

/// Characters of a zone at most: three lines of thirty, and room for line ends and spaces.
pub(crate) const MAX_TEXT: usize = 500;

/// Why a person must look, where a zone does not agree with the record.
pub(crate) const MISMATCH: &str = "MRZ_MISMATCH";
/// The same, where it is not a zone at all.
pub(crate) const UNREADABLE: &str = "MRZ_UNREADABLE";

/// How something in a zone stands to the record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Finding {
    Match,
    Mismatch,
    /// One of the two has nothing to compare.
    Unknown,
}

impl Finding {
    const ALL: [Self; 3] = [Self::Match, Self::Mismatch, Self::Unknown];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Match => "match",
            Self::Mismatch => "mismatch",
            Self::Unknown => "unknown",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|finding| finding.as_str() == text)
    }

    fn of(is_so: bool) -> Self {
        if is_so { Self::Match } else { Self::Mismatch }
    }
}

/// Who read a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    Caller,
    Ocr,
}

impl Source {
    const ALL: [Self; 2] = [Self::Caller, Self::Ocr];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Caller => "caller",
            Self::Ocr => "ocr",
        }
    }

    pub(crate) fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|source| source.as_str() == text)
    }
}

/// What was found in the zone of one document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Findings {
    pub(crate) side: Side,
    pub(crate) source: Source,
    /// Empty when it cannot be read.
    pub(crate) format: String,
    pub(crate) check_digits: Finding,
    pub(crate) name: Finding,
    pub(crate) date_of_birth: Finding,
    /// Against the day on which it was read.
    pub(crate) expiry: Finding,
    /// Of the nationality, or of who issued it, with the country of the address. People live abroad: this
    /// alone asks for nothing.
    pub(crate) country: Finding,
}

impl Findings {
    /// Reads what a caller says is the zone, letter by letter: nothing is guessed.
    pub(crate) fn of_text(side: Side, text: &str, record: &Record, today: Date) -> Self {
        match parse(text, today) {
            Some(zone) => Self::of_zone(side, Source::Caller, &zone, record, today),
            None => Self::unreadable(side, Source::Caller),
        }
    }

    /// Looks for a zone in what a program read from an image; none where there is none.
    pub(crate) fn of_image(side: Side, text: &str, record: &Record, today: Date) -> Option<Self> {
        let zone = mrz::find_and_parse_with(text, &options(today)).ok()?;
        Some(Self::of_zone(side, Source::Ocr, &zone, record, today))
    }

    fn of_zone(side: Side, source: Source, zone: &MrzData, record: &Record, today: Date) -> Self {
        Self {
            side,
            source,
            format: format(zone.format).to_owned(),
            check_digits: Finding::of(zone.checksum_consistent()),
            name: compare::name(zone, record),
            date_of_birth: compare::date_of_birth(zone, record),
            expiry: compare::expiry(zone, today),
            country: compare::country(zone, record),
        }
    }

    fn unreadable(side: Side, source: Source) -> Self {
        Self {
            side,
            source,
            format: String::new(),
            check_digits: Finding::Unknown,
            name: Finding::Unknown,
            date_of_birth: Finding::Unknown,
            expiry: Finding::Unknown,
            country: Finding::Unknown,
        }
    }

    /// Why a person must look; none when nothing speaks against the document.
    pub(crate) fn reason(&self) -> Option<&'static str> {
        if self.format.is_empty() {
            return Some(UNREADABLE);
        }
        [self.check_digits, self.name, self.date_of_birth, self.expiry]
            .contains(&Finding::Mismatch)
            .then_some(MISMATCH)
    }
}

/// A zone whose lines are all there, in upper or lower case, with or without line ends.
fn parse(text: &str, today: Date) -> Option<MrzData> {
    let text = text.to_ascii_uppercase();
    let mut lines: Vec<String> = text
        .lines()
        .map(|line| line.chars().filter(|letter| !letter.is_whitespace()).collect::<String>())
        .filter(|line| !line.is_empty())
        .collect();
    if let [only] = lines.as_slice() {
        let length = match only.len() {
            90 => 30,
            72 => 36,
            88 => 44,
            _ => return None,
        };
        let only: Vec<char> = only.chars().collect();
        lines = only.chunks(length).map(|line| line.iter().collect()).collect();
    }
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    let options = options(today);
    match lines.as_slice() {
        [one, two, three] => mrz::parse_td1_with(one, two, three, &options).ok(),
        [one, two] if one.starts_with('V') => mrz::parse_mrv_a_with(one, two, &options)
            .or_else(|_| mrz::parse_mrv_b_with(one, two, &options))
            .ok(),
        [one, two] => mrz::parse_td3_with(one, two, &options)
            .or_else(|_| mrz::parse_td2_with(one, two, &options))
            .ok(),
        _ => None,
    }
}

/// Nobody was born in the years of this century that are to come.
fn options(today: Date) -> ParseOptions {
    ParseOptions::default().with_pivot_yy(u32::try_from(today.year().rem_euclid(100)).unwrap_or(0))
}

fn format(format: Format) -> &'static str {
    match format {
        Format::Td1 => "td1",
        Format::Td2 => "td2",
        Format::Td3 => "td3",
        Format::MrvA => "mrv_a",
        Format::MrvB => "mrv_b",
        _ => "other",
    }
}

#[cfg(test)]
mod tests {
    use time::macros::date;
    use types::Country;

    use super::*;

    const TODAY: Date = date!(2010 - 06 - 01);
    /// ICAO's specimens (Doc 9303, parts 4, 5 and 6).
    const TD3: &str = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\n\
                       L898902C36UTO7408122F1204159ZE184226B<<<<<10";
    const TD1: &str = "I<UTOD231458907<<<<<<<<<<<<<<<\n\
                       7408122F1204159UTO<<<<<<<<<<<6\n\
                       ERIKSSON<<ANNA<MARIA<<<<<<<<<<";
    const TD2: &str = "I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<\n\
                       D231458907UTO7408122F1204159<<<<<<<6";

    fn anna() -> Record {
        Record {
            first_name: "Anna Maria".into(),
            last_name: "Eriksson".into(),
            born: Some(date!(1974 - 08 - 12)),
            country: Country::parse("GB").ok(),
            ..Record::default()
        }
    }

    fn of(text: &str, record: &Record) -> Findings {
        Findings::of_text(Side::Front, text, record, TODAY)
    }

    #[test]
    fn the_specimens_agree_with_their_holder() {
        for (text, format) in [(TD3, "td3"), (TD2, "td2"), (TD1, "td1")] {
            let findings = of(text, &anna());

            assert_eq!(findings.format, format);
            assert_eq!(findings.reason(), None, "{format}: {findings:?}");
            assert_eq!(findings.name, Finding::Match);
            assert_eq!(findings.date_of_birth, Finding::Match);
            // Utopia is no country.
            assert_eq!(findings.country, Finding::Unknown);
        }
    }

    #[test]
    fn lower_case_and_missing_line_ends_are_read() {
        let one_line = TD3.replace('\n', "");

        for text in [TD3.to_lowercase(), TD1.to_lowercase(), one_line, format!("\n {TD2} \r\n")] {
            assert_eq!(of(&text, &anna()).reason(), None, "{text}");
        }
    }

    #[test]
    fn what_is_cut_off_or_no_zone_cannot_be_read() {
        let cut = &TD3[..TD3.len() - 4];
        let first = TD3.lines().next().unwrap();

        for text in ["", cut, first, "no zone at all", "€€€€\n<<<<", &"A<".repeat(45)] {
            assert_eq!(of(text, &anna()).reason(), Some(UNREADABLE), "{text}");
        }
    }

    #[test]
    fn a_wrong_digit_is_found() {
        for wrong in [
            TD3.replace("7408122", "7408123"),
            TD3.replace("L898902C36", "L898902C37"),
            TD3.replace("<10", "<11"),
            TD1.replace("<<6\n", "<<7\n"),
        ] {
            let findings = of(&wrong, &anna());

            assert_eq!(findings.check_digits, Finding::Mismatch, "{wrong}");
            assert_eq!(findings.reason(), Some(MISMATCH));
        }
    }

    #[test]
    fn another_person_does_not_agree() {
        let other = Record { last_name: "Svensson".into(), ..anna() };
        let younger = Record { born: Some(date!(1975 - 08 - 12)), ..anna() };

        assert_eq!(of(TD3, &other).name, Finding::Mismatch);
        assert_eq!(of(TD3, &younger).date_of_birth, Finding::Mismatch);
        assert_eq!(of(TD3, &younger).reason(), Some(MISMATCH));
    }

    #[test]
    fn a_document_that_has_expired_is_found() {
        let later = Findings::of_text(Side::Front, TD3, &anna(), date!(2012 - 04 - 16));
        let last_day = Findings::of_text(Side::Front, TD3, &anna(), date!(2012 - 04 - 15));

        assert_eq!(later.expiry, Finding::Mismatch);
        assert_eq!(last_day.expiry, Finding::Match);
    }

    #[test]
    fn a_zone_is_found_in_what_a_program_read() {
        let text = format!("PASSPORT  Utopia\n\n{TD3}\n~~");

        let findings = Findings::of_image(Side::Front, &text, &anna(), TODAY).unwrap();

        assert_eq!((findings.source, findings.reason()), (Source::Ocr, None));
        assert_eq!(Findings::of_image(Side::Front, "a cat on a mat", &anna(), TODAY), None);
    }
}

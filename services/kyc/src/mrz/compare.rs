//! A zone beside the record, field by field.

use mrz::{MrzData, encode_name_component};
use time::{Date, Month};
use types::Country;

use super::Finding;
use crate::{
    record::Record,
    screening::{Part, by_alpha_3, parts, without_titles},
};

/// Every part of the record's last name is among those of the zone, and so is the first of its first names;
/// as Doc 9303 spells them, or without their accents. A zone has room for so many letters: a part at its
/// end may be cut off.
pub(super) fn name(zone: &MrzData, record: &Record) -> Finding {
    let (first, last) = (record.first_name.as_str(), record.last_name.as_str());
    if last.is_empty() {
        return Finding::Unknown;
    }
    let surname: Vec<&str> = zone.surname.split(' ').collect();
    let given: Vec<&str> = zone.given_names.split(' ').collect();
    let cut = is_full(zone);
    let last =
        spellings(last).iter().any(|parts| parts.iter().all(|part| has(&surname, part, cut)));
    let first = spellings(first)
        .iter()
        .any(|parts| parts.first().is_none_or(|part| has(&given, part, cut)));
    Finding::of(last && first)
}

/// To the day; unknown where the zone leaves something out.
pub(super) fn date_of_birth(zone: &MrzData, record: &Record) -> Finding {
    match (date(zone.date_of_birth), record.born) {
        (Some(born), Some(known)) => Finding::of(born == known),
        _ => Finding::Unknown,
    }
}

/// Whether it is still good on this day.
pub(super) fn expiry(zone: &MrzData, today: Date) -> Finding {
    date(zone.date_of_expiry).map_or(Finding::Unknown, |last| Finding::of(today <= last))
}

pub(super) fn country(zone: &MrzData, record: &Record) -> Finding {
    let nationality = by_alpha_3(&zone.nationality);
    let issuer = by_alpha_3(&zone.issuing_country);
    let Some(known) = record.country else { return Finding::Unknown };
    let of_zone: Vec<Country> = nationality.into_iter().chain(issuer).collect();
    if of_zone.is_empty() { Finding::Unknown } else { Finding::of(of_zone.contains(&known)) }
}

/// The parts of a name as Doc 9303 transliterates them ("MUELLER"), and as many others do ("MULLER"), with
/// titles, which are also names, and without them.
fn spellings(name: &str) -> Vec<Vec<String>> {
    let icao = encode_name_component(name);
    let icao = icao.split('<').filter(|part| !part.is_empty()).map(str::to_owned).collect();
    let plain =
        |parts: Vec<Part>| parts.into_iter().map(|part| part.plain.to_uppercase()).collect();
    let untitled: Vec<String> = plain(without_titles(parts(name)));
    let untitled = (!untitled.is_empty()).then_some(untitled);
    [icao, plain(parts(name))].into_iter().chain(untitled).collect()
}

fn has(zone: &[&str], part: &str, cut: bool) -> bool {
    zone.iter().enumerate().any(|(at, found)| {
        let is_last = at.saturating_add(1) == zone.len();
        *found == part || (cut && is_last && !found.is_empty() && part.starts_with(*found))
    })
}

/// Whether the field of the names has no filler at its end: then something may be missing.
fn is_full(zone: &MrzData) -> bool {
    let mut lines = zone.mrz_lines.lines();
    let names = if zone.format == mrz::Format::Td1 { lines.nth(2) } else { lines.next() };
    names.is_some_and(|names| !names.ends_with('<'))
}

fn date(zone: mrz::MrzDate) -> Option<Date> {
    let date = zone.calendar()?;
    let month = Month::try_from(u8::try_from(date.month).ok()?).ok()?;
    Date::from_calendar_date(date.year, month, u8::try_from(date.day).ok()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(names: &str, first: &str, last: &str) -> Finding {
        let line = format!("P<D<<{names}");
        let line = format!("{line:<<44}");
        let zone = mrz::parse_td3(&line, "C01X00T478D<<6408125F2702283<<<<<<<<<<<<<<<4").unwrap();
        let record =
            Record { first_name: first.into(), last_name: last.into(), ..Record::default() };
        name(&zone, &record)
    }

    #[test]
    fn accents_and_umlauts_are_written_in_two_ways() {
        for (zone, first, last) in [
            ("MUELLER<<JOERG", "Jörg", "Müller"),
            ("MULLER<<JORG", "Jörg", "Müller"),
            ("OCONNOR<<SINEAD<MARIE", "Sinéad", "O'Connor"),
            ("SMITH<JONES<<ANN", "Ann", "Smith-Jones"),
            ("IVANOV<<PETR", "Пётр", "Иванов"),
            ("VAN<DER<BERG<<JAN", "Jan Willem", "van der Berg"),
        ] {
            assert_eq!(named(zone, first, last), Finding::Match, "{zone}");
        }
    }

    #[test]
    fn a_title_may_be_a_name() {
        for (zone, first, last, is) in [
            ("SHEIKH<<OMAR", "Omar", "Sheikh", Finding::Match),
            ("SAID<<OMAR", "Dr Omar", "Said", Finding::Match),
            ("SAID<<OMAR", "Omar", "Sheikh", Finding::Mismatch),
        ] {
            assert_eq!(named(zone, first, last), is, "{zone}");
        }
    }

    #[test]
    fn a_name_without_room_may_be_cut_off() {
        let long = "PAPANDROPOULOUS<<JONATHON<WARREN<TREVOR";
        assert_eq!(long.len(), 39);

        assert_eq!(named(long, "Jonathon Warren Trevorson", "Papandropoulous"), Finding::Match);
        let cut = "NILAVADHANANANDA<<CHAYAPA<DEJTHAMRONGKR";
        assert_eq!(named(cut, "Chayapa", "Nilavadhanananda"), Finding::Match);
        assert_eq!(named("SMITH<<ANN", "Anna", "Smith"), Finding::Mismatch);
        assert_eq!(named("SMITH<<ANN", "Ann", "Smithson"), Finding::Mismatch);
    }

    #[test]
    fn a_german_document_is_of_germany() {
        let zone = "C01X00T478D<<6408125F2702283<<<<<<<<<<<<<<<4";
        let zone = mrz::parse_td3("P<D<<MUSTERMANN<<ERIKA<<<<<<<<<<<<<<<<<<<<<<", zone).unwrap();
        let of = |code: &str| Record { country: Country::parse(code).ok(), ..Record::default() };

        assert_eq!(country(&zone, &of("DE")), Finding::Match);
        assert_eq!(country(&zone, &of("FR")), Finding::Mismatch);
        assert_eq!(country(&zone, &Record::default()), Finding::Unknown);
    }
}

//! The UK Sanctions List as CSV: a line with the date of the report, a line with the names of the columns,
//! and a line for each name and address of an entry.

use std::collections::{BTreeMap, HashMap};

use types::Country;

use super::{Read, Reading, Unreadable, finish};
use crate::screening::{
    born::Born,
    countries,
    entry::{Entry, Kind, List, Name, Naming},
};

const ID: &str = "Unique ID";
const KIND: &str = "Designation Type";
const STRENGTH: &str = "Alias strength";
const OTHER_SCRIPT: &str = "Name non-latin script";
const BORN: &str = "D.O.B";
/// "Name 6" is the last name, or all of a name.
const NAMES: [&str; 6] = ["Name 1", "Name 2", "Name 3", "Name 4", "Name 5", "Name 6"];
const COUNTRIES: [&str; 3] = ["Nationality(/ies)", "Address Country", "Country of birth"];
const NAME_TYPE: &str = "Name type";

/// Reads the file.
pub(crate) fn read(content: &[u8]) -> Result<Read, Unreadable> {
    let mut reading = Reading::new("uk");
    let mut entries = BTreeMap::<String, Entry>::new();
    let content = content.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(content);
    let mut rows = reading.rows(content).into_iter().peekable();
    rows.next_if(|(_, row)| row.first().is_some_and(|first| first.starts_with("Report Date")));
    if let Some(columns) = rows.next().and_then(|(line, row)| Columns::of(line, row, &mut reading))
    {
        for (line, row) in rows {
            columns.read(line, &row, &mut entries, &mut reading);
        }
    } else if reading.faults.is_empty() {
        reading.fault(1, "there is nothing in it".to_owned());
    }
    finish(entries, vec![reading])
}

/// Which column is where.
struct Columns {
    places: HashMap<String, usize>,
    count: usize,
}

impl Columns {
    fn of(line: u64, row: Vec<String>, reading: &mut Reading) -> Option<Self> {
        let count = row.len();
        let places: HashMap<String, usize> =
            row.into_iter().enumerate().map(|(place, name)| (name, place)).collect();
        let needed = [ID, KIND, STRENGTH, OTHER_SCRIPT, BORN, NAME_TYPE];
        let missing: Vec<&str> = needed
            .into_iter()
            .chain(NAMES)
            .chain(COUNTRIES)
            .filter(|name| !places.contains_key(*name))
            .collect();
        if missing.is_empty() {
            return Some(Self { places, count });
        }
        reading.fault(line, format!("there is no column {}", missing.join(", ")));
        None
    }

    fn field<'a>(&self, row: &'a [String], name: &str) -> &'a str {
        self.places.get(name).and_then(|place| row.get(*place)).map_or("", String::as_str)
    }

    fn read(
        &self,
        line: u64,
        row: &[String],
        entries: &mut BTreeMap<String, Entry>,
        reading: &mut Reading,
    ) {
        if row.len() != self.count {
            let what = format!("has {} fields and not {}", row.len(), self.count);
            return reading.fault(line, what);
        }
        let id = self.field(row, ID);
        if id.is_empty() {
            return reading.fault(line, format!("has no {ID}"));
        }
        let Some(kind) = kind(self.field(row, KIND)) else {
            return reading.fault(line, format!("has no {KIND} that is known"));
        };
        let naming = naming(self.field(row, NAME_TYPE)).unwrap_or_else(|| {
            reading.unread(line, format!("{NAME_TYPE} of {id} is not known"));
            Naming::Primary
        });
        let names = self.names(row, naming);
        if names.is_empty() {
            return reading.fault(line, "has no name".to_owned());
        }
        let entry = entries.entry(id.to_owned()).or_insert_with(|| Entry {
            list: List::Uk,
            id: id.to_owned(),
            kind,
            names: Vec::new(),
            births: Vec::new(),
            countries: Vec::new(),
        });
        if entry.kind != kind {
            return reading.fault(line, format!("has another {KIND} than {id} before"));
        }
        entry.names.extend(names);
        for text in several(self.field(row, BORN)) {
            match Born::parse_uk(text) {
                Some(born) => entry.births.push(born),
                None => reading.unread(line, format!("{BORN} of {id} cannot be read")),
            }
        }
        entry.countries.extend(COUNTRIES.into_iter().flat_map(|name| self.countries(row, name)));
    }

    fn names(&self, row: &[String], naming: Naming) -> Vec<Name> {
        let weak = self.field(row, STRENGTH).to_lowercase().starts_with("low");
        let latin = NAMES.map(|name| self.field(row, name)).join(" ");
        let latin = latin.split_whitespace().collect::<Vec<_>>().join(" ");
        [latin.as_str(), self.field(row, OTHER_SCRIPT)]
            .into_iter()
            .filter(|text| !text.is_empty())
            .map(|text| Name { text: text.to_owned(), weak, naming })
            .collect()
    }

    fn countries(&self, row: &[String], name: &str) -> Vec<Country> {
        several(self.field(row, name)).filter_map(countries::by_name).collect()
    }
}

fn kind(text: &str) -> Option<Kind> {
    match text.to_lowercase().as_str() {
        "individual" => Some(Kind::Person),
        "entity" => Some(Kind::Entity),
        "ship" => Some(Kind::Other),
        _ => None,
    }
}

fn naming(text: &str) -> Option<Naming> {
    match text.to_lowercase().as_str() {
        "" | "primary name" => Some(Naming::Primary),
        "primary name variation" => Some(Naming::Variation),
        "alias" => Some(Naming::Alias),
        _ => None,
    }
}

/// "(1) Russia (2) Ukraine", "Russia|Ukraine": each of them.
fn several(field: &str) -> impl Iterator<Item = &str> {
    field
        .split(['|', ';', '(', ')'])
        .map(str::trim)
        .filter(|part| !part.is_empty() && !is_number(part))
}

/// The "1" of "(1) Russia".
fn is_number(part: &str) -> bool {
    part.len() < 3 && part.parse::<u8>().is_ok()
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;

    const LIST: &str = include_str!("../../../tests/lists/uk.csv");

    fn entry(id: &str) -> Entry {
        let read = read(LIST.as_bytes()).unwrap();
        read.entries.into_iter().find(|entry| entry.id == id).unwrap()
    }

    fn texts(entry: &Entry) -> Vec<&str> {
        entry.names.iter().map(|name| name.text.as_str()).collect()
    }

    #[test]
    fn the_lines_of_an_entry_are_one() {
        let entry = entry("TST0001");

        assert_eq!(entry.kind, Kind::Person);
        assert_eq!(
            texts(&entry),
            ["Grigor Vlastemilovich DRUZHKOVSKY", "Hryhor DRUSHKOVSKI", "Григорь Дружковский"]
        );
        assert_eq!(entry.births, [Born::Day(date!(1961 - 03 - 14))]);
        assert_eq!(entry.countries.iter().map(|one| one.code()).collect::<Vec<_>>(), ["BY", "RU"]);
    }

    #[test]
    fn what_the_list_calls_a_name_is_kept() {
        let called = |id: &str| {
            let named = |name: &Name| (name.text.clone(), name.naming);
            entry(id).names.iter().map(named).collect::<HashMap<_, _>>()
        };

        assert_eq!(called("TST0001")["Hryhor DRUSHKOVSKI"], Naming::Variation);
        assert_eq!(called("TST0001")["Grigor Vlastemilovich DRUZHKOVSKY"], Naming::Primary);
        assert_eq!(called("TST0002")["Yusuf Abdulrahman AL MARZOUGANI"], Naming::Alias);
    }

    #[test]
    fn every_wrong_line_is_told_with_its_number() {
        let header = LIST.lines().nth(1).unwrap();
        let good = LIST.lines().nth(2).unwrap();
        let bad = good.replacen("Individual", "Ghost", 1);
        let file = format!("{header}\n{good}\nshort,line\n{good}\n{bad}\n");

        let Unreadable(faults) = read(file.as_bytes()).unwrap_err();

        assert_eq!(faults.iter().map(|fault| fault.line).collect::<Vec<_>>(), [3, 5]);
        assert!(faults[0].what.starts_with("has 2 fields"));
    }

    #[test]
    fn a_file_without_the_columns_is_refused() {
        for file in ["", "a,b\n1,2\n", "Report Date: 01-Jan-2026\n"] {
            assert!(read(file.as_bytes()).is_err(), "{file:?}");
        }
    }

    #[test]
    fn a_date_that_cannot_be_read_is_told_and_does_no_harm() {
        let file = LIST.replacen("14/03/1961", "about 1961", 1);

        let read = read(file.as_bytes()).unwrap();

        assert_eq!(read.unread.len(), 1);
        assert_eq!(read.unread[0].line, 3);
    }
}

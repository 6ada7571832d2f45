//! The list of Specially Designated Nationals as three CSV files without header: names, aliases,
//! addresses. "-0-" stands for nothing.

use std::{collections::BTreeMap, fs, io, path::Path};

use super::{Read, Reading, Unreadable, finish};
use crate::screening::{
    born::Born,
    countries,
    entry::{Entry, Kind, List, Name, Naming},
};

/// The three files.
#[derive(Debug)]
pub struct Ofac {
    /// `sdn.csv`: entries with their names.
    pub sdn: Vec<u8>,
    /// `alt.csv`: more names of them.
    pub alt: Vec<u8>,
    /// `add.csv`: their addresses.
    pub add: Vec<u8>,
}

impl Ofac {
    /// The files in a directory, under the names that they are published by.
    ///
    /// # Errors
    ///
    /// When one cannot be read; it is named.
    pub fn in_directory(directory: &Path) -> io::Result<Self> {
        let read = |name: &str| {
            let file = directory.join(name);
            fs::read(&file).map_err(|error| {
                io::Error::new(error.kind(), format!("{}: {error}", file.display()))
            })
        };
        Ok(Self { sdn: read("sdn.csv")?, alt: read("alt.csv")?, add: read("add.csv")? })
    }
}

/// Reads the files.
pub(crate) fn read(files: &Ofac) -> Result<Read, Unreadable> {
    let mut entries = BTreeMap::<String, Entry>::new();
    let mut sdn = Reading::new("sdn.csv");
    for (line, row) in rows(&mut sdn, &files.sdn, 12) {
        if let Some(entry) = entry(line, &row, &mut sdn)
            && let Some(before) = entries.insert(entry.id.clone(), entry)
        {
            sdn.fault(line, format!("{} is there twice", before.id));
        }
    }
    if entries.is_empty() && sdn.faults.is_empty() {
        sdn.fault(1, "there is nothing in it".to_owned());
    }
    let mut alt = Reading::new("alt.csv");
    for (line, row) in rows(&mut alt, &files.alt, 5) {
        match (entries.get_mut(field(&row, 0)), field(&row, 3)) {
            (Some(entry), name) if !name.is_empty() => {
                let weak = field(&row, 4).to_lowercase().contains("weak");
                entry.names.push(Name { text: name.to_owned(), weak, naming: Naming::Alias });
            }
            _ => alt.fault(line, "is of no entry, or has no name".to_owned()),
        }
    }
    let mut add = Reading::new("add.csv");
    for (line, row) in rows(&mut add, &files.add, 6) {
        match entries.get_mut(field(&row, 0)) {
            Some(entry) => entry.countries.extend(countries::by_name(field(&row, 4))),
            None => add.fault(line, "is of no entry".to_owned()),
        }
    }
    finish(entries, vec![sdn, alt, add])
}

/// The rows, all with as many fields. The files may end in a control character of old.
fn rows(reading: &mut Reading, content: &[u8], fields: usize) -> Vec<(u64, Vec<String>)> {
    let mut rows = reading.rows(content);
    rows.retain(
        |(_, row)| !matches!(row.as_slice(), [only] if matches!(only.as_str(), "" | "\u{1a}")),
    );
    rows.retain(|(line, row)| {
        if row.len() == fields {
            return true;
        }
        reading.fault(*line, format!("has {} fields and not {fields}", row.len()));
        false
    });
    rows
}

fn entry(line: u64, row: &[String], reading: &mut Reading) -> Option<Entry> {
    let (id, name) = (field(row, 0), field(row, 1));
    if id.parse::<u64>().is_err() || name.is_empty() {
        reading.fault(line, "has no number or no name".to_owned());
        return None;
    }
    let kind = match field(row, 2).to_lowercase().as_str() {
        "individual" => Kind::Person,
        "" | "entity" => Kind::Entity,
        "vessel" | "aircraft" => Kind::Other,
        _ => {
            reading.fault(line, "is of a type that is not known".to_owned());
            return None;
        }
    };
    let mut entry = Entry {
        list: List::Ofac,
        id: id.to_owned(),
        kind,
        names: vec![Name { text: name.to_owned(), weak: false, naming: Naming::Primary }],
        births: Vec::new(),
        countries: Vec::new(),
    };
    remarks(line, field(row, 11), &mut entry, reading);
    Some(entry)
}

/// "DOB 10 Dec 1948; alt. DOB 1949; nationality Iran; ..."
fn remarks(line: u64, remarks: &str, entry: &mut Entry, reading: &mut Reading) {
    for remark in remarks.trim_end_matches('.').split(';').map(str::trim) {
        let remark = remark.strip_prefix("alt. ").unwrap_or(remark);
        if let Some(date) = remark.strip_prefix("DOB ") {
            match Born::parse_ofac(date) {
                Some(born) => entry.births.push(born),
                None => reading.unread(line, format!("DOB of {} cannot be read", entry.id)),
            }
        }
        let country = ["nationality ", "citizen "]
            .into_iter()
            .find_map(|word| remark.strip_prefix(word))
            .and_then(countries::by_name);
        entry.countries.extend(country);
    }
}

fn field(row: &[String], place: usize) -> &str {
    row.get(place).map_or("", String::as_str).trim_matches('\u{1a}').trim_start_matches("-0-")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files() -> Ofac {
        Ofac {
            sdn: include_bytes!("../../../tests/lists/ofac/sdn.csv").to_vec(),
            alt: include_bytes!("../../../tests/lists/ofac/alt.csv").to_vec(),
            add: include_bytes!("../../../tests/lists/ofac/add.csv").to_vec(),
        }
    }

    #[test]
    fn the_three_files_make_one_entry() {
        let read = read(&files()).unwrap();

        let entry = read.entries.iter().find(|entry| entry.id == "90001").unwrap();
        let names: Vec<_> = entry.names.iter().map(|name| name.text.as_str()).collect();
        assert_eq!(names, ["TAVAROZZI, Benicio Aurelio", "TAVARROSSI, Benicio"]);
        assert_eq!(entry.births, [Born::parse("1957-11-02").unwrap(), Born::Years(1958, 1958)]);
        assert_eq!(entry.countries.iter().map(|one| one.code()).collect::<Vec<_>>(), ["BO", "PE"]);
        assert_eq!(read.unread, []);
    }

    #[test]
    fn an_alias_of_nobody_and_a_short_line_are_told() {
        let mut files = files();
        files.alt.extend_from_slice(b"1,1,\"aka\",\"NOBODY\",-0- \r\n");
        files.add.extend_from_slice(b"90001,7\r\n");

        let Unreadable(faults) = read(&files).unwrap_err();

        assert_eq!(
            faults.iter().map(|fault| fault.file).collect::<Vec<_>>(),
            ["alt.csv", "add.csv"]
        );
    }
}

//! Lists as their publishers write them, read into entries. A file is read whole or refused: whatever is
//! wrong with it is told, line by line.

use std::{collections::BTreeMap, fmt};

use super::entry::Entry;

mod ofac;
mod uk;

pub use ofac::Ofac;
pub(crate) use ofac::read as ofac;
pub(crate) use uk::read as uk;

/// How many faults are told of one file.
const TOLD: usize = 20;

/// A list as it was read.
#[derive(Debug)]
pub(crate) struct Read {
    pub(crate) entries: Vec<Entry>,
    /// What could not be read and does no harm: a date of birth is then unknown.
    pub(crate) unread: Vec<Fault>,
}

/// What is wrong with a line of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Which file.
    pub file: &'static str,
    /// Counted from 1.
    pub line: u64,
    /// What is wrong.
    pub what: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} line {}: {}", self.file, self.line, self.what)
    }
}

/// Why a list cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable(pub Vec<Fault>);

impl fmt::Display for Unreadable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} lines cannot be read", self.0.len())?;
        for fault in self.0.iter().take(TOLD) {
            write!(f, "\n  {fault}")?;
        }
        if self.0.len() > TOLD { write!(f, "\n  and so on") } else { Ok(()) }
    }
}

impl std::error::Error for Unreadable {}

/// What is found in a file on the way.
#[derive(Debug)]
struct Reading {
    file: &'static str,
    faults: Vec<Fault>,
    unread: Vec<Fault>,
}

impl Reading {
    fn new(file: &'static str) -> Self {
        Self { file, faults: Vec::new(), unread: Vec::new() }
    }

    /// The rows of a file that can be split into fields, with their lines.
    fn rows(&mut self, content: &[u8]) -> Vec<(u64, Vec<String>)> {
        let mut reader =
            csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(content);
        let mut rows = Vec::new();
        for record in reader.byte_records() {
            match record {
                Ok(record) => {
                    let line = record.position().map_or(0, csv::Position::line);
                    rows.push((line, record.iter().map(text).collect()));
                }
                Err(error) => {
                    let line = error.position().map_or(0, csv::Position::line);
                    self.fault(line, "is no CSV".to_owned());
                }
            }
        }
        rows
    }

    fn fault(&mut self, line: u64, what: String) {
        self.faults.push(Fault { file: self.file, line, what });
    }

    fn unread(&mut self, line: u64, what: String) {
        self.unread.push(Fault { file: self.file, line, what });
    }
}

/// UTF-8, or else Latin-1, in which every byte is a letter.
fn text(field: &[u8]) -> String {
    let text = std::str::from_utf8(field)
        .map_or_else(|_| field.iter().copied().map(char::from).collect(), str::to_owned);
    text.trim().to_owned()
}

/// All of it, in one order, each thing once; or what is wrong with it.
fn finish(entries: BTreeMap<String, Entry>, readings: Vec<Reading>) -> Result<Read, Unreadable> {
    let (mut faults, mut unread) = (Vec::new(), Vec::new());
    for reading in readings {
        faults.extend(reading.faults);
        unread.extend(reading.unread);
    }
    if !faults.is_empty() {
        return Err(Unreadable(faults));
    }
    let entries = entries.into_values().map(|mut entry| {
        entry.names.sort();
        entry.names.dedup_by(|one, other| one.text == other.text);
        entry.births.sort();
        entry.births.dedup();
        entry.countries.sort();
        entry.countries.dedup();
        entry
    });
    Ok(Read { entries: entries.collect(), unread })
}

//! What holds of lists, zones, signatures, images and providers' answers, whatever they are. The fuzz targets
//! look for input that breaks it; here that is tried again which they have found worth keeping.

#![expect(clippy::missing_panics_doc, reason = "that a rule is broken is told by a panic")]

use std::collections::HashSet;

use time::{Date, macros::date};
use types::Country;

use crate::{
    callbacks::{self, Signed},
    domain::{MimeType, Side},
    mrz::{Findings, UNREADABLE},
    prove,
    providers::id3global,
    record::Record,
    screening::{
        Born, Entry,
        files::{self, Ofac, Read, Unreadable},
        parts,
    },
};

const TODAY: Date = date!(2026 - 11 - 21);
const SECRET: &[u8] = b"0123456789abcdef";

/// The UK's list is read whole, or every fault of it is told.
pub fn uk_list(data: &[u8]) {
    list(files::uk(data));
}

/// So is OFAC's, whose three files are one after the other here, with a line of dashes between.
pub fn ofac_list(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut parts = text.splitn(3, "\n---\n").map(|part| part.as_bytes().to_vec());
    let mut part = || parts.next().unwrap_or_default();
    list(files::ofac(&Ofac { sdn: part(), alt: part(), add: part() }));
}

fn list(read: Result<Read, Unreadable>) {
    let read = match read {
        Ok(read) => read,
        Err(Unreadable(faults)) => return assert!(!faults.is_empty()),
    };
    let ids: HashSet<_> = read.entries.iter().map(|entry| &entry.id).collect();
    assert_eq!(ids.len(), read.entries.len());
    read.entries.iter().for_each(entry);
}

fn entry(entry: &Entry) {
    assert!(!entry.names.is_empty());
    assert!(entry.names.is_sorted() && entry.births.is_sorted());
    for name in &entry.names {
        let parts = parts(&name.text);
        assert!(parts.iter().all(|part| part.plain.is_ascii() && !part.plain.is_empty()));
    }
    for born in &entry.births {
        assert_eq!(Born::parse(&born.to_string()), Some(*born));
    }
    assert_eq!(entry.hash(), entry.clone().hash());
}

/// A zone is read or is none, in the hand of whoever wrote it down, and a program finds no more in it
/// than there is.
pub fn zones(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let record = Record {
        first_name: "Anna Maria".into(),
        last_name: "Eriksson".into(),
        born: Some(date!(1974 - 08 - 12)),
        country: Country::parse("GB").ok(),
        ..Record::default()
    };
    let found = Findings::of_text(Side::Front, &text, &record, TODAY);
    assert_eq!(found.format.is_empty(), found.reason() == Some(UNREADABLE));
    if let Some(found) = Findings::of_image(Side::Front, &text, &record, TODAY) {
        assert!(!found.format.is_empty());
    }
}

/// Nobody signs without the secret, and whatever stands beside a good signature takes nothing from it.
pub fn signatures(data: &[u8]) {
    let (header, body) = match data.iter().position(|byte| *byte == b'\n') {
        Some(end) => data.split_at(end),
        None => (data, &b""[..]),
    };
    let Ok(header) = std::str::from_utf8(header) else { return };
    if let Some(signed) = Signed::parse(header) {
        assert!(!signed.is_by(SECRET, body), "{header}");
    }
    let good = callbacks::header(SECRET, "1700000000", body);
    let signed = Signed::parse(&good).map(|signed| signed.is_by(SECRET, body));
    assert_eq!(signed, Some(true));
}

/// An image is decoded or refused, within its limits.
pub fn images(data: &[u8]) {
    for kind in MimeType::ALL {
        if let Some(format) = prove::format(kind) {
            let _ = prove::decode(format, data);
        }
    }
}

/// An answer of ID3global has a band or a fault, or is none.
pub fn answers(data: &[u8]) {
    id3global::fuzz(data);
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_fuzzing_has_found_keeps_the_rules() {
        testkit::replay("uk_list", super::uk_list);
        testkit::replay("ofac_list", super::ofac_list);
        testkit::replay("zones", super::zones);
        testkit::replay("signatures", super::signatures);
        testkit::replay("images", super::images);
        testkit::replay("answers", super::answers);
    }
}

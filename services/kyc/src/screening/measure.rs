//! What screening finds and what it takes for somebody else, measured on names that are all invented:
//! those of the lists that the tests ship, altered, among 20,000 others.
//!
//! `cargo test -p kyc --lib -- --ignored --nocapture screening_measured` prints the figures.

#![expect(clippy::arithmetic_side_effects, reason = "numbers of our own making, in a test")]

use std::time::{Duration, Instant};

use time::{Date, Month};

use super::{
    DEFAULT_THRESHOLD,
    born::Born,
    entry::{Entry, Kind, List, Name, Wanted},
    files::{self, Ofac},
    index::Index,
};

mod alter;
mod stock;

use alter::ALTERATIONS;

/// Names among which those of the shipped lists are to be found.
const OTHERS: usize = 20_000;
const ORDINARY: usize = 10_000;

/// The same numbers every time.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn below(&mut self, limit: usize) -> usize {
        // SplitMix64.
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        let rolled = usize::try_from((mixed ^ (mixed >> 31)) >> 8).unwrap();
        rolled % limit
    }

    pub(super) fn pick<'a, T>(&mut self, from: &'a [T]) -> &'a T {
        &from[self.below(from.len())]
    }

    fn day(&mut self, year: i32) -> Date {
        let month = Month::try_from(u8::try_from(self.below(12)).unwrap() + 1).unwrap();
        Date::from_calendar_date(year, month, u8::try_from(self.below(28)).unwrap() + 1).unwrap()
    }
}

fn shipped() -> Vec<Entry> {
    let uk = files::uk(include_bytes!("../../tests/lists/uk.csv")).unwrap();
    let ofac = files::ofac(&Ofac {
        sdn: include_bytes!("../../tests/lists/ofac/sdn.csv").to_vec(),
        alt: include_bytes!("../../tests/lists/ofac/alt.csv").to_vec(),
        add: include_bytes!("../../tests/lists/ofac/add.csv").to_vec(),
    });
    uk.entries.into_iter().chain(ofac.unwrap().entries).collect()
}

/// Others on lists: two names each.
fn others(dice: &mut Dice) -> impl Iterator<Item = Entry> {
    (0..OTHERS / 2).map(move |number| {
        let name = |dice: &mut Dice| {
            let middle = if dice.below(2) == 0 { stock::invented(dice) } else { String::new() };
            let text = format!("{} {middle} {}", dice.pick(&stock::FIRST), stock::invented(dice));
            Name { text, weak: false }
        };
        let year = 1940 + i32::try_from(dice.below(60)).unwrap();
        Entry {
            list: List::Ofac,
            id: format!("other-{number}"),
            kind: Kind::Person,
            names: vec![name(dice), name(dice)],
            births: if dice.below(3) == 0 { Vec::new() } else { vec![Born::Day(dice.day(year))] },
            countries: Vec::new(),
        }
    })
}

/// The longest in Latin letters.
fn full_name(entry: &Entry) -> &str {
    let latin = entry.names.iter().map(|name| name.text.as_str()).filter(|name| name.is_ascii());
    latin.max_by_key(|name| name.len()).unwrap()
}

fn birthday(entry: &Entry, dice: &mut Dice) -> Option<Date> {
    Some(match entry.births.first()? {
        Born::Day(day) => *day,
        Born::Month(year, month) => {
            Date::from_calendar_date(*year, Month::try_from(*month).unwrap(), 11).unwrap()
        }
        Born::Years(from, _) => dice.day(*from),
    })
}

fn person(name: String, born: Option<Date>) -> Wanted {
    Wanted { names: vec![(Kind::Person, name)], born, country: None }
}

#[derive(Default)]
struct Times(Vec<Duration>);

impl Times {
    fn search(&mut self, index: &Index, wanted: &Wanted) -> Vec<String> {
        // The shortest of three: what else the machine does is not measured.
        let searches = [(); 3].map(|()| {
            let start = Instant::now();
            let found = index.search(wanted, DEFAULT_THRESHOLD);
            (start.elapsed(), found)
        });
        self.0.extend(searches.iter().map(|(took, _)| *took).min());
        let [(_, found), ..] = searches;
        found.into_iter().map(|found| found.entry).collect()
    }

    fn print(mut self) {
        self.0.sort();
        let at = |share: usize| self.0[(self.0.len() - 1) * share / 1000];
        eprintln!("one customer: median {:?}, p99 {:?}, longest {:?}", at(500), at(990), at(1000));
    }
}

#[test]
#[ignore = "prints figures"]
fn screening_measured() {
    let mut dice = Dice(2026);
    let listed = shipped();
    let persons: Vec<Entry> =
        listed.iter().filter(|entry| entry.kind == Kind::Person).cloned().collect();
    let start = Instant::now();
    let index = Index::new(listed.into_iter().chain(others(&mut dice)).collect());
    eprintln!("{} names indexed in {:?}", index.len(), start.elapsed());
    let (mut times, mut hits, mut wrong, mut all) = (Times::default(), 0, 0, 0);
    for (alteration, alter) in ALTERATIONS {
        let (mut found, mut asked) = (0, 0);
        for entry in &persons {
            let born = birthday(entry, &mut dice);
            let name = full_name(entry);
            let Some(wanted) = alter(name, born, &mut dice) else { continue };
            let matches = times.search(&index, &person(wanted.0.clone(), wanted.1));
            asked += 1;
            wrong += matches.iter().filter(|id| **id != entry.id).count();
            if matches.contains(&entry.id) {
                found += 1;
            } else {
                eprintln!("    missed: {} as {}", name, wanted.0);
            }
        }
        eprintln!("{alteration}: {found} of {asked}");
        hits += found;
        all += asked;
    }
    let mut false_alarms = 0;
    for _ in 0..ORDINARY {
        let name = stock::ordinary(&mut dice);
        let year = 1940 + i32::try_from(dice.below(66)).unwrap();
        let born = dice.day(year);
        let matches = times.search(&index, &person(name.clone(), Some(born)));
        if let Some(id) = matches.first() {
            eprintln!("    false alarm: {name} as {id}");
            false_alarms += 1;
        }
    }
    eprintln!("recall: {hits} of {all}; matches with somebody else: {wrong}");
    eprintln!("ordinary names that match: {false_alarms} of {ORDINARY}");
    let (right, all) = (f64::from(hits), f64::from(hits + false_alarms));
    let wrong = f64::from(u32::try_from(wrong).unwrap());
    let precision = right / (all + wrong);
    eprintln!("precision: {precision:.3}");
    times.print();
    assert!(hits > 0);
}

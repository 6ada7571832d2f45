//! The lists in memory, so that one customer is looked for among all names without reading them all.
//!
//! Each part of each name is found by its folded spelling, by that with any one letter left out, which
//! finds spellings one edit away, and by its consonants. Only names that share two parts with the one
//! looked for are scored, and those of one part that is theirs.

use std::collections::{HashMap, HashSet};

use super::{
    entry::{Entry, Kind, Match, Wanted},
    name::{Part, is_light, is_particle, parts, variants},
    score::{self, Pair},
    similarity::similarity,
};

/// However short the lists are, a part is not made common by a few names.
const LEAST_NAMES: usize = 4096;

/// Everybody on the lists.
#[derive(Debug, Default)]
pub(crate) struct Index {
    entries: Vec<Entry>,
    names: Vec<Indexed>,
    /// The different parts of names, with how much each says.
    parts: Vec<Part>,
    weights: Vec<u32>,
    /// Which names have a part.
    having: Vec<Vec<usize>>,
    /// Which parts a key leads to.
    keys: HashMap<String, Vec<usize>>,
}

/// A name of an entry, or a way to write it.
#[derive(Debug)]
struct Indexed {
    entry: usize,
    name: usize,
    parts: Vec<usize>,
    /// How many of the parts are no particles.
    telling: usize,
}

/// One name of the one looked for.
struct Asked<'a> {
    wanted: &'a Wanted,
    kind: Kind,
    parts: &'a [Part],
    threshold: u32,
}

impl Index {
    pub(crate) fn new(entries: Vec<Entry>) -> Self {
        let mut index = Self { entries, ..Self::default() };
        let mut known = HashMap::new();
        for (entry, listed) in index.entries.iter().enumerate() {
            if listed.kind == Kind::Other {
                continue;
            }
            for (name, listed) in listed.names.iter().enumerate() {
                for parts in variants(&parts(&listed.text)) {
                    let (number, telling) = (index.names.len(), telling(&parts));
                    let parts = parts
                        .into_iter()
                        .map(|part| {
                            let place = index.parts.len();
                            let place = *known.entry(part.plain.clone()).or_insert(place);
                            if place == index.parts.len() {
                                index.parts.push(part);
                                index.having.push(Vec::new());
                            }
                            if let Some(having) = index.having.get_mut(place) {
                                having.push(number);
                            }
                            place
                        })
                        .collect();
                    index.names.push(Indexed { entry, name, parts, telling });
                }
            }
        }
        index.weigh();
        for (place, part) in index.parts.iter().enumerate() {
            for key in keys(part) {
                index.keys.entry(key).or_default().push(place);
            }
        }
        index
    }

    /// How many names there are to be found by.
    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }

    /// Those who may be the one looked for, best first: one match for each entry.
    pub(crate) fn search(&self, wanted: &Wanted, threshold: u32) -> Vec<Match> {
        let mut best = HashMap::<usize, Match>::new();
        for (kind, name) in &wanted.names {
            for parts in variants(&parts(name)) {
                for (name, pairs) in self.candidates(&parts) {
                    let asked = Asked { wanted, kind: *kind, parts: &parts, threshold };
                    let Some((entry, found)) = self.score(&asked, name, pairs) else {
                        continue;
                    };
                    let known = best.get(&entry).map(|known| known.score);
                    if known.is_none_or(|score| score < found.score) {
                        best.insert(entry, found);
                    }
                }
            }
        }
        let mut matches: Vec<Match> = best.into_values().collect();
        matches.sort_by(|one, other| {
            other.score.cmp(&one.score).then_with(|| one.entry.cmp(&other.entry))
        });
        matches
    }

    /// Common parts say less: 1 and one more for each halving of how many names have it.
    fn weigh(&mut self) {
        let names = self.names.len().max(LEAST_NAMES);
        let weight = |(part, having): (&Part, &Vec<usize>)| {
            if is_light(part) {
                return 1;
            }
            let rarity = names.checked_div(having.len()).unwrap_or(names);
            rarity.checked_ilog2().unwrap_or_default().saturating_add(1)
        };
        self.weights = self.parts.iter().zip(&self.having).map(weight).collect();
    }

    /// What a part says that no name has.
    fn most(&self) -> u32 {
        self.names.len().max(LEAST_NAMES).ilog2().saturating_add(1)
    }

    /// Names that have something of at least two parts, or of the only one that tells who it is, with the pairs
    /// that are alike.
    fn candidates(&self, wanted: &[Part]) -> HashMap<usize, Vec<Pair>> {
        let mut found = HashMap::<usize, Vec<Pair>>::new();
        for (ours, part) in wanted.iter().enumerate() {
            let mut seen = HashSet::new();
            let places = keys(part).into_iter().filter_map(|key| self.keys.get(&key)).flatten();
            for &place in places {
                if !seen.insert(place) {
                    continue;
                }
                let Some(listed) = self.parts.get(place) else { continue };
                let alike = similarity(part, listed);
                if alike == 0 {
                    continue;
                }
                for &name in self.having.get(place).into_iter().flatten() {
                    found.entry(name).or_default().push(Pair { ours, part: place, alike });
                }
            }
        }
        let is_of_one = telling(wanted) < 2;
        let has_one = |name: &usize| self.names.get(*name).is_some_and(|name| name.telling < 2);
        found.retain(|name, pairs| pairs.len() > 1 || (is_of_one && has_one(name)));
        found
    }

    fn score(&self, asked: &Asked<'_>, name: usize, pairs: Vec<Pair>) -> Option<(usize, Match)> {
        let Asked { wanted, kind, parts, threshold } = *asked;
        let name = self.names.get(name)?;
        let entry = self.entries.get(name.entry).filter(|entry| entry.kind == kind)?;
        let listed = entry.names.get(name.name)?;
        let listed_part = |place: usize| {
            let weight = self.weights.get(place).copied().unwrap_or_default();
            (weight, self.parts.get(place).is_some_and(is_particle))
        };
        let names = score::names(parts, &name.parts, pairs, listed_part, self.most())?;
        let (score, differences) = score::with_all(names, listed, entry, wanted);
        if score < threshold {
            return None;
        }
        let found = Match {
            list: entry.list,
            entry: entry.id.clone(),
            entry_hash: entry.hash(),
            name: listed.text.clone(),
            score,
            differences,
        };
        Some((name.entry, found))
    }
}

/// How many of them are no particles.
fn telling(parts: &[Part]) -> usize {
    parts.iter().filter(|part| !is_particle(part)).count()
}

/// What a part is found by.
fn keys(part: &Part) -> Vec<String> {
    let mut keys = vec![part.folded.clone()];
    for spelling in [&part.folded, &part.plain] {
        if spelling.len() >= 4 {
            keys.push(spelling.clone());
            keys.extend((0..spelling.len()).filter_map(|at| {
                let (before, after) = spelling.split_at_checked(at)?;
                Some(format!("{before}{}", after.get(1..)?))
            }));
        }
    }
    if !part.skeleton.is_empty() {
        keys.push(format!("#{}", part.skeleton));
    }
    keys.sort_unstable();
    keys.dedup();
    keys
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::screening::{
        DEFAULT_THRESHOLD,
        entry::{List, Name, Naming},
    };

    /// Whether somebody of this name is found on a list that has this one's.
    fn finds(kind: Kind, listed: &str, wanted: &str) -> bool {
        let name = Name { text: listed.to_owned(), weak: false, naming: Naming::Primary };
        let (births, countries) = (Vec::new(), Vec::new());
        let id = "one".to_owned();
        let entry = Entry { list: List::Uk, id, kind, names: vec![name], births, countries };
        let names = vec![(kind, wanted.to_owned())];
        let wanted = Wanted { names, born: None, country: None };
        !Index::new(vec![entry]).search(&wanted, DEFAULT_THRESHOLD).is_empty()
    }

    #[test]
    fn a_title_is_a_name_and_says_little() {
        for (listed, wanted, found) in [
            ("SHEIKH, Omar", "Omar Sheikh", true),
            ("SHEIKH, Omar", "Omar Shaikh", true),
            ("Haji Sheikh", "Sheikh Haji", true),
            ("DRUZHKOVSKY, Grigor", "Sheikh Grigor Druzhkovsky", true),
            ("Sheikh Grigor DRUZHKOVSKY", "Grigor Druzhkovsky", true),
            ("Mullah Omar", "Omar Sheikh", false),
            ("SHEIKH, Omar", "Sheikh Grigor Druzhkovsky", false),
            ("Haji Sheikh", "Haji Druzhkovsky", false),
        ] {
            assert_eq!(finds(Kind::Person, listed, wanted), found, "{listed}: {wanted}");
        }
    }

    #[test]
    fn a_name_of_particles_is_found_when_it_is_the_same() {
        assert!(finds(Kind::Person, "VAN, An", "An Van"));
        assert!(!finds(Kind::Person, "VAN, An", "De Van"));
    }

    #[test]
    fn a_name_of_one_word_is_found_by_it_alone() {
        for (listed, wanted, found) in [
            ("SVERBANKA", "Sverbanka", true),
            ("PJSC SVERBANKA", "Sverbanka Ltd", true),
            ("SVERBANKA", "The Sverbanka Limited", true),
            ("SVERBANKA", "Sverbanca", true),
            ("ZAVODYN", "Zavodin", true),
            ("TARIN", "Tran Ltd", false),
            ("SVERBANKA", "Sverbanka Flowers", false),
            ("SVERBANKA FLOWERS", "Sverbanka", false),
            ("SVERBANKA LTD", "Rosnaftal Ltd", false),
        ] {
            assert_eq!(finds(Kind::Entity, listed, wanted), found, "{listed}: {wanted}");
        }
    }
}

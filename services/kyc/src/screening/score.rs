//! How likely it is that two are one, in thousandths: by their names, and then by dates of birth and
//! countries.

use super::{
    born::Birth,
    entry::{Difference, Entry, Name, Wanted},
    name::{Part, is_light, is_particle},
    similarity::SAME,
};

/// A single part says who somebody is when it is the same, sounds the same, or differs by one letter of eight or
/// more.
const ALONE: u32 = 870;

/// A part of the name looked for and one of a listed name that are alike.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Pair {
    /// Which of the parts looked for.
    pub(crate) ours: usize,
    /// Which of the index's parts.
    pub(crate) part: usize,
    pub(crate) alike: u32,
}

/// How two names stand to each other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Names {
    score: u32,
    /// All parts that pair are the same.
    same_spelling: bool,
    /// Every part has its pair.
    same_parts: bool,
}

/// Compares names part by part, in whatever order. What a listed name has more weighs less than what the
/// name looked for has more: lists give every name that is known. None when a single part is all that
/// they share, unless it is all that either has but particles. `of_listed` tells of a part of the listed name
/// what it says, and whether it is a particle.
pub(crate) fn names(
    ours: &[Part],
    listed: &[usize],
    mut pairs: Vec<Pair>,
    of_listed: impl Fn(usize) -> (u32, bool),
    most: u32,
) -> Option<Names> {
    pairs.sort_by_key(|pair| std::cmp::Reverse(pair.alike));
    let mut ours_left: Vec<bool> = vec![true; ours.len()];
    let mut listed_left: Vec<bool> = vec![true; listed.len()];
    let (mut said, mut shared, mut telling, mut paired) = (0_u32, 0_u32, 0_u32, 0_usize);
    let (mut same_spelling, mut least_alike) = (true, SAME);
    for pair in pairs {
        let place =
            listed.iter().zip(&listed_left).position(|(part, left)| *left && *part == pair.part);
        let (Some(place), Some(true)) = (place, ours_left.get(pair.ours)) else { continue };
        take(&mut listed_left, place);
        take(&mut ours_left, pair.ours);
        let (weight, _) = of_listed(pair.part);
        said = said.saturating_add(weight);
        shared = shared.saturating_add(weight.saturating_mul(pair.alike));
        same_spelling &= pair.alike == SAME;
        least_alike = least_alike.min(pair.alike);
        paired = paired.saturating_add(1);
        if ours.get(pair.ours).is_some_and(|part| !is_particle(part)) {
            telling = telling.saturating_add(1);
        }
    }
    let ours_alone = ours.iter().zip(&ours_left).filter(|(_, left)| **left).map(|(part, _)| part);
    let listed_alone = listed.iter().zip(&listed_left).filter(|(_, left)| **left);
    let listed_alone = listed_alone.map(|(part, _)| of_listed(*part));
    let same_parts = !ours_left.contains(&true) && !listed_left.contains(&true);
    let is_all_that_tells = ours_alone.clone().all(is_particle)
        && listed_alone.clone().all(|(_, is_particle)| is_particle);
    // Where all are particles, all have to be there.
    let is_enough = match paired {
        _ if telling == 0 => same_parts,
        1 => is_all_that_tells && least_alike >= ALONE,
        _ => true,
    };
    if !is_enough {
        return None;
    }
    let ours_alone = ours_alone.map(|part| if is_light(part) { 1 } else { most });
    let listed_alone = listed_alone.map(|(weight, _)| weight);
    let of_ours = share(shared, said.saturating_add(ours_alone.sum()));
    let of_theirs = share(shared, said.saturating_add(listed_alone.sum()));
    Some(Names {
        score: if of_ours >= of_theirs {
            percent(of_ours, 65).saturating_add(percent(of_theirs, 35))
        } else {
            percent(of_ours, 50).saturating_add(percent(of_theirs, 50))
        },
        same_spelling,
        same_parts,
    })
}

/// The score of an entry found by one of its names, and what speaks against it.
pub(crate) fn with_all(
    names: Names,
    listed: &Name,
    entry: &Entry,
    wanted: &Wanted,
) -> (u32, Vec<Difference>) {
    let mut differences = Vec::new();
    if !names.same_spelling {
        differences.push(Difference::Spelling);
    }
    if !names.same_parts {
        differences.push(Difference::Parts);
    }
    let mut score = names.score.saturating_sub(listed.naming.costs());
    if listed.weak {
        differences.push(Difference::WeakName);
        score = score.saturating_sub(100);
    }
    match Birth::of(&entry.births, wanted.born) {
        Birth::Same => score = score.saturating_add(80),
        Birth::InPart => {
            score = score.saturating_add(30);
            differences.push(Difference::BirthInPart);
        }
        Birth::Unknown => differences.push(Difference::BirthUnknown),
        Birth::Close => {
            score = score.saturating_sub(20);
            differences.push(Difference::BirthClose);
        }
        Birth::Differs => {
            score = score.saturating_sub(180);
            differences.push(Difference::BirthDiffers);
        }
    }
    match wanted.country {
        Some(country) if entry.countries.contains(&country) => score = score.saturating_add(20),
        Some(_) if !entry.countries.is_empty() => {
            score = score.saturating_sub(20);
            differences.push(Difference::CountryDiffers);
        }
        Some(_) | None => differences.push(Difference::CountryUnknown),
    }
    (score.min(1000), differences)
}

fn take(left: &mut [bool], place: usize) {
    if let Some(left) = left.get_mut(place) {
        *left = false;
    }
}

fn share(shared: u32, all: u32) -> u32 {
    shared.checked_div(all).unwrap_or_default()
}

fn percent(score: u32, percent: u32) -> u32 {
    score.saturating_mul(percent) / 100
}

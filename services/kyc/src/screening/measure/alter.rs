//! What becomes of a name between a list and a form.

use time::{Date, Duration};

use super::Dice;

/// A name and a date of birth, altered; none where there is nothing to alter.
type Altered = Option<(String, Option<Date>)>;
type Alteration = fn(&str, Option<Date>, &mut Dice) -> Altered;

/// What it is called, and what it does.
pub(super) type Way = (&'static str, Alteration);

pub(super) const OF_PERSONS: [Way; 15] = [
    ("as it is", |name, born, _| Some((name.to_owned(), born))),
    ("no date of birth", |name, _, _| Some((name.to_owned(), None))),
    ("capitals, commas, other order", |name, born, _| Some((reversed(name).to_uppercase(), born))),
    ("one slip", |name, born, dice| Some((slip(name, dice)?, born))),
    ("one slip, no date of birth", |name, _, dice| Some((slip(name, dice)?, None))),
    ("two slips", |name, born, dice| {
        let once = slip(name, dice)?;
        Some((slip(&once, dice)?, born))
    }),
    ("other transliteration", |name, born, _| Some((respelt(name), born))),
    ("other transliteration and order", |name, born, _| Some((reversed(&respelt(name)), born))),
    ("accents", |name, born, _| Some((accented(name), born))),
    ("no middle names", |name, born, _| Some((short(name)?, born))),
    ("no middle names, one slip", |name, born, dice| Some((slip(&short(name)?, dice)?, born))),
    ("particles joined", |name, born, _| joined(name).map(|name| (name, born))),
    ("a title before", |name, born, dice| {
        let title = dice.pick(&["Haji", "Sheikh", "Dr."]);
        Some((format!("{title} {name}"), born))
    }),
    ("day of birth wrong", |name, born, _| {
        Some((name.to_owned(), Some(born?.saturating_add(Duration::days(9)))))
    }),
    ("year of birth wrong by seven", |name, born, _| {
        Some((name.to_owned(), Some(born?.saturating_sub(Duration::days(7 * 365)))))
    }),
];

pub(super) const OF_COMPANIES: [Way; 4] = [
    ("a company as it is", |name, _, _| Some((name.to_owned(), None))),
    ("a company in capitals, of a form that the list does not have", |name, _, _| {
        Some((format!("THE {} Limited", name.to_uppercase()), None))
    }),
    ("a company, one slip", |name, _, dice| Some((slip(name, dice)?, None))),
    ("a company, other transliteration", |name, _, _| Some((respelt(name), None))),
];

fn words(name: &str) -> Vec<&str> {
    name.split([' ', ',']).filter(|word| !word.is_empty()).collect()
}

fn reversed(name: &str) -> String {
    let mut words = words(name);
    words.rotate_right(1);
    words.join(", ")
}

/// First and last word.
fn short(name: &str) -> Option<String> {
    match words(name).as_slice() {
        [first, _, .., last] => Some(format!("{first} {last}")),
        _ => None,
    }
}

/// Two letters change places, or one is missing, or another, or there twice, in a longer word.
fn slip(name: &str, dice: &mut Dice) -> Option<String> {
    let mut words: Vec<String> = words(name).into_iter().map(str::to_owned).collect();
    let long: Vec<usize> =
        words.iter().enumerate().filter(|(_, word)| word.len() > 4).map(|(at, _)| at).collect();
    if long.is_empty() {
        return None;
    }
    let word = &mut words[*dice.pick(&long)];
    let mut letters: Vec<char> = word.chars().collect();
    let at = 1 + dice.below(letters.len() - 2);
    match dice.below(4) {
        0 => letters.swap(at, at + 1),
        1 => drop(letters.remove(at)),
        2 => letters[at] = *dice.pick(&['a', 'e', 'n', 'r', 't', 's']),
        _ => letters.insert(at, letters[at]),
    }
    *word = letters.into_iter().collect();
    Some(words.join(" "))
}

/// As somebody else would write the sounds.
fn respelt(name: &str) -> String {
    const SPELLINGS: [(&str, &str); 16] = [
        ("kh", "h"),
        ("zh", "j"),
        ("shch", "sch"),
        ("tch", "ch"),
        ("ou", "u"),
        ("ei", "ey"),
        ("q", "k"),
        ("y", "i"),
        ("w", "v"),
        ("ss", "s"),
        ("mm", "m"),
        ("ee", "i"),
        ("off", "ov"),
        ("sk", "ck"),
        ("oh", "uh"),
        ("ua", "oua"),
    ];
    let lower = name.to_lowercase();
    SPELLINGS.iter().fold(lower, |name, (from, to)| name.replace(from, to))
}

fn accented(name: &str) -> String {
    let accents = [('a', 'á'), ('o', 'ö'), ('s', 'š'), ('e', 'é'), ('u', 'ü'), ('c', 'ç')];
    let lower = name.to_lowercase();
    accents
        .iter()
        .fold(lower, |name, (plain, accent)| name.replacen(*plain, &accent.to_string(), 1))
}

fn joined(name: &str) -> Option<String> {
    let lower = name.to_lowercase();
    let joined = ["al-", "el-", "al ", "el ", "bin ", "abu ", "abdul ", "de "]
        .iter()
        .filter(|particle| !particle.trim().is_empty())
        .fold(lower.clone(), |name, particle| {
            name.replace(
                &format!(" {particle}"),
                &format!(" {}", particle.trim_end_matches(['-', ' '])),
            )
        });
    (joined != lower).then_some(joined)
}

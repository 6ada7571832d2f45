//! Confirmation of payee: how well the name that a payer gives fits the one that an account is held in.

use std::fmt;

/// What the account's bank says.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Confirmation {
    Match,
    /// The name it is held in, much like the one that was given.
    CloseMatch(String),
    NoMatch,
    /// Who holds it cannot be had.
    Unavailable,
}

/// Names are personal: none is shown.
impl fmt::Debug for Confirmation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Match => "Match",
            Self::CloseMatch(_) => "CloseMatch(..)",
            Self::NoMatch => "NoMatch",
            Self::Unavailable => "Unavailable",
        })
    }
}

const TITLES: [&str; 9] = ["mr", "mrs", "ms", "miss", "mx", "dr", "prof", "sir", "dame"];

/// Shorter names, letters only, have no other that is close by its spelling.
const SHORTEST_CLOSE: usize = 5;
/// From here on two letters may be wrong, below one.
const LONG: usize = 9;

/// Compares names. Case, spaces, punctuation and titles do not count.
pub(crate) fn compare(given: &str, held: &str) -> Confirmation {
    let (given_words, held_words) = (words(given), words(held));
    let (given_letters, held_letters) = (given_words.concat(), held_words.concat());
    if held_letters.is_empty() || given_letters.is_empty() {
        return Confirmation::NoMatch;
    }
    if given_letters == held_letters {
        return Confirmation::Match;
    }
    if is_misspelt(&given_letters, &held_letters) || is_shortened(&given_words, &held_words) {
        return Confirmation::CloseMatch(held.to_owned());
    }
    Confirmation::NoMatch
}

/// The words of a name in lower case, without punctuation, and without titles where more is left.
fn words(name: &str) -> Vec<String> {
    let lower = name.to_lowercase();
    let words: Vec<String> = lower
        .split(|character: char| character.is_whitespace() || "-_/&(),.#".contains(character))
        .map(|word| word.chars().filter(|character| character.is_alphanumeric()).collect())
        .filter(|word: &String| !word.is_empty())
        .collect();
    let named: Vec<String> =
        words.iter().filter(|word| !TITLES.contains(&word.as_str())).cloned().collect();
    if named.is_empty() { words } else { named }
}

/// Whether a letter or two are wrong, missing or too many.
fn is_misspelt(given: &str, held: &str) -> bool {
    let (given, held): (Vec<char>, Vec<char>) = (given.chars().collect(), held.chars().collect());
    let shorter = given.len().min(held.len());
    let most = if shorter >= LONG { 2 } else { 1 };
    shorter >= SHORTEST_CLOSE
        && given.len().abs_diff(held.len()) <= most
        && distance(&given, &held) <= most
}

/// Whether the last names are the same, and the first names or their initials, whatever is between.
fn is_shortened(given: &[String], held: &[String]) -> bool {
    let ends = |words: &[String]| {
        words.split_first().map(|(first, rest)| (first.clone(), rest.last().cloned()))
    };
    let (Some((given_first, Some(given_last))), Some((held_first, Some(held_last)))) =
        (ends(given), ends(held))
    else {
        return false;
    };
    let initial = |word: &str| word.chars().next();
    let has_initial = |word: &str| word.chars().nth(1).is_none();
    let same_first = given_first == held_first
        || ((has_initial(&given_first) || has_initial(&held_first))
            && initial(&given_first) == initial(&held_first));
    given_last == held_last && same_first
}

/// How many letters are to be changed, added or left out to make one of the other (Levenshtein).
fn distance(one: &[char], other: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (at, letter) in one.iter().enumerate() {
        let mut before = at;
        let mut left = at.saturating_add(1);
        let mut next = vec![left];
        for (above, against) in row.iter().skip(1).zip(other) {
            let changed = before.saturating_add(usize::from(letter != against));
            left = changed.min(above.saturating_add(1)).min(left.saturating_add(1));
            before = *above;
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(held: &str) -> Confirmation {
        Confirmation::CloseMatch(held.to_owned())
    }

    #[test]
    fn case_spaces_punctuation_and_titles_do_not_count() {
        for given in ["jane smith", "JANE  SMITH", "Mrs. Jane Smith", "Dr Jane-Smith", "JaneSmith"]
        {
            assert_eq!(compare(given, "Jane Smith"), Confirmation::Match, "{given}");
        }
        assert_eq!(compare("OBrien & Sons, Ltd", "O’Brien & Sons Ltd."), Confirmation::Match);
    }

    #[test]
    fn a_slip_or_an_initial_is_close() {
        for given in
            ["Jane Smyth", "J Smith", "J. Smith", "Jane Ann Smith", "Jan Smith", "Zane Smith"]
        {
            assert_eq!(compare(given, "Jane Smith"), close("Jane Smith"), "{given}");
        }
        assert_eq!(compare("Jane Smith", "J Smith"), close("J Smith"));
        assert_eq!(compare("Zoe Bloggs", "Zoë Bloggs"), close("Zoë Bloggs"));
    }

    #[test]
    fn another_name_is_not() {
        for given in ["Bob Jones", "Jane Jones", "Bob Smith", "Smith", "B Smith", "Jo"] {
            assert_eq!(compare(given, "Jane Smith"), Confirmation::NoMatch, "{given}");
        }
        assert_eq!(compare("Li Po", "Li Bo"), Confirmation::NoMatch);
        assert_eq!(compare("Anybody", ""), Confirmation::NoMatch);
        assert_eq!(compare("...", "Anybody"), Confirmation::NoMatch);
    }

    #[test]
    fn a_name_that_is_a_title_is_a_name() {
        assert_eq!(compare("Sir", "sir"), Confirmation::Match);
    }

    #[test]
    fn distances_are_counted() {
        let between = |one: &str, other: &str| {
            let (one, other): (Vec<_>, Vec<_>) = (one.chars().collect(), other.chars().collect());
            distance(&one, &other)
        };
        assert_eq!(between("kitten", "sitting"), 3);
        assert_eq!(between("", "abc"), 3);
        assert_eq!(between("abc", ""), 3);
        assert_eq!(between("same", "same"), 0);
    }
}

//! Pages of a list: how many rows, and where the next page begins.

use std::fmt;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::errors::Violations;

/// Rows on a page when the caller does not say.
pub const DEFAULT_SIZE: i32 = 100;
/// Rows on a page at most, and ids in a batch.
pub const MAX_SIZE: i32 = 1000;

/// The rows a caller asked for, 1-1000.
pub fn size(field: &str, asked: Option<i32>, bad: &mut Violations) -> i64 {
    let size = asked.unwrap_or(DEFAULT_SIZE);
    if !(1..=MAX_SIZE).contains(&size) {
        bad.add(field, format_args!("must be 1-{MAX_SIZE}"));
    }
    i64::from(size)
}

/// Refuses a batch of more than 1,000.
pub fn check_batch(field: &str, len: usize, bad: &mut Violations) {
    if i32::try_from(len).map_or(true, |len| len > MAX_SIZE) {
        bad.add(field, format_args!("must be at most {MAX_SIZE}"));
    }
}

/// An opaque token made of the last row's place in the order.
#[must_use]
pub fn token(place: &impl fmt::Display) -> String {
    URL_SAFE_NO_PAD.encode(place.to_string())
}

/// The place that a token stands for; none for an empty token.
pub fn place<T>(field: &str, given: &str, bad: &mut Violations) -> Option<T>
where
    T: std::str::FromStr + fmt::Display,
{
    if given.is_empty() {
        return None;
    }
    let place = URL_SAFE_NO_PAD
        .decode(given)
        .ok()
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .and_then(|text| text.parse().ok())
        // A place can be written in more ways than one; a token is in one.
        .filter(|place| token(place) == given);
    if place.is_none() {
        bad.add(field, "is not one that an earlier page gave");
    }
    place
}

/// Splits off the row that only shows that there is another page: ask for one row more than the
/// page's size. Answers the rows of the page and whether more follow.
#[must_use]
pub fn cut<T>(mut rows: Vec<T>, size: i64) -> (Vec<T>, bool) {
    let size = usize::try_from(size).unwrap_or(usize::MAX);
    let more = rows.len() > size;
    rows.truncate(size);
    (rows, more)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_gives_its_place_back() {
        let mut bad = Violations::new();

        assert_eq!(place::<i64>("page_token", &token(&42), &mut bad), Some(42));
        assert_eq!(place::<i64>("page_token", "", &mut bad), None);
        assert!(bad.is_empty());
    }

    #[test]
    fn a_made_up_token_is_refused() {
        let mut bad = Violations::new();

        assert_eq!(place::<i64>("page_token", "made up", &mut bad), None);
        assert!(!bad.is_empty());
    }

    #[test]
    fn another_way_of_writing_a_place_is_no_token() {
        for made_up in ["+42", "042", "-0"] {
            let mut bad = Violations::new();

            assert_eq!(place::<i64>("page_token", &token(&made_up), &mut bad), None);
            assert!(!bad.is_empty(), "{made_up}");
        }
    }
}

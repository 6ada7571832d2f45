//! Dates of birth as lists have them: in full, or a month or year alone, or somewhere between two years.

use std::fmt;

use time::{Date, Month};

/// A date of birth, as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Born {
    /// On this day.
    Day(Date),
    /// In this month of the year.
    Month(i32, u8),
    /// In one of these years.
    Years(i32, i32),
}

/// How a customer's date of birth stands to those of an entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Birth {
    /// No date of the entry can be the customer's.
    Differs,
    /// Off by a year at most, or the day differs within the year.
    Close,
    /// One of the two has none.
    Unknown,
    /// As far as it is known it is the same: the year, or the year and the month.
    InPart,
    /// To the day, or with day and month in the other order.
    Same,
}

impl Born {
    /// "31/12/1970", with zeros for what is unknown; and a year alone.
    pub(crate) fn parse_uk(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Ok(year) = text.parse() {
            return Self::new(year, 0, 0);
        }
        let mut numbers = text.splitn(3, '/').map(str::trim);
        let day = numbers.next()?.parse().ok()?;
        let month = numbers.next()?.parse().ok()?;
        Self::new(numbers.next()?.parse().ok()?, month, day)
    }

    /// "31 Dec 1970", "Dec 1970", "1970", "circa 1970", "1970 to 1972".
    pub(crate) fn parse_ofac(text: &str) -> Option<Self> {
        let text = text.trim().trim_end_matches('.');
        let Some((from, to)) = text.split_once(" to ") else { return Self::about(text) };
        match (Self::about(from)?.years(), Self::about(to)?.years()) {
            ((from, _), (_, to)) if from <= to => Some(Self::Years(from, to)),
            _ => None,
        }
    }

    fn about(text: &str) -> Option<Self> {
        let Some(about) = text.trim().strip_prefix("circa ") else { return Self::words(text) };
        let (from, to) = Self::words(about)?.years();
        Some(Self::Years(from.saturating_sub(1), to.saturating_add(1)))
    }

    fn words(text: &str) -> Option<Self> {
        let words: Vec<&str> = text.split_whitespace().collect();
        match words.as_slice() {
            [year] => Self::new(year.parse().ok()?, 0, 0),
            [month, year] => Self::new(year.parse().ok()?, month_of(month)?, 0),
            [day, month, year] => {
                Self::new(year.parse().ok()?, month_of(month)?, day.parse().ok()?)
            }
            _ => None,
        }
    }

    fn new(year: i32, month: u8, day: u8) -> Option<Self> {
        if !(1800..=2200).contains(&year) {
            return None;
        }
        match (month, day) {
            (0, _) => Some(Self::Years(year, year)),
            (1..=12, 0) => Some(Self::Month(year, month)),
            _ => {
                let month = Month::try_from(month).ok()?;
                Date::from_calendar_date(year, month, day).ok().map(Self::Day)
            }
        }
    }

    /// As it is stored.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        if let Some((from, to)) = text.split_once("..") {
            return Some(Self::Years(from.parse().ok()?, to.parse().ok()?));
        }
        let mut numbers = text.splitn(3, '-');
        let year = numbers.next()?.parse().ok()?;
        let month = numbers.next()?.parse().ok()?;
        Self::new(year, month, numbers.next().map_or(Ok(0), str::parse).ok()?)
    }

    fn years(self) -> (i32, i32) {
        match self {
            Self::Day(day) => (day.year(), day.year()),
            Self::Month(year, _) => (year, year),
            Self::Years(from, to) => (from, to),
        }
    }

    fn compare(self, customer: Date) -> Birth {
        let month = u8::from(customer.month());
        match self {
            Self::Day(day) if day == customer => Birth::Same,
            Self::Day(day) if is_swapped(day, customer) => Birth::Same,
            Self::Month(year, listed) if (year, listed) == (customer.year(), month) => {
                Birth::InPart
            }
            Self::Years(from, to) if (from..=to).contains(&customer.year()) => Birth::InPart,
            Self::Day(_) | Self::Month(..) | Self::Years(..) => {
                let (from, to) = self.years();
                let about = from.saturating_sub(1)..=to.saturating_add(1);
                if about.contains(&customer.year()) { Birth::Close } else { Birth::Differs }
            }
        }
    }
}

impl fmt::Display for Born {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Day(day) => {
                write!(f, "{:04}-{:02}-{:02}", day.year(), u8::from(day.month()), day.day())
            }
            Self::Month(year, month) => write!(f, "{year:04}-{month:02}"),
            Self::Years(from, to) => write!(f, "{from:04}..{to:04}"),
        }
    }
}

impl Birth {
    /// The best of what an entry has.
    pub(crate) fn of(listed: &[Born], customer: Option<Date>) -> Self {
        let Some(customer) = customer else { return Self::Unknown };
        let best = listed.iter().map(|born| born.compare(customer)).max();
        best.unwrap_or(Self::Unknown)
    }
}

fn is_swapped(one: Date, other: Date) -> bool {
    one.year() == other.year()
        && one.day() == u8::from(other.month())
        && other.day() == u8::from(one.month())
}

fn month_of(word: &str) -> Option<u8> {
    const MONTHS: [&str; 12] =
        ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    let word = word.to_lowercase();
    let place = MONTHS.iter().position(|month| word.starts_with(month))?;
    u8::try_from(place.saturating_add(1)).ok()
}

#[cfg(test)]
mod tests {
    use time::macros::date;

    use super::*;

    #[test]
    fn a_partial_date_is_read_as_far_as_it_goes() {
        assert_eq!(Born::parse_uk("31/12/1970"), Some(Born::Day(date!(1970 - 12 - 31))));
        assert_eq!(Born::parse_uk("00/12/1970"), Some(Born::Month(1970, 12)));
        assert_eq!(Born::parse_uk("00/00/1970"), Some(Born::Years(1970, 1970)));
        assert_eq!(Born::parse_uk("1970"), Some(Born::Years(1970, 1970)));
        assert_eq!(Born::parse_uk("31/02/1970"), None);
        assert_eq!(Born::parse_uk("dd/mm/yyyy"), None);
    }

    #[test]
    fn the_words_of_remarks_are_read() {
        assert_eq!(Born::parse_ofac("10 Dec 1948"), Some(Born::Day(date!(1948 - 12 - 10))));
        assert_eq!(Born::parse_ofac("Dec 1948"), Some(Born::Month(1948, 12)));
        assert_eq!(Born::parse_ofac("circa 1948"), Some(Born::Years(1947, 1949)));
        assert_eq!(Born::parse_ofac("1958 to 1962."), Some(Born::Years(1958, 1962)));
        assert_eq!(Born::parse_ofac("circa 1950 to 1952"), Some(Born::Years(1949, 1952)));
        assert_eq!(Born::parse_ofac("in his youth"), None);
    }

    #[test]
    fn words_without_end_are_no_date_and_no_harm() {
        for word in ["circa ", "1970 to "] {
            let text = word.repeat(1_000_000);

            assert_eq!(Born::parse_ofac(&text), None, "{word}");
        }
    }

    #[test]
    fn what_is_stored_is_read_back() {
        for born in [
            Born::Day(date!(1970 - 01 - 31)),
            Born::Month(1970, 2),
            Born::Years(1970, 1970),
            Born::Years(1958, 1962),
        ] {
            assert_eq!(Born::parse(&born.to_string()), Some(born));
        }
    }

    #[test]
    fn the_best_date_of_an_entry_counts() {
        let listed = [Born::Years(1950, 1950), Born::Day(date!(1970 - 03 - 04))];

        assert_eq!(Birth::of(&listed, Some(date!(1970 - 03 - 04))), Birth::Same);
        assert_eq!(Birth::of(&listed, Some(date!(1970 - 04 - 03))), Birth::Same);
        assert_eq!(Birth::of(&listed, Some(date!(1950 - 07 - 07))), Birth::InPart);
        assert_eq!(Birth::of(&listed, Some(date!(1971 - 07 - 07))), Birth::Close);
        assert_eq!(Birth::of(&listed, Some(date!(1990 - 07 - 07))), Birth::Differs);
        assert_eq!(Birth::of(&listed, None), Birth::Unknown);
        assert_eq!(Birth::of(&[], Some(date!(1990 - 07 - 07))), Birth::Unknown);
    }
}

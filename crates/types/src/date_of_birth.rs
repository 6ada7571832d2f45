//! Dates of birth.

use std::fmt;

use time::{Date, format_description::StaticFormatDescription, macros::format_description};

const FORMAT: StaticFormatDescription = format_description!("[year]-[month]-[day]");
const MOST_YEARS: i32 = 130;

/// The day on which somebody was born. It is personal, so `Debug` does not show it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct DateOfBirth(Date);

/// Why a text is no date of birth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DateOfBirthError {
    /// Not in the one format, or a day that the calendar does not have.
    #[error("must be a day, as 1990-12-31")]
    NotADay,
    /// Later than today.
    #[error("must not be in the future")]
    InFuture,
    /// Nobody has lived that long, or close to nobody.
    #[error("must not be more than 130 years ago")]
    TooLongAgo,
}

impl DateOfBirth {
    /// `YYYY-MM-DD` in the Gregorian calendar: today or up to 130 years before it.
    ///
    /// # Errors
    /// When the text is no such day.
    pub fn parse(text: &str, today: Date) -> Result<Self, DateOfBirthError> {
        // The length keeps out signs, which the parser would take.
        let date = Some(text).filter(|text| text.len() == 10);
        let date = date.and_then(|text| Date::parse(text, FORMAT).ok());
        let date = date.ok_or(DateOfBirthError::NotADay)?;
        if date > today {
            return Err(DateOfBirthError::InFuture);
        }
        if is_before(date, today.year().saturating_sub(MOST_YEARS), today) {
            return Err(DateOfBirthError::TooLongAgo);
        }
        Ok(Self(date))
    }

    /// A day that has been parsed before, as one read from a database.
    #[must_use]
    pub const fn from_date(date: Date) -> Self {
        Self(date)
    }

    /// The day.
    #[must_use]
    pub const fn date(self) -> Date {
        self.0
    }
}

/// Whether the date is before the same day in the year, which need not have a 29 February.
fn is_before(date: Date, year: i32, day: Date) -> bool {
    (date.year(), u8::from(date.month()), date.day()) < (year, u8::from(day.month()), day.day())
}

impl fmt::Display for DateOfBirth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for DateOfBirth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DateOfBirth(..)")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::macros::date;

    use super::*;

    const TODAY: Date = date!(2026 - 11 - 20);

    #[test]
    fn a_day_is_printed_as_it_was_sent() {
        let born = DateOfBirth::parse("1990-02-03", TODAY).unwrap();

        assert_eq!(born.to_string(), "1990-02-03");
        assert_eq!(born.date(), date!(1990 - 02 - 03));
        assert_eq!(format!("{born:?}"), "DateOfBirth(..)");
    }

    #[test]
    fn today_and_130_years_ago_are_the_limits() {
        assert!(DateOfBirth::parse("2026-11-20", TODAY).is_ok());
        assert_eq!(DateOfBirth::parse("2026-11-21", TODAY), Err(DateOfBirthError::InFuture));
        assert!(DateOfBirth::parse("1896-11-20", TODAY).is_ok());
        assert_eq!(DateOfBirth::parse("1896-11-19", TODAY), Err(DateOfBirthError::TooLongAgo));
    }

    #[test]
    fn a_leap_day_has_its_limit_in_a_year_without_one() {
        let leap_day = date!(2028 - 02 - 29);

        assert!(DateOfBirth::parse("1898-03-01", leap_day).is_ok());
        assert_eq!(DateOfBirth::parse("1898-02-28", leap_day), Err(DateOfBirthError::TooLongAgo));
    }

    #[test]
    fn what_is_no_day_is_refused() {
        for text in [
            "",
            "1990-02-30",
            "1990-13-01",
            "2023-02-29",
            "1990-1-01",
            "90-01-01",
            "01-01-1990",
            "1990/01/01",
            "1990-01-01 ",
            " 990-01-01",
            "+990-01-01",
            "-990-01-01",
            "1990-01-1a",
            "1990-00-10",
            "19900101",
            "1990-01-01T00:00:00Z",
        ] {
            assert_eq!(DateOfBirth::parse(text, TODAY), Err(DateOfBirthError::NotADay), "{text}");
        }
    }

    proptest! {
        #[test]
        fn parsing_undoes_printing(days in 0..47_000_i64) {
            let born = DateOfBirth::from_date(TODAY.saturating_sub(time::Duration::days(days)));

            prop_assert_eq!(DateOfBirth::parse(&born.to_string(), TODAY), Ok(born));
        }
    }
}

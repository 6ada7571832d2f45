//! Points in time as the REST surface writes them.

use prost_types::Timestamp;
use time::{
    Date, Duration, OffsetDateTime, PrimitiveDateTime,
    format_description::{BorrowedFormatItem, well_known::Rfc3339},
    macros::format_description,
};

use crate::failure::Failure;

type Format = &'static [BorrowedFormatItem<'static>];

const DASHES: Format = format_description!("[year]-[month]-[day] [hour]:[minute]:[second]");
const SLASHES: Format = format_description!("[year]/[month]/[day] [hour]:[minute]:[second]");
const DAY: Format = format_description!("[year]-[month]-[day]");

/// What is wrong with a text that is no point in time.
pub(crate) const MUST_BE: &str = "must be a time as YYYY-MM-DD HH:MM:SS, a date, or RFC 3339";

/// `YYYY-MM-DD HH:MM:SS`, UTC.
pub(crate) fn print(at: Option<&Timestamp>) -> Result<String, Failure> {
    written(at, DASHES)
}

/// `YYYY/MM/DD HH:MM:SS`, UTC, as the samples write a transaction's time.
pub(crate) fn print_with_slashes(at: Option<&Timestamp>) -> Result<String, Failure> {
    written(at, SLASHES)
}

fn written(at: Option<&Timestamp>, format: Format) -> Result<String, Failure> {
    at.and_then(kit::time::from_timestamp)
        .and_then(|at| at.format(format).ok())
        .ok_or_else(|| Failure::internal("a time that is none"))
}

/// The first moment of what the text names: a second or a day.
pub(crate) fn first_moment(text: &str) -> Option<OffsetDateTime> {
    match Named::parse(text)? {
        Named::Moment(at) => Some(at),
        Named::Day(day) => Some(day.midnight().assume_utc()),
    }
}

/// The first moment after what the text names: a second or a day. The outer `None` is no time at
/// all; the inner one is later than time can be told.
#[expect(clippy::option_option, reason = "no time, no end and an end are three things")]
pub(crate) fn moment_after(text: &str) -> Option<Option<OffsetDateTime>> {
    let next = match Named::parse(text)? {
        Named::Moment(at) => {
            at.replace_nanosecond(0).ok().and_then(|whole| whole.checked_add(Duration::SECOND))
        }
        Named::Day(day) => day.next_day().map(|next| next.midnight().assume_utc()),
    };
    Some(next.filter(|at| at.year() <= 9999))
}

/// What a text can name.
enum Named {
    Moment(OffsetDateTime),
    Day(Date),
}

impl Named {
    fn parse(text: &str) -> Option<Self> {
        // The library takes a sign before a year.
        if !text.is_ascii() || !text.starts_with(|first: char| first.is_ascii_digit()) {
            return None;
        }
        let dashed = text.replace('/', "-");
        let named = if let Ok(day) = Date::parse(&dashed, DAY) {
            Self::Day(day)
        } else if let Ok(at) = PrimitiveDateTime::parse(&dashed, DASHES) {
            Self::Moment(at.assume_utc())
        } else {
            Self::Moment(with_offset(text)?)
        };
        Some(named).filter(Self::is_of_our_era)
    }

    fn is_of_our_era(&self) -> bool {
        match self {
            Self::Moment(at) => (1..=9999).contains(&at.year()),
            Self::Day(day) => (1..=9999).contains(&day.year()),
        }
    }
}

/// RFC 3339. In a query a plus that was not escaped arrives as a space.
fn with_offset(text: &str) -> Option<OffsetDateTime> {
    let text = match text.rsplit_once(' ') {
        Some((moment, offset)) if moment.contains(['T', 't']) => format!("{moment}+{offset}"),
        _ => text.to_owned(),
    };
    let at = OffsetDateTime::parse(&text, &Rfc3339).ok()?;
    at.checked_to_offset(time::UtcOffset::UTC)
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_time_may_be_written_in_many_ways() {
        let at = datetime!(2020-04-24 08:34:35 UTC);
        for text in [
            "2020-04-24 08:34:35",
            "2020/04/24 08:34:35",
            "2020-04-24T08:34:35Z",
            "2020-04-24T09:34:35+01:00",
            "2020-04-24T09:34:35 01:00",
            "2020-04-24T03:34:35-05:00",
        ] {
            assert_eq!(first_moment(text), Some(at), "{text}");
        }
        assert_eq!(first_moment("2020-04-24"), Some(datetime!(2020-04-24 0:00 UTC)));
        assert_eq!(first_moment("2020/04/24"), Some(datetime!(2020-04-24 0:00 UTC)));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in [
            "",
            "yesterday",
            "2020-02-30",
            "2020-04-24 24:00:00",
            "2020-04-24 08:34",
            "24-04-2020",
            "2020-04-24T08:34:35",
            "+2020-04-24",
            "0000-01-01",
            "2020-4-24",
            "2020-04-24 08:34:35 ",
            "0001-01-01T00:00:00+14:00",
            "9999-12-31T23:59:59-14:00",
            "٢٠٢٠-٠١-٠١",
        ] {
            assert!(first_moment(text).is_none(), "{text}");
            assert!(moment_after(text).is_none(), "{text}");
        }
    }

    #[test]
    fn an_end_includes_its_whole_second_or_its_whole_day() {
        let after = |text| moment_after(text).unwrap();

        assert_eq!(after("2020-04-24 08:34:35"), Some(datetime!(2020-04-24 08:34:36 UTC)));
        assert_eq!(after("2020-04-24T08:34:35.25Z"), Some(datetime!(2020-04-24 08:34:36 UTC)));
        assert_eq!(after("2020-02-29"), Some(datetime!(2020-03-01 0:00 UTC)));
        assert_eq!(after("9999-12-31"), None);
        assert_eq!(after("9999-12-31 23:59:59"), None);
    }

    #[test]
    fn times_are_printed_as_the_samples_print_them() {
        let at = kit::time::timestamp(datetime!(2020-01-05 12:12:54.9 UTC));

        assert_eq!(print(Some(&at)).unwrap(), "2020-01-05 12:12:54");
        assert_eq!(print_with_slashes(Some(&at)).unwrap(), "2020/01/05 12:12:54");
        assert!(print(None).is_err());
    }
}

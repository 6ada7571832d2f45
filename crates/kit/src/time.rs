//! Points in time between messages and PostgreSQL, which keeps microseconds.

use prost_types::Timestamp;
use time::OffsetDateTime;

/// The present, to the microsecond, as it will be read back.
#[must_use]
pub fn now() -> OffsetDateTime {
    let now = OffsetDateTime::now_utc();
    let whole_us = now.microsecond().saturating_mul(1000);
    now.replace_nanosecond(whole_us).unwrap_or(now)
}

/// For a message.
#[must_use]
pub fn timestamp(at: OffsetDateTime) -> Timestamp {
    Timestamp {
        seconds: at.unix_timestamp(),
        nanos: i32::try_from(at.nanosecond()).unwrap_or_default(),
    }
}

/// From a message; none where it is no time between the years 1 and 9999.
#[must_use]
pub fn from_timestamp(at: &Timestamp) -> Option<OffsetDateTime> {
    let nanos = u32::try_from(at.nanos).ok().filter(|nanos| *nanos < 1_000_000_000)?;
    let whole = OffsetDateTime::from_unix_timestamp(at.seconds).ok()?;
    (whole.year() >= 1).then_some(whole)?.replace_nanosecond(nanos).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_survives_the_way_through_a_message() {
        let at = now();

        assert_eq!(from_timestamp(&timestamp(at)), Some(at));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        assert_eq!(from_timestamp(&Timestamp { seconds: i64::MAX, nanos: 0 }), None);
        assert_eq!(from_timestamp(&Timestamp { seconds: 0, nanos: -1 }), None);
    }
}

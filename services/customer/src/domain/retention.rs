//! How long personal data has to be kept. The law wants it for five years after the relationship with a
//! customer has ended, to be erased then; a legal hold keeps it for as long as it stands.

use time::{Date, Month, OffsetDateTime};

/// Years after the end of the relationship.
const YEARS: i32 = 5;

/// What decides when personal data is erased.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Retention {
    /// None while the relationship goes on.
    pub(crate) relationship_ended_at: Option<OffsetDateTime>,
    pub(crate) legal_hold: bool,
    pub(crate) erased_at: Option<OffsetDateTime>,
}

/// Why personal data must not be erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum MustKeep {
    #[error("a legal hold wants the personal data kept")]
    LegalHold,
    #[error("personal data is kept until five years after the relationship has ended")]
    NotEnded,
    #[error("the law wants the personal data kept until {0}")]
    Until(Date),
}

impl Retention {
    /// From when on the data may be erased; none while the relationship goes on.
    pub(crate) fn keep_until(&self) -> Option<OffsetDateTime> {
        self.relationship_ended_at.map(years_after)
    }

    /// Whether the data may be erased now.
    pub(crate) fn check(&self, now: OffsetDateTime) -> Result<(), MustKeep> {
        if self.legal_hold {
            return Err(MustKeep::LegalHold);
        }
        match self.keep_until() {
            None => Err(MustKeep::NotEnded),
            Some(until) if now < until => Err(MustKeep::Until(until.date())),
            Some(_) => Ok(()),
        }
    }
}

/// The same time of day in five years; of a 29 February, which that year has not, on the 1 March.
fn years_after(at: OffsetDateTime) -> OffsetDateTime {
    let year = at.year().saturating_add(YEARS);
    let march =
        || Date::from_calendar_date(year, Month::March, 1).map(|date| at.replace_date(date));
    at.replace_year(year).or_else(|_| march()).unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use time::{Duration, macros::datetime};

    use super::*;

    fn ended(at: OffsetDateTime) -> Retention {
        Retention { relationship_ended_at: Some(at), ..Retention::default() }
    }

    #[test]
    fn data_is_kept_for_five_years_to_the_second() {
        let retention = ended(datetime!(2020-05-06 07:08:09 UTC));
        let last = datetime!(2025-05-06 07:08:08 UTC);

        let until = Err(MustKeep::Until(last.date()));
        assert_eq!(retention.check(datetime!(2020-05-06 07:08:09 UTC)), until);
        assert_eq!(retention.check(last), until);
        assert_eq!(retention.check(last.saturating_add(Duration::SECOND)), Ok(()));
    }

    #[test]
    fn a_leap_day_is_followed_by_the_first_of_march() {
        let until = ended(datetime!(2024-02-29 12:00 UTC)).keep_until();

        assert_eq!(until, Some(datetime!(2029-03-01 12:00 UTC)));
    }

    #[test]
    fn a_relationship_that_goes_on_and_a_legal_hold_keep_data_for_ever() {
        let far = datetime!(9999-01-01 0:00 UTC);
        let held = Retention { legal_hold: true, ..ended(datetime!(2000-01-01 0:00 UTC)) };

        assert_eq!(Retention::default().check(far), Err(MustKeep::NotEnded));
        assert_eq!(held.check(far), Err(MustKeep::LegalHold));
    }
}

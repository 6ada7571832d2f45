//! How many wrong tries are too many.
//!
//! A try is on record before its password is checked, and the record counts until the try turns out
//! to be right. However many come at once, no more passwords are checked than may be wrong.

use std::{
    net::{IpAddr, Ipv6Addr},
    time::Duration,
};

use sha2::{Digest, Sha256};

use super::EmailKey;

/// How long a wrong try counts, unless a right one for the same e-mail address comes first.
pub(crate) const WINDOW: Duration = Duration::from_hours(1);
/// How long a password is being checked at most. A try of which nothing is known after that was given up by
/// its client before the verdict, and counts as a wrong one: else nobody would get past ten of those for as
/// long as [`WINDOW`].
pub(crate) const UNDECIDED: Duration = Duration::from_secs(30);
/// Wrong tries that are answered for an e-mail address within [`WINDOW`], without a pause between them.
const MAX_WRONG_EMAIL: i64 = 10;
/// Wrong tries that are answered for a client's address within [`WINDOW`], without a pause.
const MAX_WRONG_ADDRESS: i64 = 100;
/// The pause after the last of them. After each wrong try that follows it is twice as long.
const FIRST_PAUSE: Duration = Duration::from_mins(1);
/// The longest pause: who guesses gets nowhere, and whom they lock out gets in again.
const LONGEST_PAUSE: Duration = Duration::from_mins(15);

/// What tries are counted by, as a hash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Subject {
    hash: [u8; 32],
    max_wrong: i64,
}

impl Subject {
    /// An e-mail address, known or not.
    pub(crate) fn email(email: &EmailKey) -> Self {
        Self::of("email:", email.as_str(), MAX_WRONG_EMAIL)
    }

    /// A client's address. Of IPv6 the network, because each client has 2^64 addresses of it.
    pub(crate) fn address(address: IpAddr) -> Self {
        let address = match address.to_canonical() {
            v4 @ IpAddr::V4(_) => v4,
            IpAddr::V6(v6) => {
                let [a, b, c, d, ..] = v6.segments();
                Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
            }
        };
        Self::of("address:", &address.to_string(), MAX_WRONG_ADDRESS)
    }

    fn of(kind: &str, name: &str, max_wrong: i64) -> Self {
        let hash = Sha256::new().chain_update(kind).chain_update(name).finalize().into();
        Self { hash, max_wrong }
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.hash
    }
}

/// The tries of one subject within [`WINDOW`], the one in question left out.
#[derive(Debug)]
pub(crate) struct Tally {
    pub(crate) subject: Subject,
    /// Those that were wrong, and those still being checked.
    pub(crate) tries: i64,
    /// Those that were wrong, or given up.
    pub(crate) wrong: i64,
    /// How long ago the last wrong one began.
    pub(crate) since_wrong: Duration,
}

impl Tally {
    /// How long there is to wait.
    fn pause_left(&self) -> Duration {
        let Ok(too_many) = u32::try_from(self.wrong.saturating_sub(self.subject.max_wrong)) else {
            return Duration::ZERO;
        };
        let times = 2_u32.saturating_pow(too_many);
        let pause = FIRST_PAUSE.saturating_mul(times).min(LONGEST_PAUSE);
        pause.saturating_sub(self.since_wrong)
    }

    /// Whether as many are being checked as may turn out to be wrong; after a pause, that is one.
    fn is_crowded(&self) -> bool {
        let under_way = self.tries.saturating_sub(self.wrong);
        under_way >= self.subject.max_wrong.saturating_sub(self.wrong).max(1)
    }
}

/// Whether a password is to be checked.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Admission {
    /// It is.
    Admitted,
    /// Not while so many others are being checked: they may all turn out to be wrong, or right.
    Crowded,
    /// Not within this time.
    Locked(Duration),
}

/// Decides by what is known of each subject.
pub(crate) fn admission(tallies: &[Tally]) -> Admission {
    let left = tallies.iter().map(Tally::pause_left).max().unwrap_or_default();
    if !left.is_zero() {
        return Admission::Locked(left);
    }
    if tallies.iter().any(Tally::is_crowded) {
        return Admission::Crowded;
    }
    Admission::Admitted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(tries: i64, wrong: i64, since_wrong_s: u64) -> Tally {
        let subject = Subject::email(&EmailKey::of_any("ann@example.com"));
        Tally { subject, tries, wrong, since_wrong: Duration::from_secs(since_wrong_s) }
    }

    fn locked(seconds: u64) -> Admission {
        Admission::Locked(Duration::from_secs(seconds))
    }

    #[test]
    fn the_tenth_try_is_admitted_and_the_eleventh_is_not() {
        assert_eq!(admission(&[tally(9, 9, 5)]), Admission::Admitted);
        assert_eq!(admission(&[tally(10, 10, 5)]), locked(55));
    }

    #[test]
    fn each_wrong_try_after_the_tenth_doubles_the_pause_up_to_a_quarter_of_an_hour() {
        for (wrong, pause_s) in [(10, 60), (11, 120), (12, 240), (13, 480), (14, 900), (80, 900)] {
            assert_eq!(admission(&[tally(wrong, wrong, 0)]), locked(pause_s), "{wrong}");
            assert_eq!(admission(&[tally(wrong, wrong, pause_s)]), Admission::Admitted, "{wrong}");
        }
    }

    #[test]
    fn after_a_pause_one_try_is_checked_at_a_time() {
        assert_eq!(admission(&[tally(12, 11, 120)]), Admission::Crowded);
    }

    #[test]
    fn tries_under_way_hold_others_back_without_locking() {
        assert_eq!(admission(&[tally(10, 9, 5)]), Admission::Crowded);
    }

    #[test]
    fn the_subject_locked_longest_decides() {
        let both = [tally(10, 10, 55), tally(10, 10, 51), tally(0, 0, 0)];

        assert_eq!(admission(&both), locked(9));
    }

    #[test]
    fn one_client_is_one_subject() {
        let of = |address: &str| Subject::address(address.parse().unwrap());

        assert_eq!(of("192.0.2.1"), of("::ffff:192.0.2.1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
        assert_eq!(of("2001:db8::1"), of("2001:db8::2:3"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_ne!(of("192.0.2.1").hash, Subject::email(&EmailKey::of_any("192.0.2.1")).hash);
    }
}

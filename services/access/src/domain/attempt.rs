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

/// How long a wrong try counts.
pub(crate) const WINDOW: Duration = Duration::from_mins(1);
/// Wrong tries that are answered for an e-mail address within [`WINDOW`].
const MAX_WRONG_EMAIL: i64 = 10;
/// Wrong tries that are answered for a client's address within [`WINDOW`].
const MAX_WRONG_ADDRESS: i64 = 100;

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
    /// Those that were wrong.
    pub(crate) wrong: i64,
    /// When the oldest wrong one stops counting.
    pub(crate) free_after: Duration,
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
    let locked = tallies.iter().filter(|tally| tally.wrong >= tally.subject.max_wrong);
    if let Some(free_after) = locked.map(|tally| tally.free_after).max() {
        return Admission::Locked(free_after);
    }
    if tallies.iter().any(|tally| tally.tries >= tally.subject.max_wrong) {
        return Admission::Crowded;
    }
    Admission::Admitted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(tries: i64, wrong: i64, free_after_s: u64) -> Tally {
        let subject = Subject::email(&EmailKey::of_any("ann@example.com"));
        Tally { subject, tries, wrong, free_after: Duration::from_secs(free_after_s) }
    }

    #[test]
    fn the_tenth_try_is_admitted_and_the_eleventh_is_not() {
        assert_eq!(admission(&[tally(9, 9, 5)]), Admission::Admitted);
        assert_eq!(admission(&[tally(10, 10, 5)]), Admission::Locked(Duration::from_secs(5)));
    }

    #[test]
    fn tries_under_way_hold_others_back_without_locking() {
        assert_eq!(admission(&[tally(10, 9, 5)]), Admission::Crowded);
    }

    #[test]
    fn the_subject_locked_longest_decides() {
        let both = [tally(10, 10, 5), tally(10, 10, 9), tally(0, 0, 60)];

        assert_eq!(admission(&both), Admission::Locked(Duration::from_secs(9)));
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

//! Who may act, and for how long that may be relied upon.

use std::time::Duration;

use types::CustomerId;

/// For how long an answer may be relied upon, from when it was asked for.
pub(crate) const LEASE: Duration = Duration::from_millis(200);

/// How long after its commit a change of `active` is answered: longer than any lease that was given
/// before it, by enough for clocks that run at different rates.
pub(crate) const COMMIT_WAIT: Duration = Duration::from_millis(250);

/// Which of some customers may act.
pub(crate) struct Standings {
    /// Counts the changes of any customer's `active`; the same version, the same standings.
    pub(crate) version: i64,
    pub(crate) active: Vec<CustomerId>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_answered_after_every_lease_from_before_it() {
        assert!(COMMIT_WAIT >= LEASE.saturating_add(Duration::from_millis(25)));
    }
}

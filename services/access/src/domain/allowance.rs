//! How many requests may be drawn from an allowance. An allowance of 100 requests each second holds 100
//! when nobody has drawn for a second, and each request spends a hundredth of a second of it.

use std::time::Duration;

/// The largest allowance, in requests each second: one each microsecond.
pub(crate) const MOST_PER_S: i32 = 1_000_000;

const SECOND_US: i64 = 1_000_000;

/// What became of a draw.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Drawn {
    /// Requests that may be made.
    pub(crate) requests: i32,
    /// Until when the allowance is spent now, in microseconds since 1970.
    pub(crate) spent_until_us: i64,
    /// When there will be one more.
    pub(crate) more_after: Duration,
}

/// Draws up to `asked` requests from an allowance of `per_s` requests each second, both of which are
/// 1-1,000,000.
pub(crate) fn draw(now_us: i64, spent_until_us: i64, per_s: i32, asked: i32) -> Drawn {
    let cost_us = SECOND_US.checked_div(i64::from(per_s)).unwrap_or(SECOND_US).max(1);
    let full_us = cost_us.saturating_mul(i64::from(per_s));
    // Nobody saves up more than a second's worth; a clock that was put back makes nobody wait longer
    // than a second.
    let from_us = spent_until_us.clamp(now_us.saturating_sub(full_us), now_us);
    let there = now_us.saturating_sub(from_us).checked_div(cost_us).unwrap_or(0);
    let requests = there.min(i64::from(asked));
    let spent_until_us = from_us.saturating_add(requests.saturating_mul(cost_us));
    let wait_us = spent_until_us.saturating_add(cost_us).saturating_sub(now_us);
    Drawn {
        requests: i32::try_from(requests).unwrap_or(i32::MAX),
        spent_until_us,
        more_after: Duration::from_micros(u64::try_from(wait_us).unwrap_or(0)),
    }
}

#[cfg(test)]
#[expect(clippy::arithmetic_side_effects, reason = "small numbers")]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NOW: i64 = 1_000_000_000;

    #[test]
    fn nobody_draws_more_than_a_seconds_worth_at_once() {
        let first = draw(NOW, 0, 10, 100);
        assert_eq!((first.requests, first.spent_until_us), (10, NOW));

        let second = draw(NOW, first.spent_until_us, 10, 1);
        assert_eq!((second.requests, second.more_after), (0, Duration::from_millis(100)));

        let later = draw(NOW + 100_000, second.spent_until_us, 10, 5);
        assert_eq!(later.requests, 1);
    }

    #[test]
    fn a_clock_that_was_put_back_makes_nobody_wait() {
        assert_eq!(draw(NOW, NOW * 2, 10, 1).more_after, Duration::from_millis(100));
    }

    proptest! {
        /// However it is drawn, over any time no more is given than that time is worth, and a second's.
        #[test]
        fn an_allowance_is_never_overdrawn(
            per_s in 1..=2000_i32,
            draws in prop::collection::vec((0..300_000_i64, 1..500_i32), 1..50),
        ) {
            let (mut now, mut spent, mut given) = (NOW, 0, 0);
            for (pause, asked) in draws {
                now += pause;
                let drawn = draw(now, spent, per_s, asked);
                spent = drawn.spent_until_us;
                given += i64::from(drawn.requests);
                prop_assert!(drawn.requests <= asked);
                prop_assert!(drawn.requests == asked || drawn.more_after > Duration::ZERO);
            }
            let cost = SECOND_US / i64::from(per_s);
            prop_assert!(given * cost <= now - NOW + SECOND_US);
        }
    }
}

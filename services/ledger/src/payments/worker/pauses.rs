//! When what has failed is tried again.

use std::time::Duration;

use kit::{errors, postgres};

use super::figures::MANY_TRIES;
use crate::{config::PaymentSettings, error::Error};

/// The pause after so many failures and one more.
pub(super) fn after(settings: &PaymentSettings, failures: i32) -> Duration {
    let doublings = u32::try_from(failures).unwrap_or_default().min(16);
    let pause = settings.first_pause.saturating_mul(2_u32.saturating_pow(doublings));
    jittered(pause.min(settings.longest_pause))
}

/// Something between half and all of it, so that what failed together does not come back together.
fn jittered(pause: Duration) -> Duration {
    pause.mul_f64(rand::random_range(0.5..=1.0))
}

/// Whether somebody has to look: time alone does not mend it, or has not so far.
pub(super) fn is_for_a_person(error: &Error, failures: i32) -> bool {
    failures >= MANY_TRIES || !is_passing(error)
}

fn is_passing(error: &Error) -> bool {
    // Such as a payment that comes back before it is known to have gone.
    matches!(error, Error::PaymentStateUnfit)
        || matches!(
            error,
            Error::Kit(
                errors::Error::OutcomeUnknown
                    | errors::Error::Overloaded
                    | errors::Error::OutOfTime
                    | errors::Error::Upstream(_)
            )
        )
        || matches!(error, Error::Kit(errors::Error::Database(error)) if postgres::is_transient(error))
}

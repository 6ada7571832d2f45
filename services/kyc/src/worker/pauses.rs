//! How long to wait before the next try.

use std::time::{Duration, SystemTime};

use time::OffsetDateTime;

use crate::Settings;

/// The pause after so many failures, one after the other.
pub(super) fn after(settings: &Settings, failures: i32) -> Duration {
    let doublings = u32::try_from(failures.saturating_sub(1)).unwrap_or_default().min(16);
    let pause = settings.first_pause.saturating_mul(2_u32.saturating_pow(doublings));
    jittered(pause.min(settings.longest_pause))
}

/// Something between half and all of it, so that what failed together does not come back together.
pub(super) fn jittered(pause: Duration) -> Duration {
    pause.mul_f64(rand::random_range(0.5..=1.0))
}

/// How long ago it was.
pub(super) fn since(at: OffsetDateTime) -> Duration {
    SystemTime::from(at).elapsed().unwrap_or_default()
}

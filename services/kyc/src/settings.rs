//! What can be set about the work of verifying.

use std::{path::PathBuf, sync::Arc, time::Duration};

use crate::providers::{Providers, Sandbox};

/// How verifications are worked on. The defaults are those of production.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Who decides.
    pub providers: Providers,
    /// How many verifications are worked on at a time.
    pub concurrency: usize,
    /// How often to look for work that nobody announced: of another replica, or left over.
    pub poll_interval: Duration,
    /// How long a provider may take to answer.
    pub provider_timeout: Duration,
    /// How long one worker has a verification to itself. More than it takes to ask the provider once
    /// and the customer service three times.
    pub lease: Duration,
    /// The pause after a first failure; it doubles with every further one.
    pub first_pause: Duration,
    /// No pause is longer.
    pub longest_pause: Duration,
    /// After so many failures of the provider, one after the other, an attempt ends in error.
    pub max_attempts: i32,
    /// After so many leases, one after the other, in which the work died or did not end, an attempt
    /// ends in error.
    pub max_overruns: i32,
    /// How soon a provider that works on an attempt is asked again at the earliest, whatever it says.
    pub shortest_poll: Duration,
    /// An attempt that is not decided after so long has expired.
    pub max_age: Duration,
    /// `tesseract`, to read the machine-readable zones of images; none: they are not read.
    pub ocr_program: Option<PathBuf>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            providers: Providers::new(Arc::new(Sandbox::default())),
            concurrency: 4,
            poll_interval: Duration::from_secs(1),
            provider_timeout: Duration::from_secs(20),
            lease: Duration::from_mins(1),
            first_pause: Duration::from_secs(1),
            longest_pause: Duration::from_mins(5),
            max_attempts: 12,
            max_overruns: 5,
            shortest_poll: Duration::from_secs(1),
            max_age: Duration::from_hours(7 * 24),
            ocr_program: None,
        }
    }
}

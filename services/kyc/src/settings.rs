//! What can be set about the work of verifying.

use std::{path::PathBuf, sync::Arc, time::Duration};

use kit::{keys::Keyring, postgres::citus::Layout};

use crate::{
    Objects,
    providers::{Hosts, Providers, Sandbox},
    safe::Safe,
    upkeep::UpkeepSettings,
};

/// How verifications are worked on. The defaults are those of production.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What documents and secrets are kept with.
    pub keys: Keyring,
    /// Where documents are kept.
    pub objects: Objects,
    /// When documents at rest are looked after.
    pub upkeep: UpkeepSettings,
    /// Who decides for tenants that have no account of their own: those who play. None in production.
    pub providers: Providers,
    /// Where providers are that tenants may have accounts with.
    pub hosts: Hosts,
    /// Whether decisions can be played. Never in production.
    pub sandbox: bool,
    /// How many verifications are worked on at a time.
    pub concurrency: usize,
    /// And how many of them may ask one tenant's provider.
    pub provider_concurrency: usize,
    /// After so many failures of a tenant's provider, one after the other, it is left alone,
    pub circuit_failures: u32,
    /// for so long.
    pub circuit_pause: Duration,
    /// How often to look for work that nobody announced: of another replica, or left over.
    pub poll_interval: Duration,
    /// How long a provider may take to answer.
    pub provider_timeout: Duration,
    /// How long one worker has a verification to itself: to ask the provider (which, with two calls of the
    /// customer service of 5 s each, takes 30 s at most), or, once that has decided, to look at lists and
    /// images ourselves (two calls of 5 s, and two images of 20 s each).
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
    /// Where the tables are. Whoever serves finds out.
    pub layout: Layout,
}

impl Settings {
    /// Those of a deployment that plays: the sandbox decides for tenants without an account.
    #[must_use]
    pub fn in_the_sandbox(self) -> Self {
        let providers = Providers::new(Arc::new(Sandbox::default()));
        Self { providers, sandbox: true, ..self }
    }

    /// The defaults, with what has none.
    #[must_use]
    pub fn new(keys: Keyring, objects: Objects) -> Self {
        Self {
            keys,
            objects,
            upkeep: UpkeepSettings::default(),
            providers: Providers::default(),
            hosts: Hosts::default(),
            sandbox: false,
            concurrency: 16,
            provider_concurrency: 4,
            circuit_failures: 5,
            circuit_pause: Duration::from_secs(30),
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
            layout: Layout::default(),
        }
    }

    pub(crate) fn safe(&self) -> Safe {
        Safe::new(self.keys.clone(), self.objects.clone())
    }
}

//! A provider that answers by a script.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use kyc::{
    Outcome,
    providers::{Answer, Progress, Provider, ProviderError, Submission},
};
use types::VerificationId;

/// What a provider answers to the first, second... submission of an attempt.
pub(crate) type Script = fn(usize) -> Result<Progress, ProviderError>;

pub(crate) const VERIFIED: Script = |_| Ok(Progress::Decided(Outcome::Verified));

/// Answers by a script, and keeps count.
pub(crate) struct Scripted {
    answer: Script,
    takes: Duration,
    seen: Mutex<HashMap<VerificationId, Seen>>,
    under_way: AtomicUsize,
    most_at_once: AtomicUsize,
}

/// Of one attempt.
#[derive(Default, Clone, Copy)]
pub(crate) struct Seen {
    pub(crate) submissions: usize,
    under_way: usize,
    pub(crate) at_once: usize,
}

impl Seen {
    /// Tells which submission it is.
    fn began(&mut self) -> usize {
        self.submissions = self.submissions.saturating_add(1);
        self.under_way = self.under_way.saturating_add(1);
        self.at_once = self.at_once.max(self.under_way);
        self.submissions
    }

    fn ended(&mut self) {
        self.under_way = self.under_way.saturating_sub(1);
    }
}

impl Scripted {
    pub(crate) fn new(takes: Duration, answer: Script) -> Arc<Self> {
        let (seen, under_way, most_at_once) = <(Mutex<_>, AtomicUsize, AtomicUsize)>::default();
        Arc::new(Self { answer, takes, seen, under_way, most_at_once })
    }

    pub(crate) fn most_at_once(&self) -> usize {
        self.most_at_once.load(Ordering::Relaxed)
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().values().copied().collect()
    }
}

impl Provider for Scripted {
    fn submit<'a>(&'a self, submission: &'a Submission) -> Answer<'a> {
        let id = submission.verification;
        Box::pin(async move {
            let number = self.seen.lock().unwrap().entry(id).or_default().began();
            let others = self.under_way.fetch_add(1, Ordering::Relaxed);
            self.most_at_once.fetch_max(others.saturating_add(1), Ordering::Relaxed);
            tokio::time::sleep(self.takes).await;
            self.under_way.fetch_sub(1, Ordering::Relaxed);
            self.seen.lock().unwrap().entry(id).or_default().ended();
            (self.answer)(number)
        })
    }

    fn fetch<'a>(&'a self, _reference: &'a str) -> Answer<'a> {
        Box::pin(async { Ok(Progress::Decided(Outcome::Verified)) })
    }
}

//! Whether this process should be given requests: it has what it cannot work without, and is not
//! about to stop. The admin port tells it; one process has one answer, whatever it serves.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tonic::transport::Channel;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

use crate::shutdown;

/// How often what is needed is asked whether it answers, and how long it may take.
pub(crate) const INTERVAL: Duration = Duration::from_secs(2);

static NEEDS: Mutex<Vec<Known>> = Mutex::new(Vec::new());

#[derive(Debug, Clone)]
struct Known {
    name: &'static str,
    met: Arc<AtomicBool>,
}

/// Something that the process cannot work without, until dropped.
#[derive(Debug)]
pub struct Need(Known);

impl Need {
    /// A need that is not met yet.
    #[must_use]
    pub fn new(name: &'static str) -> Self {
        let known = Known { name, met: Arc::default() };
        needs().push(known.clone());
        Self(known)
    }

    /// Says whether it is met.
    pub fn set(&self, met: bool) {
        self.0.met.store(met, Ordering::Relaxed);
    }

    /// Asks every two seconds whether another service says that it serves, for ever.
    pub async fn watch(&self, peer: &Channel) -> ! {
        loop {
            let met = tokio::time::timeout(INTERVAL, serves(peer)).await;
            self.set(met.unwrap_or_default());
            tokio::time::sleep(INTERVAL).await;
        }
    }
}

impl Drop for Need {
    fn drop(&mut self) {
        needs().retain(|known| !Arc::ptr_eq(&known.met, &self.0.met));
    }
}

pub(crate) async fn serves(peer: &Channel) -> bool {
    let answer = HealthClient::new(peer.clone()).check(HealthCheckRequest::default()).await;
    answer.is_ok_and(|answer| answer.get_ref().status() == ServingStatus::Serving)
}

/// Why the process should not be given requests; nothing when it should.
pub(crate) fn obstacle() -> Option<String> {
    if shutdown::leaving().is_cancelled() {
        return Some("stopping".to_owned());
    }
    let needs = needs();
    if needs.is_empty() {
        return Some("starting".to_owned());
    }
    let unmet = needs.iter().filter(|need| !need.met.load(Ordering::Relaxed));
    let names: Vec<_> = unmet.map(|need| need.name).collect();
    (!names.is_empty()).then(|| format!("no answer from: {}", names.join(", ")))
}

fn needs() -> MutexGuard<'static, Vec<Known>> {
    NEEDS.lock().unwrap_or_else(PoisonError::into_inner)
}

//! Where passwords are hashed: on threads of their own, as many at a time as there are cores. Each
//! takes 19 MiB and tens of milliseconds; more at once would only be slower.

use std::{fmt, sync::Arc, thread::available_parallelism};

use tokio::{sync::Semaphore, task::spawn_blocking};

use crate::domain::{Password, PasswordHash};

/// Passwords that may wait for each core: about two seconds' work.
const WAITING_PER_CORE: usize = 64;

/// Why a password was neither checked nor hashed.
#[derive(Debug, thiserror::Error)]
pub enum HashingError {
    /// There is no place left to wait for a core.
    #[error("too many passwords are being checked")]
    Busy,
    /// It went wrong, for no fault of the password.
    #[error("hashing a password failed: {0}")]
    Failed(String),
}

/// The work of hashing, within its bounds.
#[derive(Debug, Clone)]
pub(crate) struct Passwords {
    cores: Arc<Semaphore>,
    places: Arc<Semaphore>,
}

impl Passwords {
    pub(crate) fn new() -> Self {
        let cores = available_parallelism().map_or(1, usize::from);
        let places = cores.saturating_mul(WAITING_PER_CORE);
        Self { cores: Arc::new(Semaphore::new(cores)), places: Arc::new(Semaphore::new(places)) }
    }

    pub(crate) async fn matches(
        &self,
        password: Password,
        hash: PasswordHash,
    ) -> Result<bool, HashingError> {
        self.run(move || password.matches(&hash)).await
    }

    pub(crate) async fn hash(&self, password: Password) -> Result<PasswordHash, HashingError> {
        self.run(move || password.hash()).await
    }

    async fn run<T: Send + 'static, E: fmt::Display + Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, E> + Send + 'static,
    ) -> Result<T, HashingError> {
        let _place = self.places.try_acquire().map_err(|_| HashingError::Busy)?;
        let core = self.cores.clone().acquire_owned().await.map_err(failed)?;
        let done = spawn_blocking(move || {
            // Held until the work ends, even when nobody waits for it any more.
            let _core = core;
            work()
        });
        done.await.map_err(failed)?.map_err(failed)
    }
}

fn failed(error: impl fmt::Display) -> HashingError {
    HashingError::Failed(error.to_string())
}

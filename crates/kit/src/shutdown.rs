//! SIGTERM and Ctrl-C.

use std::{sync::LazyLock, time::Duration};

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

static LEAVING: LazyLock<CancellationToken> = LazyLock::new(CancellationToken::new);

/// Cancelled when this process has been told to stop: health says `NOT_SERVING` from then on, while it
/// still serves whoever has not noticed.
#[must_use]
pub fn leaving() -> &'static CancellationToken {
    &LEAVING
}

/// Signals to stop, from the moment this is made.
#[derive(Debug)]
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    pause: Duration,
}

impl Signals {
    /// Takes SIGTERM and SIGINT over from their default, which would end the process at once.
    ///
    /// # Errors
    ///
    /// When the operating system refuses.
    pub fn listen() -> std::io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            pause: Duration::ZERO,
        })
    }

    /// The same, with the time between the signal and the stop in which clients go elsewhere.
    #[must_use]
    pub fn with_pause(self, pause: Duration) -> Self {
        Self { pause, ..self }
    }

    /// Waits for the next signal.
    pub async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    /// Runs `work` until it ends by itself; a signal cancels `stop`, after the pause or a second
    /// signal, which `work` must heed.
    pub async fn run<T>(&mut self, stop: &CancellationToken, work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        tokio::select! {
            done = &mut work => return done,
            () = self.next() => {}
        }
        tracing::info!("stopping");
        leaving().cancel();
        let pause = self.pause;
        tokio::select! {
            done = &mut work => return done,
            () = tokio::time::sleep(pause) => {}
            () = self.next() => {}
        }
        stop.cancel();
        work.await
    }
}

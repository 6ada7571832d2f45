//! Something that is made of files, and made again when they change.

use std::{
    fmt, fs,
    os::unix::fs::MetadataExt,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

/// How often the files are looked at, at most: when somebody asks.
const INTERVAL: Duration = Duration::from_secs(1);

type Make<T, const N: usize> = dyn Fn(&[PathBuf; N]) -> anyhow::Result<T> + Send + Sync;

/// What was made last of `N` files.
pub(crate) struct Reread<T, const N: usize> {
    files: [PathBuf; N],
    make: Box<Make<T, N>>,
    state: Mutex<State<T, N>>,
}

struct State<T, const N: usize> {
    looked: Instant,
    seen: [Option<Stamp>; N],
    made: Arc<T>,
}

/// Differs when a file has been written or replaced.
#[derive(PartialEq, Eq)]
struct Stamp {
    inode: u64,
    size: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl<T, const N: usize> Reread<T, N> {
    /// Makes it for the first time.
    pub(crate) fn open(
        files: [PathBuf; N],
        make: impl Fn(&[PathBuf; N]) -> anyhow::Result<T> + Send + Sync + 'static,
    ) -> anyhow::Result<Self> {
        // Looked at before it is read: what is written meanwhile is read again.
        let seen = stamps(&files);
        let made = Arc::new(make(&files)?);
        let state = Mutex::new(State { looked: Instant::now(), seen, made });
        Ok(Self { files, make: Box::new(make), state })
    }

    /// The latest that was good.
    pub(crate) fn current(&self) -> Arc<T> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.looked.elapsed() < INTERVAL {
            return Arc::clone(&state.made);
        }
        state.looked = Instant::now();
        let now = stamps(&self.files);
        if now != state.seen {
            // Also when it is no good: it is told once, and tried again when a file changes further.
            state.seen = now;
            match (self.make)(&self.files) {
                Ok(made) => {
                    state.made = Arc::new(made);
                    tracing::info!("certificates were read again");
                }
                Err(error) => {
                    let error = format!("{error:#}");
                    tracing::error!(error, "the new certificates are no good; the old ones stay");
                }
            }
        }
        Arc::clone(&state.made)
    }
}

impl<T, const N: usize> fmt::Debug for Reread<T, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reread").field("files", &self.files).finish_non_exhaustive()
    }
}

fn stamps<const N: usize>(files: &[PathBuf; N]) -> [Option<Stamp>; N] {
    files.each_ref().map(|file| {
        let data = fs::metadata(file).ok()?;
        Some(Stamp {
            inode: data.ino(),
            size: data.size(),
            modified: (data.mtime(), data.mtime_nsec()),
            changed: (data.ctime(), data.ctime_nsec()),
        })
    })
}

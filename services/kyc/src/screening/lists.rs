//! The lists in memory, as they are stored.

use std::{
    fmt,
    sync::{Arc, PoisonError, RwLock},
    time::Instant,
};

use kit::{errors, postgres::Database};
use types::TenantId;

use super::{DEFAULT_THRESHOLD, Match, Wanted, index::Index};
use crate::{
    error::Error,
    store::{sanctions, screening},
};

const SEARCHES: &str = "lombard_screening_searches_total";
const MATCHES: &str = "lombard_screening_matches_total";
const SECONDS: &str = "lombard_screening_search_seconds";

/// The lists, shared by all who search them in this process.
#[derive(Clone)]
pub(crate) struct Lists {
    database: Database,
    memory: Arc<RwLock<Memory>>,
    /// Whoever reads them anew does it once for all.
    reading: Arc<tokio::sync::Mutex<()>>,
}

#[derive(Clone, Default)]
struct Memory {
    /// 0 before any list was loaded.
    version: i64,
    index: Arc<Index>,
}

impl fmt::Debug for Lists {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lists").finish_non_exhaustive()
    }
}

impl Lists {
    pub(crate) fn new(database: Database) -> Self {
        metrics::describe_counter!(SEARCHES, "Customers that were looked for on sanctions lists.");
        metrics::describe_counter!(MATCHES, "Entries of lists that may be a customer.");
        metrics::describe_histogram!(SECONDS, "What it took to look for one customer.");
        Self { database, memory: Arc::default(), reading: Arc::default() }
    }

    /// Who on the lists that are stored now may be this one, best first. Whoever has no name is not looked
    /// for.
    pub(crate) async fn search(
        &self,
        tenant: TenantId,
        wanted: &Wanted,
    ) -> Result<Vec<Match>, Error> {
        if wanted.names.is_empty() {
            return Ok(Vec::new());
        }
        let threshold = self.threshold(tenant).await?;
        let index = self.current().await?;
        let begin = Instant::now();
        let found = index.search(wanted, threshold);
        metrics::histogram!(SECONDS).record(begin.elapsed());
        metrics::counter!(SEARCHES).increment(1);
        metrics::counter!(MATCHES).increment(found.len() as u64);
        Ok(found)
    }

    /// From which score on a match of this tenant's customers asks for a review.
    pub(crate) async fn threshold(&self, tenant: TenantId) -> Result<u32, Error> {
        let mut conn = self.database.of(tenant).await?;
        let threshold = screening::threshold(&mut conn, tenant).await?;
        Ok(threshold.and_then(|set| u32::try_from(set).ok()).unwrap_or(DEFAULT_THRESHOLD))
    }

    /// The lists as they are stored now: a search that begins after a list was loaded knows it.
    async fn current(&self) -> Result<Arc<Index>, Error> {
        // The lists are no tenant's.
        let mut conn = self.database.of_each([]).await?;
        let stored = screening::lists_version(&mut conn).await?;
        drop(conn);
        let memory = self.memory();
        if memory.version >= stored { Ok(memory.index) } else { self.read(stored).await }
    }

    async fn read(&self, wanted: i64) -> Result<Arc<Index>, Error> {
        let _alone = self.reading.lock().await;
        let memory = self.memory();
        if memory.version >= wanted {
            return Ok(memory.index);
        }
        let mut tx = self.database.begin_of_each([]).await?;
        // The version first: lists that are stored meanwhile are read too, and once more later.
        let version = screening::lists_version(&mut tx).await?;
        let entries = sanctions::all(&mut tx).await?;
        tx.commit().await?;
        let index = tokio::task::spawn_blocking(move || Arc::new(Index::new(entries)));
        let index = index.await.map_err(|_| {
            errors::Error::Internal("the lists could not be put in order".to_owned())
        })?;
        tracing::info!(lists.version = version, names = index.len(), "sanctions lists are read");
        *self.memory.write().unwrap_or_else(PoisonError::into_inner) =
            Memory { version, index: Arc::clone(&index) };
        Ok(index)
    }

    fn memory(&self) -> Memory {
        self.memory.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

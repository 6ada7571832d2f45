//! Writing down when keys were last used, after who asked has been answered: at most once a minute for
//! each key, and a few at a time. One that finds no place is written at the next look-up.

use std::{
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use kit::postgres::Database;
use tokio::task::JoinSet;
use types::{ApiKeyId, TenantId};

use crate::store::keys;

/// Keys that are written at the same time at most.
const AT_ONCE: usize = 4;

/// What is being written. Dropped, it ends at once.
#[derive(Clone)]
pub(crate) struct Uses {
    database: Database,
    under_way: Arc<Mutex<JoinSet<()>>>,
}

impl Uses {
    pub(crate) fn new(database: Database) -> Self {
        Self { database, under_way: Arc::default() }
    }

    /// The key is used now.
    pub(crate) fn note(&self, tenant: TenantId, key: ApiKeyId) {
        let mut under_way = self.under_way.lock().unwrap_or_else(PoisonError::into_inner);
        while under_way.try_join_next().is_some() {}
        if under_way.len() >= AT_ONCE {
            return;
        }
        let database = self.database.clone();
        under_way.spawn(async move {
            if let Err(error) = write(&database, tenant, key).await {
                tracing::warn!(%error, "the use of a key was not written down");
            }
        });
    }
}

async fn write(database: &Database, tenant: TenantId, key: ApiKeyId) -> Result<(), sqlx::Error> {
    keys::mark_used(&mut *database.of(tenant).await?, tenant, key).await
}

impl fmt::Debug for Uses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Uses(..)")
    }
}

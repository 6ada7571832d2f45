//! Seals what an earlier release wrote in clear, and wraps data keys anew when there is a newer
//! key-encryption key. What is sealed is never touched by either.

use std::time::Duration;

use kit::{
    keys::Keyring,
    postgres::{Database, citus},
};
use sqlx::PgPool;
use tokio_util::sync::CancellationToken;
use types::{CustomerId, TenantId};

use crate::{
    ROLE, TABLE,
    error::Error,
    personal::{Personal, about, about_index},
    store::{
        self,
        in_clear::{self, Rewrapped},
        index_keys,
    },
    unreadable::PassedOver,
};

/// How often to look for what stands in clear: a process of the earlier release may still write it.
const INTERVAL: Duration = Duration::from_mins(1);
/// Rows that are looked up at a time.
const BATCH: i64 = 100;

/// Seals what stands in clear, from time to time, until `stop`. Several processes may.
pub(crate) async fn run(database: Database, personal: Personal, stop: CancellationToken) {
    let passed_over = PassedOver::new();
    let forever = async {
        loop {
            if let Err(error) = seal_all(&database, &personal, &passed_over).await {
                tracing::error!(%error, "personal data stands in clear");
            }
            tokio::time::sleep(INTERVAL).await;
        }
    };
    stop.run_until_cancelled(forever).await;
}

/// Goes once over all whose data is in clear. One that cannot be read keeps no other from being sealed.
async fn seal_all(
    database: &Database,
    personal: &Personal,
    passed_over: &PassedOver,
) -> Result<(), Error> {
    let (mut sealed, mut after) = (0_usize, None);
    loop {
        // Everybody's: whose data is in clear is not known before.
        let mut conn = database.platform().await?;
        let places = in_clear::list(&mut conn, database.layout(), after, BATCH).await?;
        drop(conn);
        if places.is_empty() {
            break;
        }
        after = places.last().copied();
        for (tenant, customer) in places {
            match seal(database, personal, tenant, customer).await {
                Ok(()) => sealed = sealed.saturating_add(1),
                Err(error) => passed_over.tell("sealing", (tenant, customer), &error),
            }
        }
    }
    if sealed > 0 {
        tracing::info!(sealed, "personal data is sealed");
    }
    Ok(())
}

async fn seal(
    database: &Database,
    personal: &Personal,
    tenant: TenantId,
    id: CustomerId,
) -> Result<(), Error> {
    let (safe, index_key) = (personal.of(tenant), personal.index_key(tenant).await?);
    let mut tx = database.begin(tenant).await?;
    // As it is now: it may have been written since.
    if let Some(customer) = store::lock(&mut tx, &safe, id).await? {
        store::update(&mut tx, &safe, &index_key, &customer).await?;
    }
    Ok(kit::postgres::commit(tx).await?)
}

/// What a rotation has done.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Rotated {
    /// The version that wraps all that was rotated.
    pub version: i32,
    /// Keys that were wrapped anew.
    pub rewrapped: u64,
    /// Keys that none on the keyring opens: they are as they were.
    pub failed: u64,
}

/// Wraps every data key, and every key of an index, with the newest key-encryption key, in batches,
/// while the service runs. Cut off, it goes on where it was when it is run again.
///
/// # Errors
///
/// When the database fails.
pub async fn rotate_keys(pool: &PgPool, keys: &Keyring) -> anyhow::Result<Rotated> {
    let database = Database::new(pool, ROLE);
    let layout = citus::layout(&database, TABLE).await?;
    let database = &database.laid_out(layout);
    let mut rotated = Rotated { version: keys.newest_version(), ..Rotated::default() };
    rotate_index_keys(database, keys, &mut rotated).await?;
    let mut after = None;
    loop {
        // Everybody's: keys are wrapped by those of the platform.
        let mut tx = database.begin_platform().await?;
        let batch =
            in_clear::not_wrapped_by(&mut tx, layout, rotated.version, after, BATCH).await?;
        let Some((last, _)) = batch.last() else { return Ok(rotated) };
        after = Some(*last);
        let mut rewrapped = Vec::with_capacity(batch.len());
        for (place, was) in batch {
            match keys.rewrap(&was, &about(place.0, place.1)) {
                Ok(key) => rewrapped.extend(key.map(|key| Rewrapped { place, was, key })),
                Err(error) => {
                    rotated.failed = rotated.failed.saturating_add(1);
                    tracing::error!(%error, "customer {} keeps its key", place.1);
                }
            }
        }
        in_clear::save_keys(&mut tx, layout, &rewrapped).await?;
        kit::postgres::commit(tx).await?;
        rotated.rewrapped = rotated.rewrapped.saturating_add(rewrapped.len() as u64);
    }
}

async fn rotate_index_keys(
    database: &Database,
    keys: &Keyring,
    rotated: &mut Rotated,
) -> Result<(), Error> {
    let mut tx = database.begin_platform().await?;
    let found = index_keys::not_wrapped_by(&mut tx, database.layout(), rotated.version).await?;
    for (tenant, key) in found {
        match keys.rewrap(&key, &about_index(tenant)) {
            Ok(Some(key)) => {
                index_keys::save(&mut tx, tenant, &key).await?;
                rotated.rewrapped = rotated.rewrapped.saturating_add(1);
            }
            Ok(None) => {}
            Err(error) => {
                rotated.failed = rotated.failed.saturating_add(1);
                tracing::error!(%error, "the index of tenant {tenant} keeps its key");
            }
        }
    }
    kit::postgres::commit(tx).await?;
    Ok(())
}

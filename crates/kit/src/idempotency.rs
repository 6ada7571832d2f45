//! One effect for one `request_id`. The key is claimed at the start of the transaction that makes the
//! effect and keeps the answer when it commits, so key and effect stand or fall together.
//!
//! A second request with a claimed key waits for the first to end; then it finds the answer, or the key
//! free again because the first one failed. In one process it waits without a connection, so that a
//! crowd with one key does not keep others from the database; between processes it waits at the unique
//! index. Each service that uses this has a table `requests` as in this crate's `migrations`.
//!
//! Whether two requests are the same is told by a hash. Where requests hold personal data the hash is keyed
//! ([`Database::with_keys`]), and they are forgotten after some weeks ([`forget`]). Money's are kept for ever.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, LazyLock, Mutex, PoisonError},
};

use prost::Message;
use sha2::{Digest, Sha256};
use sqlx::{PgConnection, Postgres, Transaction};
use tokio::sync::{Mutex as Turn, OwnedMutexGuard};
use tonic::metadata::MetadataValue;
use types::TenantId;

use crate::{
    caller::{Caller, REPLAYED},
    errors::{Error, Violations},
    keys::Keyring,
    postgres::{self, Database},
};

mod forget;

pub use forget::{KEPT, forget, forget_old};

/// Why a `request_id` cannot be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It stands for another request.
    #[error("the request_id was used for another request")]
    Reused,
    /// Its first request has not ended within the time that a second one waits.
    #[error("a request with this request_id is still running")]
    InProgress,
}

/// What makes two requests the same one.
#[derive(Debug, Clone)]
pub struct Key {
    tenant: TenantId,
    operation: &'static str,
    request_id: String,
    hash: Vec<u8>,
}

impl Key {
    /// The key of a request, when it carries a `request_id`. A bad one is added to `bad`, under the
    /// name `request_id`. `operation` is the rpc's name: keys of different rpcs never meet.
    pub fn of(
        caller: &Caller,
        operation: &'static str,
        request_id: &str,
        message: &impl Message,
        bad: &mut Violations,
    ) -> Option<Self> {
        if request_id.is_empty() {
            return None;
        }
        if request_id.len() > 255 || !request_id.bytes().all(|byte| byte.is_ascii_graphic()) {
            bad.add("request_id", "must be 1-255 visible ASCII characters");
            return None;
        }
        let hash = match caller.request_hash() {
            Some(hash) => hash.as_bytes().to_vec(),
            None => Sha256::digest(message.encode_to_vec()).to_vec(),
        };
        Some(Self { tenant: caller.tenant(), operation, request_id: request_id.to_owned(), hash })
    }

    /// Whose request it is.
    #[must_use]
    pub fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// The rpc and the `request_id` with a space between, which neither of them has: for those who
    /// keep the key with its effect and not in `requests`.
    #[must_use]
    pub fn name(&self) -> String {
        format!("{} {}", self.operation, self.request_id)
    }

    /// Equal for requests that are the same one.
    #[must_use]
    pub fn hash(&self) -> &[u8] {
        &self.hash
    }
}

/// An answer, and whether it is that of an earlier request.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer<M> {
    /// What the rpc returns.
    pub message: M,
    /// Whether the effect was made by an earlier request.
    pub replayed: bool,
}

impl<M> Answer<M> {
    /// A response that says in its metadata whether it is a replay.
    pub fn into_response(self) -> tonic::Response<M> {
        let mut response = tonic::Response::new(self.message);
        if self.replayed {
            response.metadata_mut().insert(REPLAYED, MetadataValue::from_static("true"));
        }
        response
    }
}

/// How a request begins.
#[derive(Debug)]
pub enum Begun<M> {
    /// Its effect is still to be made, in this transaction.
    New(Work),
    /// It was done before; this was the answer.
    Replayed(Answer<M>),
}

/// A transaction that holds a key until it ends. Dropped without [`Work::commit`], it undoes
/// everything and frees the key.
pub struct Work {
    // Ends before others get their turn.
    tx: Transaction<'static, Postgres>,
    key: Option<(Key, Held)>,
}

impl fmt::Debug for Work {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = self.key.as_ref().map(|(key, _)| key);
        f.debug_struct("Work").field("key", &key).finish_non_exhaustive()
    }
}

impl Work {
    /// The connection, for statements that belong to the effect.
    pub fn conn(&mut self) -> &mut PgConnection {
        &mut self.tx
    }

    /// Keeps the answer under the key, and makes both and the effect durable.
    ///
    /// # Errors
    ///
    /// Those of the database. [`Error::OutcomeUnknown`] when it cannot be told whether they are durable.
    pub async fn commit<M: Message>(self, message: M) -> Result<Answer<M>, Error> {
        let kept = message.encode_to_vec();
        self.commit_kept(kept, message).await
    }

    /// As [`Work::commit`], but keeps another message than the one that is answered: what a replay
    /// needs, and no personal data.
    ///
    /// # Errors
    ///
    /// As for [`Work::commit`].
    pub async fn commit_keeping<M>(
        self,
        kept: &impl Message,
        message: M,
    ) -> Result<Answer<M>, Error> {
        self.commit_kept(kept.encode_to_vec(), message).await
    }

    async fn commit_kept<M>(mut self, kept: Vec<u8>, message: M) -> Result<Answer<M>, Error> {
        if let Some((key, _)) = &self.key {
            sqlx::query!(
                "
                update requests set response = $4
                where tenant_id = $1 and operation = $2 and request_id = $3
                ",
                key.tenant.uuid(),
                key.operation,
                key.request_id,
                kept,
            )
            .execute(&mut *self.tx)
            .await?;
        }
        postgres::commit(self.tx).await?;
        Ok(Answer { message, replayed: false })
    }
}

/// Who is at work on a key in this process, each with a queue of those who wait for it.
static AT_WORK: LazyLock<Mutex<HashMap<Place, Arc<Turn<()>>>>> = LazyLock::new(Mutex::default);

type Place = (TenantId, &'static str, String);

/// A key that nobody else in this process works on.
struct Held {
    place: Place,
    turn: Option<OwnedMutexGuard<()>>,
}

impl Held {
    /// Waits for everybody before us, as long as a lock is waited for.
    async fn take(key: &Key) -> Result<Self, Refused> {
        let place = (key.tenant, key.operation, key.request_id.clone());
        let turn = {
            let mut at_work = AT_WORK.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(at_work.entry(place.clone()).or_default())
        };
        let mut held = Self { place, turn: None };
        match tokio::time::timeout(postgres::LOCK_TIMEOUT, turn.lock_owned()).await {
            Ok(turn) => held.turn = Some(turn),
            Err(_) => return Err(Refused::InProgress),
        }
        Ok(held)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut at_work = AT_WORK.lock().unwrap_or_else(PoisonError::into_inner);
        self.turn = None;
        // One is the map's own: nobody works on the key or waits for it.
        if at_work.get(&self.place).is_some_and(|turn| Arc::strong_count(turn) == 1) {
            at_work.remove(&self.place);
        }
    }
}

/// Opens the transaction of a tenant's request, or finds the answer that it had.
///
/// # Errors
///
/// [`Refused`], and those of the database.
pub async fn begin<M: Message + Default>(
    database: &Database,
    tenant: TenantId,
    key: Option<Key>,
) -> Result<Begun<M>, Error> {
    let Some(key) = key else {
        return Ok(Begun::New(Work { tx: database.begin(tenant).await?, key: None }));
    };
    let held = Held::take(&key).await?;
    let mut tx = database.begin(tenant).await?;
    if claim(&mut tx, &key, database.keys()).await? {
        return Ok(Begun::New(Work { tx, key: Some((key, held)) }));
    }
    find(&mut tx, &key, database.keys())
        .await?
        .map(Begun::Replayed)
        .ok_or(Error::Request(Refused::InProgress))
}

/// The answer that a request had, if it was made before: for use cases that must ask another service
/// before they begin.
///
/// # Errors
///
/// [`Refused::Reused`], and those of the database.
pub async fn replay<M: Message + Default>(
    database: &Database,
    key: Option<&Key>,
) -> Result<Option<Answer<M>>, Error> {
    let Some(key) = key else { return Ok(None) };
    let mut conn = database.of(key.tenant).await?;
    find(&mut conn, key, database.keys()).await
}

async fn claim(conn: &mut PgConnection, key: &Key, keys: Option<&Keyring>) -> Result<bool, Error> {
    let hash = keys.map_or_else(|| key.hash.clone(), |keys| keys.fingerprint(&key.hash));
    let claimed = sqlx::query!(
        "
        insert into requests (tenant_id, operation, request_id, request_hash)
        values ($1, $2, $3, $4)
        on conflict on constraint requests_once do nothing
        ",
        key.tenant.uuid(),
        key.operation,
        key.request_id,
        hash,
    )
    .execute(conn)
    .await;
    match claimed {
        Ok(done) => Ok(done.rows_affected() == 1),
        Err(error) if postgres::is_lock_timeout(&error) => Err(Refused::InProgress.into()),
        Err(error) => Err(error.into()),
    }
}

async fn find<M: Message + Default>(
    conn: &mut PgConnection,
    key: &Key,
    keys: Option<&Keyring>,
) -> Result<Option<Answer<M>>, Error> {
    let found = sqlx::query!(
        "
        select request_hash, response from requests
        where tenant_id = $1 and operation = $2 and request_id = $3
        ",
        key.tenant.uuid(),
        key.operation,
        key.request_id,
    )
    .fetch_optional(conn)
    .await?;
    let Some(found) = found else { return Ok(None) };
    // An earlier release has kept hashes without a key.
    let is_same = found.request_hash == key.hash
        || keys.is_some_and(|keys| keys.is_fingerprint(&found.request_hash, &key.hash));
    if !is_same {
        return Err(Refused::Reused.into());
    }
    let message = M::decode(found.response.as_slice())
        .map_err(|error| Error::Internal(format!("kept answer: {error}")))?;
    Ok(Some(Answer { message, replayed: true }))
}

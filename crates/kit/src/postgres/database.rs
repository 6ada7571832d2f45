//! A service's database as the service may use it: in the service's own role, which owns nothing, and
//! only with a word for whose rows it is about. The policies of the tables go by that word; without it
//! no row is seen.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use sqlx::{
    AssertSqlSafe, Executor, PgConnection, PgPool, Postgres, Transaction,
    pool::PoolConnection,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use types::TenantId;

use super::{citus::Layout, is_end_of_session, settings};
use crate::keys::Keyring;

/// How long a connection is waited for.
pub(super) const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(10);

/// Connections that are let out only with a word for whose rows they are to see.
///
/// To say it costs no round trip: it takes the place of the look at whether a connection that has
/// rested is still there, and it goes with the `begin` of a transaction.
#[derive(Debug, Clone)]
pub struct Database {
    pool: PgPool,
    layout: Layout,
    keys: Option<Keyring>,
}

impl Database {
    /// The database that a pool leads to, in a service's role, whoever the pool's user is. That one
    /// must be the role itself or be allowed to take it on.
    #[must_use]
    pub fn new(pool: &PgPool, role: &str) -> Self {
        let options = settings(pool.connect_options().as_ref().clone());
        let connections = PgPoolOptions::new()
            .max_connections(pool.options().get_max_connections())
            .acquire_timeout(ACQUIRE_TIMEOUT)
            .test_before_acquire(false);
        let pool = connections.connect_lazy_with(options.options([("role", role)]));
        Self { pool, layout: Layout::default(), keys: None }
    }

    /// The same, with its tables where they are.
    #[must_use]
    pub fn laid_out(self, layout: Layout) -> Self {
        Self { layout, ..self }
    }

    /// Where its tables are.
    #[must_use]
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// With keys for the hashes of requests that are kept in it ([`crate::idempotency`]): what such a
    /// request said cannot be guessed by who has the database alone. For requests with personal data.
    #[must_use]
    pub fn with_keys(self, keys: Keyring) -> Self {
        Self { keys: Some(keys), ..self }
    }

    pub(crate) fn keys(&self) -> Option<&Keyring> {
        self.keys.as_ref()
    }

    /// A connection that sees what is a tenant's.
    ///
    /// # Errors
    ///
    /// When none is to be had.
    pub async fn of(&self, tenant: TenantId) -> Result<PoolConnection<Postgres>, sqlx::Error> {
        self.acquire(&tenants([tenant])).await
    }

    /// A connection that sees what is these tenants', for what is done for several at once.
    ///
    /// # Errors
    ///
    /// When none is to be had.
    pub async fn of_each(
        &self,
        each: impl IntoIterator<Item = TenantId>,
    ) -> Result<PoolConnection<Postgres>, sqlx::Error> {
        self.acquire(&tenants(each)).await
    }

    /// A connection that sees what is anybody's, for the platform's own work: what comes before a
    /// tenant is known, and what goes over all of them. Each use of it has to say why.
    ///
    /// # Errors
    ///
    /// When none is to be had.
    pub async fn platform(&self) -> Result<PoolConnection<Postgres>, sqlx::Error> {
        self.acquire(EVERYBODY).await
    }

    /// A transaction that sees what is a tenant's.
    ///
    /// # Errors
    ///
    /// When no connection is to be had.
    pub async fn begin(
        &self,
        tenant: TenantId,
    ) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
        self.open(&tenants([tenant])).await
    }

    /// A transaction that sees what is these tenants'.
    ///
    /// # Errors
    ///
    /// When no connection is to be had.
    pub async fn begin_of_each(
        &self,
        each: impl IntoIterator<Item = TenantId>,
    ) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
        self.open(&tenants(each)).await
    }

    /// A transaction that sees what is anybody's: see [`Database::platform`].
    ///
    /// # Errors
    ///
    /// When no connection is to be had.
    pub async fn begin_platform(&self) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
        self.open(EVERYBODY).await
    }

    /// How to connect in the service's role, for a connection of one's own. It sees nothing until
    /// [`see`] says what.
    #[must_use]
    pub fn connect_options(&self) -> Arc<PgConnectOptions> {
        self.pool.connect_options()
    }

    /// For those who look at the pool, not at rows.
    pub(crate) fn pool(&self) -> &PgPool {
        &self.pool
    }

    async fn acquire(&self, tenants: &str) -> Result<PoolConnection<Postgres>, sqlx::Error> {
        let statement = format!("set lombard.tenants = '{tenants}'");
        let acquiring = async {
            let mut broken = 0;
            loop {
                let mut conn = self.pool.acquire().await?;
                match conn.execute(AssertSqlSafe(statement.as_str())).await {
                    Ok(_) => return Ok(conn),
                    Err(error) => self.pass_over(&mut broken, error)?,
                }
            }
        };
        // Boxed: it is part of every future that reads.
        in_time(Box::pin(acquiring)).await
    }

    async fn open(&self, tenants: &str) -> Result<Transaction<'static, Postgres>, sqlx::Error> {
        let statement = format!("begin; set local lombard.tenants = '{tenants}'");
        let opening = async {
            let mut broken = 0;
            loop {
                match self.pool.begin_with(AssertSqlSafe(statement.as_str())).await {
                    Ok(tx) => return Ok(tx),
                    Err(error) => self.pass_over(&mut broken, error)?,
                }
            }
        };
        in_time(Box::pin(opening)).await
    }

    /// Passes over a connection that has broken while it rested: nothing was done on it. There are no
    /// more of those than the pool has.
    fn pass_over(&self, broken: &mut u32, error: sqlx::Error) -> Result<(), sqlx::Error> {
        let is_broken = is_end_of_session(&error)
            || matches!(
                error,
                sqlx::Error::Io(_) | sqlx::Error::Protocol(_) | sqlx::Error::WorkerCrashed
            );
        if !is_broken || *broken > self.pool.options().get_max_connections() {
            return Err(error);
        }
        *broken = broken.saturating_add(1);
        tracing::info!(%error, "a connection has broken while it rested");
        Ok(())
    }
}

async fn in_time<T>(
    acquiring: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    let acquired = tokio::time::timeout(ACQUIRE_TIMEOUT, acquiring).await;
    acquired.unwrap_or(Err(sqlx::Error::PoolTimedOut))
}

/// The word for every tenant.
const EVERYBODY: &str = "*";

/// The word for some tenants, each once; for none of them: nobody.
fn tenants(each: impl IntoIterator<Item = TenantId>) -> String {
    let each: BTreeSet<TenantId> = each.into_iter().collect();
    each.iter().map(TenantId::to_string).collect::<Vec<_>>().join(",")
}

/// Lets a connection of one's own see what is these tenants', and nothing else, from now on. Not within
/// a transaction: one that comes to nothing would undo it.
///
/// # Errors
///
/// Those of the database.
pub async fn see(
    conn: &mut PgConnection,
    each: impl IntoIterator<Item = TenantId>,
) -> Result<(), sqlx::Error> {
    let statement = format!("set lombard.tenants = '{}'", tenants(each));
    conn.execute(AssertSqlSafe(statement)).await.map(|_| ())
}

/// Lets a connection see what is anybody's: for the owner of the tables, who is bound by their
/// policies too, when the schema is changed or the books are proved.
///
/// # Errors
///
/// Those of the database.
pub async fn see_everybody(conn: &mut PgConnection) -> Result<(), sqlx::Error> {
    conn.execute("set lombard.tenants = '*'").await.map(|_| ())
}

//! One try of a batch: the usual way, or the locked one.

use std::{
    collections::{HashMap, HashSet},
    io,
    time::Duration,
};

use kit::{
    errors,
    postgres::{self, citus::Layout},
};
use sqlx::{Connection, PgConnection};
use time::OffsetDateTime;

use super::{
    Settler, is_answer,
    outcomes::{Settled, outcomes},
};
use crate::{
    domain::{
        account::{Account, AccountId},
        transfer::Order,
    },
    error::Error,
    queue::{
        LOCKED,
        batch::{self, Past, Plan, Verdict},
    },
    store::{
        self,
        accounts::Key,
        postings::{REQUEST_ONCE, REVERSED_ONCE, VERSION_AS_EXPECTED},
    },
};

/// Why a try has come to nothing.
pub(super) enum Failure {
    /// The copies or the keys say that the locked way must be gone.
    Stale,
    /// The database failed.
    Database(sqlx::Error),
    /// A row broke its own rules.
    Corrupt(Error),
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        if let Error::Kit(errors::Error::Database(error)) = error {
            Self::Database(error)
        } else {
            Self::Corrupt(error)
        }
    }
}

impl Settler {
    /// One statement, on copies of the accounts.
    pub(super) async fn on_copies(
        &mut self,
        orders: &[Order],
        keys: &[Key],
        unseen_end: &mut bool,
    ) -> Result<Vec<Settled>, Failure> {
        let accounts = self.copies(keys).await?;
        let plan = batch::plan(orders, accounts, &mut Past::default());
        if !plan.is_clean() {
            return Err(Failure::Stale);
        }
        let (layout, conn) = (self.layout, self.connected(keys).await?);
        *unseen_end = true;
        let written = match layout {
            Layout::OneServer => write(conn, layout, orders, &plan).await,
            Layout::ByTenant => write_all(conn, layout, orders, &plan).await,
        };
        // What one of several servers says of a commit is not what has become of it.
        let is_known = |error| layout == Layout::OneServer && is_answer(error);
        *unseen_end = written.as_ref().is_err_and(|error| !is_known(error));
        match written {
            Ok(now) => {
                self.stale_tries = 0;
                self.keep(&plan, now);
                Ok(outcomes(plan, now))
            }
            Err(error) => Err(match postgres::constraint(&error) {
                Some(VERSION_AS_EXPECTED) => {
                    self.stale_tries = self.stale_tries.saturating_add(1);
                    Failure::Stale
                }
                // A key that is known; any other fault is found again, and blamed, the locked way.
                Some(_) => Failure::Stale,
                None => error.into(),
            }),
        }
    }

    /// Copies of accounts; those that there are none of are read.
    pub(super) async fn copies(&mut self, keys: &[Key]) -> Result<HashMap<Key, Account>, Failure> {
        let mut accounts = HashMap::with_capacity(keys.len());
        let mut missing = Vec::new();
        for key in keys {
            match self.books.get(key) {
                Some(account) => {
                    accounts.insert(*key, account);
                }
                None => missing.push(*key),
            }
        }
        if !missing.is_empty() {
            let layout = self.layout;
            for (key, account) in load(self.connected(keys).await?, layout, &missing).await? {
                self.books.put(key, account);
                accounts.insert(key, account);
            }
        }
        Ok(accounts)
    }

    /// A transaction: locks, looks for what was recorded before, decides, writes.
    pub(super) async fn locked(
        &mut self,
        orders: &[Order],
        keys: &[Key],
        unseen_end: &mut bool,
    ) -> Result<Vec<Settled>, Failure> {
        metrics::counter!(LOCKED).increment(1);
        let layout = self.layout;
        let mut tx = self.connected(keys).await?.begin().await?;
        let accounts = lock(&mut tx, layout, keys).await?;
        let mut past = Past::default();
        look_back(&mut tx, orders, *unseen_end, &mut past).await?;
        let plan = batch::plan(orders, accounts.into_iter().collect(), &mut past);
        let now = if plan.changed.is_empty() {
            tx.rollback().await?;
            OffsetDateTime::UNIX_EPOCH
        } else {
            let now = write(&mut tx, layout, orders, &plan).await.map_err(|error| {
                match postgres::constraint(&error) {
                    Some(REQUEST_ONCE | REVERSED_ONCE) => Failure::Stale,
                    Some(_) | None => error.into(),
                }
            })?;
            *unseen_end = true;
            tx.commit().await?;
            now
        };
        self.keep(&plan, now);
        Ok(outcomes(plan, now))
    }

    /// To find out takes the locks that are free, for a moment; that is nothing to be committed.
    pub(super) async fn locked_elsewhere(
        &mut self,
        keys: &[Key],
    ) -> Result<HashSet<Key>, sqlx::Error> {
        let mut tx = self.connected(keys).await?.begin().await?;
        let locked = store::accounts::locked_elsewhere(&mut tx, keys).await?;
        tx.rollback().await?;
        Ok(locked)
    }

    /// Remembers the accounts as they have been written.
    fn keep(&mut self, plan: &Plan, now: OffsetDateTime) {
        for (key, account) in &plan.changed {
            let mut account = *account;
            account.version = account.version.saturating_add(1);
            warn_of_the_future(&account, now);
            account.last_entry_time = account.last_entry_time.max(Some(now));
            self.books.put(*key, account);
        }
    }

    /// A connection that sees the tenants of these accounts, which are in order, and nobody else. Where
    /// the batch before was of the same ones, that has been said.
    async fn connected(&mut self, keys: &[Key]) -> Result<&mut PgConnection, sqlx::Error> {
        let conn = if let Some(conn) = self.conn.take() {
            conn
        } else {
            self.sees.clear();
            PgConnection::connect_with(&self.options).await?
        };
        let conn = self.conn.insert(conn);
        let tenants =
            || keys.chunk_by(|a, b| a.0 == b.0).filter_map(|of_one| Some(of_one.first()?.0));
        if !tenants().eq(self.sees.iter().copied()) {
            self.sees.clear();
            postgres::see(conn, tenants()).await?;
            self.sees.extend(tenants());
        }
        Ok(conn)
    }
}

/// What takes too long has failed as on a connection that broke: it may have had an effect that was not
/// seen.
pub(super) async fn in_time<T, E: From<sqlx::Error>>(
    limit: Duration,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    tokio::time::timeout(limit, work)
        .await
        .unwrap_or_else(|_| Err(sqlx::Error::Io(io::ErrorKind::TimedOut.into()).into()))
}

/// Entries keep the latest time of their account: one far ahead would stand still for as long.
fn warn_of_the_future(account: &Account, now: OffsetDateTime) {
    let last_s = account.last_entry_time.map_or(0, OffsetDateTime::unix_timestamp);
    let ahead_s = last_s.saturating_sub(now.unix_timestamp());
    if ahead_s > 60 {
        tracing::warn!(ahead_s, "an account's last entry is ahead of the database's clock");
    }
}

/// Reads accounts: a batch is of one tenant where those are on several servers.
async fn load(
    conn: &mut PgConnection,
    layout: Layout,
    keys: &[Key],
) -> Result<Vec<(Key, Account)>, Error> {
    match (layout, keys.first()) {
        (Layout::ByTenant, Some((tenant, _))) => {
            store::accounts::load_of(conn, *tenant, &ids(keys)).await
        }
        (Layout::OneServer, _) | (_, None) => store::accounts::load(conn, keys).await,
    }
}

/// Locks accounts, as [`load`] reads them.
async fn lock(
    conn: &mut PgConnection,
    layout: Layout,
    keys: &[Key],
) -> Result<Vec<(Key, Account)>, Error> {
    match (layout, keys.first()) {
        (Layout::ByTenant, Some((tenant, _))) => {
            store::accounts::lock_of(conn, *tenant, &ids(keys)).await
        }
        (Layout::OneServer, _) | (_, None) => store::accounts::lock(conn, keys).await,
    }
}

fn ids(keys: &[Key]) -> Vec<AccountId> {
    keys.iter().map(|(_, account)| *account).collect()
}

/// Finds what was recorded before, of what these orders could repeat.
async fn look_back(
    conn: &mut PgConnection,
    orders: &[Order],
    unseen_end: bool,
    past: &mut Past,
) -> Result<(), Error> {
    let requests: Vec<_> = orders
        .iter()
        .filter_map(|order| Some((order.tenant, order.request.as_ref()?.id.as_str())))
        .collect();
    if unseen_end {
        let ids: Vec<_> = orders.iter().map(|order| (order.tenant, order.movement.id)).collect();
        past.add_transfers(store::transfers::find_by_ids(conn, &ids).await?);
    }
    if !requests.is_empty() {
        past.add_requests(store::transfers::find_by_requests(conn, &requests).await?);
    }
    let reversed: Vec<_> =
        orders.iter().filter_map(|order| Some((order.tenant, order.movement.reverses?))).collect();
    if !reversed.is_empty() {
        past.add_reversed(store::transfers::find_reversed(conn, &reversed).await?);
    }
    Ok(())
}

/// Writes what a plan says in a transaction: on several servers a statement may be several.
async fn write_all(
    conn: &mut PgConnection,
    layout: Layout,
    orders: &[Order],
    plan: &Plan,
) -> Result<OffsetDateTime, sqlx::Error> {
    let mut tx = conn.begin().await?;
    let now = write(&mut tx, layout, orders, plan).await?;
    tx.commit().await?;
    Ok(now)
}

/// Writes what a plan says.
async fn write(
    conn: &mut PgConnection,
    layout: Layout,
    orders: &[Order],
    plan: &Plan,
) -> Result<OffsetDateTime, sqlx::Error> {
    let postings: Vec<_> = orders
        .iter()
        .zip(&plan.verdicts)
        .filter_map(|(order, verdict)| match verdict {
            Verdict::Post(posting) => Some((order, posting)),
            Verdict::Same(_) | Verdict::Replay(_) | Verdict::Done(_) | Verdict::Refuse(_) => None,
        })
        .collect();
    let accounts: Vec<_> =
        plan.changed.iter().map(|((tenant, _), account)| (*tenant, *account)).collect();
    store::postings::record(conn, layout, &postings, &accounts).await
}

//! Makes seals, in the background: what is posted never waits for one. A seal covers entries of one
//! account that are a few seconds old, and everything about their transfers that never changes.
//!
//! Each walk passes all accounts in the order of their keys, a page at a time, and rests after each
//! page for several times as long as that took. Any number of processes may walk: the first to seal a
//! span has sealed it, the others leave that account for their next walk. A walk that is cut off has
//! left complete seals, and the next one goes on from there. It is the platform's, and sees all tenants' entries.

use std::{collections::HashSet, time::Duration};

use kit::postgres::Database;
use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;
use tokio::time::{Instant, sleep};
use tokio_stream::StreamExt;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    ROLE,
    domain::seal::{Hash, NoEncoding, SPAN, Span, Tree, Version, root},
    store::{
        self,
        seals::{Passed, Seal},
    },
};

/// How old entries are when they are sealed: those of a busy moment are sealed together.
const AGE: Duration = Duration::from_secs(5);
/// Accounts that are passed at a time.
const PAGE: i64 = 1_000;
/// Accounts that are sealed at a time: with at most 32,768 entries.
const SEALED_TOGETHER: usize = 32;
/// Times as long as a page took that the rest after it takes, and the shortest one.
const REST: u32 = 4;
const SHORTEST_REST: Duration = Duration::from_millis(5);
/// Longer than it takes from when an entry is dated until it is seen.
const UNSEEN: Duration = Duration::from_mins(2);
/// Each so many walks look at every account, whenever its last entry was.
const WHOLE: u32 = 60;

/// Seals what is posted until `stop`, with a walk every `interval`.
pub(crate) async fn run(database: Database, interval: Duration, stop: CancellationToken) {
    // So that processes that start together walk apart.
    let mut wait = rand::random_range(Duration::ZERO..=interval);
    let (mut walks, mut since) = (0_u32, None);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = sleep(wait) => {}
        }
        wait = interval;
        let from = since.filter(|_| !walks.is_multiple_of(WHOLE));
        let walked = tokio::select! {
            () = stop.cancelled() => return,
            walked = walk(&database, AGE, from) => walked,
        };
        match walked {
            Ok(Walked { begin, sealed }) => {
                metrics::counter!("lombard_seals_made_total").increment(sealed);
                since =
                    begin.checked_sub((AGE.saturating_add(UNSEEN)).try_into().unwrap_or_default());
                walks = walks.wrapping_add(1);
            }
            Err(error) => tracing::warn!(%error, "sealing was cut off, and will go on"),
        }
    }
}

/// Seals all that is older than `age`, once. Answers how many seals that made.
///
/// # Errors
///
/// Those of the database; the seals that were made before one stay.
pub async fn seal(pool: &PgPool, age: Duration) -> Result<u64, sqlx::Error> {
    Ok(walk(&Database::new(pool, ROLE), age, None).await?.sealed)
}

struct Walked {
    /// By the database's clock.
    begin: OffsetDateTime,
    sealed: u64,
}

/// Passes all accounts once; those without an entry from `since` on are not looked at.
async fn walk(
    database: &Database,
    age: Duration,
    since: Option<OffsetDateTime>,
) -> Result<Walked, sqlx::Error> {
    let begin = store::seals::now(&mut *database.platform().await?).await?;
    let before = age.try_into().ok().and_then(|age| begin.checked_sub(age)).unwrap_or(begin);
    let (mut after, mut sealed) = ((Uuid::nil(), Uuid::nil()), 0_u64);
    loop {
        let started = Instant::now();
        let mut tx = database.begin_platform().await?;
        store::seals::find_by_key(&mut tx).await?;
        let passed = store::seals::pass(&mut tx, after, since, PAGE).await?;
        tx.rollback().await?;
        rest(started).await;
        let Some(last) = passed.last() else { return Ok(Walked { begin, sealed }) };
        after = (last.tenant_id, last.account_id);
        let mut due: Vec<Chain> = passed.into_iter().filter_map(Chain::due).collect();
        while !due.is_empty() {
            let rest_of_page = due.split_off(due.len().min(SEALED_TOGETHER));
            let (made, more) = seal_chains(database, due, before).await?;
            sealed = sealed.saturating_add(made);
            due = more;
            due.extend(rest_of_page);
        }
    }
}

/// Lets others work.
async fn rest(started: Instant) {
    sleep(started.elapsed().saturating_mul(REST).max(SHORTEST_REST)).await;
}

/// An account's seals, as far as they go.
#[derive(Debug)]
struct Chain {
    /// What is to be sealed next.
    span: Span,
    root: Option<Hash>,
    tree: Tree,
    /// Something is wrong with an entry: it is for `verify` to say what.
    broken: bool,
}

impl Chain {
    fn due(passed: Passed) -> Option<Self> {
        let Passed { tenant_id: tenant, account_id: account, due, sealed_to, root } = passed;
        let root = root.and_then(|root| Hash::try_from(root).ok());
        due.then(|| Self::after(tenant, account, sealed_to, root))
    }

    fn after(tenant: Uuid, account: Uuid, sealed_to: i64, root: Option<Hash>) -> Self {
        let (from, to) = (sealed_to.saturating_add(1), sealed_to.saturating_add(SPAN));
        let span = Span { tenant, account, from, to };
        Self { span, root, tree: Tree::default(), broken: false }
    }

    /// Takes the next entry in. What follows one that is missing, or cannot be encoded, is not sealed.
    fn take(&mut self, row: store::seals::Row) {
        let next =
            i64::try_from(self.tree.leaves()).ok().and_then(|n| self.span.from.checked_add(n));
        let follows = next == Some(row.sequence());
        match row.sealed().ok_or(NoEncoding).and_then(|sealed| sealed.leaf(Version::NOW)) {
            Ok(leaf) if follows && !self.broken => self.tree.push(leaf),
            Ok(_) | Err(NoEncoding) => self.broken = true,
        }
    }

    /// The seal of what was taken in, unless that is nothing.
    fn seal(&self) -> Option<Seal> {
        let last = i64::try_from(self.tree.leaves()).ok()?.checked_sub(1)?;
        if last < 0 {
            return None;
        }
        let span = Span { to: self.span.from.checked_add(last)?, ..self.span };
        Some(Seal { span, root: root(&span, self.root.as_ref(), &self.tree) })
    }
}

/// Seals one span of each account. Answers how many seals were made, and the accounts that have more.
async fn seal_chains(
    database: &Database,
    mut chains: Vec<Chain>,
    before: OffsetDateTime,
) -> Result<(u64, Vec<Chain>), sqlx::Error> {
    let started = Instant::now();
    let mut tx = database.begin_platform().await?;
    store::seals::find_by_key(&mut tx).await?;
    read(&mut tx, &mut chains, before).await?;
    let seals: Vec<Seal> = chains.iter().filter_map(Chain::seal).collect();
    let kept: HashSet<(Uuid, Uuid)> =
        store::seals::insert(&mut tx, &seals).await?.into_iter().collect();
    tx.commit().await?;
    rest(started).await;
    for Chain { span: Span { tenant, account, from, .. }, .. } in
        chains.iter().filter(|chain| chain.broken)
    {
        tracing::error!(%tenant, %account, from, "entries cannot be sealed: `lombard verify` says why");
    }
    let full = |seal: &&Seal| {
        let Span { tenant, account, from, to } = seal.span;
        to.checked_sub(from) == SPAN.checked_sub(1) && kept.contains(&(tenant, account))
    };
    let go_on = |seal: &Seal| {
        Chain::after(seal.span.tenant, seal.span.account, seal.span.to, Some(seal.root))
    };
    let more = seals.iter().filter(full).map(go_on).collect();
    Ok((u64::try_from(kept.len()).unwrap_or_default(), more))
}

async fn read(
    conn: &mut PgConnection,
    chains: &mut [Chain],
    before: OffsetDateTime,
) -> Result<(), sqlx::Error> {
    let spans: Vec<Span> = chains.iter().map(|chain| chain.span).collect();
    let mut rows = store::seals::entries(conn, &spans, Some(before));
    while let Some(row) = rows.try_next().await? {
        if let Some(chain) = chains.get_mut(row.at()) {
            chain.take(row);
        }
    }
    Ok(())
}

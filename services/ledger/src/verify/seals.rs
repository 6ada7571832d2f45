//! Seals: that each is what its entries and their transfers make it today.

use std::time::Instant;

use sqlx::PgConnection;
use time::{Duration, OffsetDateTime};
use tokio_stream::StreamExt;
use uuid::Uuid;

use super::{Check, Seals};
use crate::{
    domain::seal::{Hash, NoEncoding, Span, Tree, leaf_of_seal, root},
    store::{self, seals::Kept},
};

/// Longer than it takes from when a seal is dated to when it is durable: those that were made before
/// that are all there are.
pub(super) const SETTLING: Duration = Duration::MINUTE;

/// Seals that are looked at together: with at most a million entries.
const PAGE: i64 = 1_000;

/// Makes every seal again, and the root over those until a time.
pub(super) async fn roots(
    conn: &mut PgConnection,
    until: OffsetDateTime,
) -> Result<([Check; 1], Seals), sqlx::Error> {
    let begin = Instant::now();
    store::seals::find_by_key(conn).await?;
    let mut walk = Walk {
        check: Check::new("seals", "every seal is that of its entries and their transfers", 0),
        until,
        all: Tree::default(),
        before: None,
    };
    let mut after = (Uuid::nil(), Uuid::nil(), 0);
    loop {
        let page = store::seals::list(conn, after, PAGE).await?;
        let Some(last) = page.last() else { break };
        after = (last.span.tenant, last.span.account, last.span.from);
        let trees = trees(conn, &page).await?;
        for (kept, tree) in page.iter().zip(trees) {
            walk.step(kept, tree.as_ref());
        }
    }
    let seals = Seals { root: kit::hex::hex(&walk.all.root()), count: walk.all.leaves(), until };
    Ok(([walk.check.took(begin.elapsed())], seals))
}

/// Compares the root with the one that was kept of that time.
pub(super) fn compare(seals: &Seals, kept: &str) -> Check {
    let mut check = Check::new(
        "kept_root",
        "the root over all seals until then is the one that was kept",
        i64::try_from(seals.count).unwrap_or(i64::MAX),
    );
    if !seals.root.eq_ignore_ascii_case(kept) {
        check.is_broken_by(&seals.root);
    }
    check
}

struct Walk {
    check: Check,
    until: OffsetDateTime,
    all: Tree,
    /// The seal before, which may be another account's.
    before: Option<Before>,
}

struct Before {
    span: Span,
    root: Option<Hash>,
}

impl Walk {
    /// Looks at one seal; `tree` is that of its entries, if all are there.
    fn step(&mut self, kept: &Kept, tree: Option<&Tree>) {
        let Kept { span, root: said, create_time, .. } = kept;
        self.check.checked = self.check.checked.saturating_add(1);
        if *create_time <= self.until {
            self.all.push(leaf_of_seal(span, said));
        }
        let same = |before: &&Before| {
            before.span.tenant == span.tenant && before.span.account == span.account
        };
        let before = self.before.as_ref().filter(same);
        let follows = match before {
            Some(before) => before.span.to.checked_add(1) == Some(span.from),
            None => span.from == 1,
        };
        let chained = before.map_or(Some(None), |before| before.root.as_ref().map(Some));
        let made = tree.zip(chained).map(|(tree, before)| root(span, before, tree));
        if !follows || made.is_none_or(|made| made.as_slice() != said) {
            let Span { tenant, account, from, to } = span;
            self.check.is_broken_by(&format!("{tenant}/{account}/{from}-{to}"));
        }
        // What the chain goes on from is what is kept: one that was changed is named, and only it.
        let root = Hash::try_from(said.as_slice()).ok();
        self.before = Some(Before { span: *span, root });
    }
}

/// The tree of each seal's entries; none where one is missing or has no encoding.
async fn trees(conn: &mut PgConnection, page: &[Kept]) -> Result<Vec<Option<Tree>>, sqlx::Error> {
    let spans: Vec<Span> = page.iter().map(|kept| kept.span).collect();
    let mut trees: Vec<Option<Tree>> = spans.iter().map(|_| Some(Tree::default())).collect();
    let mut rows = store::seals::entries(conn, &spans, None);
    while let Some(row) = rows.try_next().await? {
        let at = row.at();
        if let Some((slot, kept)) = trees.get_mut(at).zip(page.get(at)) {
            let leaf = row.sealed().ok_or(NoEncoding).and_then(|row| row.leaf(kept.version));
            match (leaf, slot.as_mut()) {
                (Ok(leaf), Some(tree)) => tree.push(leaf),
                (Err(NoEncoding), _) | (Ok(_), None) => *slot = None,
            }
        }
    }
    let whole = |span: &Span, tree: &Tree| {
        let entries = span.to.checked_sub(span.from).and_then(|last| last.checked_add(1));
        entries.and_then(|entries| u64::try_from(entries).ok()) == Some(tree.leaves())
    };
    let complete = spans.iter().zip(trees);
    Ok(complete.map(|(span, tree)| tree.filter(|tree| whole(span, tree))).collect())
}

//! Proves that no record of the log was changed, taken away or put in since it became a link, on one
//! snapshot of a database in use, without trust in its constraints.

use std::{fmt, time::Duration};

use sqlx::PgPool;
use tokio_stream::StreamExt;
use uuid::Uuid;

use super::{
    chain::{self, NONE},
    store::{self, Linked},
};
use crate::hex::hex;

/// Longer than it takes until a record is a link, while any process of the service runs.
const SETTLING: Duration = Duration::from_mins(5);
/// Faults that are told one by one.
const TOLD: usize = 100;

/// Where a tenant's chain ends. Kept elsewhere and compared later, it shows whether all that was there by
/// then still is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Whose chain.
    pub tenant: Uuid,
    /// The place.
    pub sequence: i64,
    /// What the chain is there, in hexadecimal.
    pub hash: String,
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.tenant, self.sequence, self.hash)
    }
}

/// What was found.
#[derive(Debug, Default)]
pub struct Report {
    /// Links that were looked at.
    pub links: u64,
    /// The last of each chain.
    pub heads: Vec<Head>,
    /// What is wrong, the first hundred.
    pub faults: Vec<String>,
    /// How much is.
    pub fault_count: u64,
}

impl Report {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.fault_count == 0
    }

    fn fault(&mut self, what: impl FnOnce() -> String) {
        self.fault_count = self.fault_count.saturating_add(1);
        if self.faults.len() < TOLD {
            self.faults.push(what());
        }
    }
}

/// Makes every chain again. `expected` are heads as they were once: the chains must still pass through
/// them.
///
/// # Errors
///
/// Those of the database. That the log is not sound is no error.
pub async fn verify(pool: &PgPool, expected: &[Head]) -> Result<Report, sqlx::Error> {
    let mut tx = pool
        .begin_with(
            "begin isolation level repeatable read, read only; set local lombard.tenants = '*'; \
             set local statement_timeout = 0",
        )
        .await?;
    let mut report = Report::default();
    let mut missed: Vec<&Head> = expected.iter().collect();
    let mut last: Option<Linked> = None;
    let mut links = store::links(&mut tx);
    while let Some(link) = links.try_next().await? {
        let before = last.take_if(|last| last.tenant_id == link.tenant_id);
        if let Some(other) = last.take() {
            report.heads.push(head(&other));
        }
        check(&mut report, before.as_ref(), &link);
        missed.retain(|kept| {
            let here = (kept.tenant, kept.sequence) == (link.tenant_id, link.sequence);
            !(here && kept.hash.eq_ignore_ascii_case(&hex(&link.hash)))
        });
        last = Some(link);
    }
    drop(links);
    report.heads.extend(last.as_ref().map(head));
    for kept in missed {
        report.fault(|| format!("{} {}: not what was kept", kept.tenant, kept.sequence));
    }
    let mut left_out = store::left_out(&mut tx, SETTLING);
    while let Some((tenant, record)) = left_out.try_next().await? {
        report.fault(|| format!("{tenant} {record}: in no chain"));
    }
    drop(left_out);
    tx.rollback().await?;
    Ok(report)
}

/// Looks at one link, and at the one before it in its chain.
fn check(report: &mut Report, before: Option<&Linked>, link: &Linked) {
    let Linked { tenant_id, sequence, audit_record_id, .. } = link;
    report.links = report.links.saturating_add(1);
    let (place, hash) = before.map_or((0, NONE.as_slice()), |it| (it.sequence, it.hash.as_slice()));
    if place.checked_add(1) != Some(*sequence) {
        report.fault(|| format!("{tenant_id} {sequence}: links before it are gone"));
    }
    match link.record() {
        None => report.fault(|| format!("{tenant_id} {sequence} {audit_record_id}: gone")),
        // What the chain goes on from is what is kept: one that was changed is named, and only it.
        Some(record) if chain::hash(hash, *sequence, &record).as_slice() != link.hash => {
            report.fault(|| format!("{tenant_id} {sequence} {audit_record_id}: changed"));
        }
        Some(_) => {}
    }
}

fn head(link: &Linked) -> Head {
    Head { tenant: link.tenant_id, sequence: link.sequence, hash: hex(&link.hash) }
}

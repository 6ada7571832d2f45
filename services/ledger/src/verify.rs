//! Proves what is always true of the books, on a database that is in use: every check reads the same
//! snapshot, so postings may go on meanwhile.
//!
//! The checks trust nothing that the service relies on: neither its code nor the database's constraints.
//! Each pass over a table serves all checks that can be made on the way. Whatever breaks a rule comes out
//! row by row and is counted here, so that books that are badly broken need no more memory than sound
//! ones.

use std::time::Instant;

use sqlx::{PgConnection, PgPool};
use time::OffsetDateTime;

mod accounts;
mod entries;
mod ledgers;
mod payments;
mod report;
mod requests;
mod seals;
mod transfers;

pub use report::{Check, Report, Seals};

use crate::MIGRATIONS;

/// What may be asked beside whether the books are sound.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// Makes the root over the seals that were there at this time, to be compared with the one that was
    /// told then. Without it: over all but those of the last minute.
    pub sealed_until: Option<OffsetDateTime>,
    /// That one: another is a rule that is broken.
    pub root: Option<String>,
}

/// Checks the whole database, in one transaction that only reads.
///
/// # Errors
///
/// When the database does not answer or is none of the ledger service's. That the books are not sound is
/// no error.
pub async fn verify(pool: &PgPool, options: Options) -> anyhow::Result<Report> {
    let begin = Instant::now();
    kit::postgres::check_schema(pool, &MIGRATIONS).await?;
    let mut tx = pool
        .begin_with(
            "begin isolation level repeatable read, read only; set local lombard.tenants = '*'",
        )
        .await?;
    let conn: &mut PgConnection = &mut tx;
    let snapshot_time = prepare(conn).await?;
    let counts = Counts::read(conn).await?;
    let mut checks = Vec::new();
    checks.extend(transfers::entered(conn, &counts).await?);
    checks.extend(entries::sides(conn, &counts).await?);
    checks.extend(transfers::accounts(conn, &counts).await?);
    checks.extend(entries::running(conn, &counts).await?);
    checks.extend(accounts::totals(conn, &counts).await?);
    checks.extend(accounts::currencies(conn).await?);
    checks.extend(accounts::holds(conn, &counts).await?);
    checks.extend(accounts::floors(conn, &counts).await?);
    checks.extend(requests::keys(conn, &counts).await?);
    checks.extend(requests::outcomes(conn, &counts).await?);
    checks.extend(transfers::reversals(conn).await?);
    checks.extend(payments::transfers(conn, &counts).await?);
    checks.extend(payments::inbound(conn, &counts).await?);
    checks.extend(payments::suspense(conn).await?);
    checks.extend(ledgers::pairs(conn, &counts).await?);
    checks.extend(ledgers::numbers(conn).await?);
    let settled = snapshot_time.checked_sub(seals::SETTLING).unwrap_or(snapshot_time);
    let until = options.sealed_until.unwrap_or(settled);
    let (sealed, seals) = seals::roots(conn, until).await?;
    checks.extend(sealed);
    checks.extend(options.root.map(|kept| seals::compare(&seals, &kept)));
    tx.rollback().await?;
    Ok(Report { checks, seals, snapshot_time, elapsed: begin.elapsed() })
}

/// Sets what long reads need, and answers the time of the snapshot. One process does all the work, so
/// that postings keep the other cores.
async fn prepare(conn: &mut PgConnection) -> Result<OffsetDateTime, sqlx::Error> {
    let set = sqlx::query!(
        r#"
        select
            set_config('statement_timeout', '0', true) as a,
            set_config('lock_timeout', '0', true) as b,
            set_config('idle_in_transaction_session_timeout', '5min', true) as c,
            set_config('work_mem', '256MB', true) as d,
            set_config('max_parallel_workers_per_gather', '0', true) as e,
            set_config('jit', 'off', true) as f,
            now() as "now!"
        "#
    );
    Ok(set.fetch_one(conn).await?.now)
}

/// How many rows there are to check.
#[derive(Debug)]
struct Counts {
    accounts: i64,
    ledgers: i64,
    transfers: i64,
    entries: i64,
    requests: i64,
    keyed_transfers: i64,
    payments: i64,
    inbound_payments: i64,
}

impl Counts {
    async fn read(conn: &mut PgConnection) -> Result<Self, sqlx::Error> {
        let counted = sqlx::query_as!(
            Counts,
            r#"
            select
                (select count(*) from accounts) as "accounts!",
                (select count(*) from ledgers) as "ledgers!",
                t.transfers as "transfers!",
                (select count(*) from entries) as "entries!",
                (select count(*) from requests) as "requests!",
                t.keyed as "keyed_transfers!",
                (select count(*) from payments) as "payments!",
                (select count(*) from inbound_payments) as "inbound_payments!"
            from (select count(*) as transfers, count(request_id) as keyed from transfers) t
            "#
        );
        counted.fetch_one(conn).await
    }
}

//! `lombard bench`: how fast the platform is beside what it could be compared with, on this machine.
//!
//! Rates of different machines, and of one machine at different times, say little. So nothing here is
//! a rate that must be reached: two things are measured one right after the other, on the same
//! PostgreSQL, round by round, and what counts is the median of the rounds' ratios.

mod data;
mod grpc;
mod load;
mod measure;
mod pgbench;
mod platform;
mod report;
mod rest;
mod rows;
mod site;

use std::{
    fs,
    io::{Write, stdout},
};

use anyhow::{Context, bail, ensure};
use kit::shutdown::Signals;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use self::{
    report::Results,
    rows::{ROWS, Row},
    site::Site,
};
use crate::cli::Bench;

/// Measures, and says what came out.
///
/// # Errors
///
/// When something cannot be started or measured; and, if `--strict`, when a row is missed.
pub async fn run(options: &Bench) -> anyhow::Result<()> {
    let rows = chosen(&options.only)?;
    let mut signals = Signals::listen()?;
    let stop = CancellationToken::new();
    signals.run(&stop, Box::pin(on_site(options, &rows, &stop))).await
}

/// The rows of these names; all when none is named.
fn chosen(only: &[String]) -> anyhow::Result<Vec<Row>> {
    for name in only {
        let known = || ROWS.map(|row| row.name).join(", ");
        ensure!(ROWS.iter().any(|row| row.name == name), "no row {name}; there are {}", known());
    }
    let is_chosen = |row: &Row| only.is_empty() || only.iter().any(|name| name == row.name);
    Ok(ROWS.into_iter().filter(is_chosen).collect())
}

/// Whatever happens, what was started is stopped.
async fn on_site(options: &Bench, rows: &[Row], stop: &CancellationToken) -> anyhow::Result<()> {
    let mut site = Box::pin(Site::open(options)).await?;
    eprintln!("lombard: logs are in {}", site.directory().display());
    let measured = tokio::select! {
        done = Box::pin(rounds(&mut site, options, rows)) => done,
        () = stop.cancelled() => Err(anyhow::anyhow!("interrupted")),
    };
    let closed = site.close(options.keep).await;
    let results = measured?;
    closed?;
    show(options, &results)
}

async fn rounds(site: &mut Site, options: &Bench, rows: &[Row]) -> anyhow::Result<Vec<Results>> {
    let reason = |row: &Row| [row.ours, row.against].into_iter().find_map(|s| site.missing(s));
    let mut results: Vec<Results> = rows
        .iter()
        .map(|row| Results { row: *row, pairs: Vec::new(), skipped: reason(row) })
        .collect();
    if rows.iter().any(Row::needs_large) {
        eprintln!("lombard: filling a platform with {} ledgers", options.large);
        site.make_large().await?;
    }
    for round in 1..=options.rounds {
        site.renew().await?;
        for Results { row, pairs, .. } in results.iter_mut().filter(|row| row.skipped.is_none()) {
            eprintln!("lombard: round {round} of {}: {}", options.rounds, row.name);
            let against = site.measure(row.against).await.context(row.name)?;
            let ours = site.measure(row.ours).await.context(row.name)?;
            pairs.push((ours, against));
        }
    }
    Ok(results)
}

fn show(options: &Bench, results: &[Results]) -> anyhow::Result<()> {
    let text: String = results.iter().map(Results::text).collect();
    stdout().write_all(text.as_bytes()).context("standard output cannot be written to")?;
    if let Some(path) = &options.json {
        let rows: Vec<_> = results.iter().map(Results::json).collect();
        let all = json!({"rounds": options.rounds, "seconds": options.seconds, "rows": rows});
        fs::write(path, format!("{all:#}\n"))
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    let missed = results.iter().filter(|row| row.passes() == Some(false)).count();
    if options.strict && missed > 0 {
        bail!("{missed} of {} rows missed", results.len());
    }
    Ok(())
}

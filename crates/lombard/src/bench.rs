//! `lombard bench`: how fast the platform is beside what it could be compared with, on this machine.
//!
//! Rates of different machines, and of one machine at different times, say little. So nothing here is
//! a rate that must be reached: two things are measured one right after the other, on the same
//! PostgreSQL, round by round, and what counts is the median of the rounds' ratios.

mod cala;
mod data;
mod grpc;
mod kill;
mod load;
mod machine;
mod measure;
mod overload;
mod pgbench;
mod platform;
mod report;
mod rest;
mod rounds;
mod rows;
mod site;

use std::{
    fs,
    io::{Write, stdout},
};

use anyhow::{Context, anyhow, ensure};
use kit::shutdown::Signals;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use self::{
    kill::Verdict,
    machine::Machine,
    overload::Overload,
    report::Results,
    rows::{ROWS, Row},
    site::Site,
};
use crate::cli::Bench;

/// What `--only` calls the rows that are no ratio.
const KILL: &str = "kill";
const OVERLOAD: &str = "overload";

/// Measures, and says what came out.
///
/// # Errors
///
/// When something cannot be started or measured; and, if `--strict`, when a row is missed.
pub async fn run(options: &Bench) -> anyhow::Result<()> {
    let plan = Plan::new(&options.only)?;
    let mut signals = Signals::listen()?;
    let stop = CancellationToken::new();
    signals.run(&stop, Box::pin(on_site(options, &plan, &stop))).await
}

/// What is to be measured.
struct Plan {
    rows: Vec<Row>,
    kills: bool,
    overload: bool,
}

impl Plan {
    /// What has these names; everything when none is named.
    fn new(only: &[String]) -> anyhow::Result<Self> {
        let names: Vec<_> = ROWS.iter().map(|row| row.name).chain([KILL, OVERLOAD]).collect();
        for name in only {
            let known = names.join(", ");
            ensure!(names.contains(&name.as_str()), "no row is called {name}; there are {known}");
        }
        let is_chosen = |name: &str| only.is_empty() || only.iter().any(|chosen| chosen == name);
        let rows = ROWS.into_iter().filter(|row| is_chosen(row.name)).collect();
        Ok(Self { rows, kills: is_chosen(KILL), overload: is_chosen(OVERLOAD) })
    }
}

/// What came out.
struct Outcome {
    machine: Machine,
    results: Vec<Results>,
    kills: Option<anyhow::Result<Verdict>>,
    overload: Option<anyhow::Result<Overload>>,
}

/// Whatever happens, what was started is stopped.
async fn on_site(options: &Bench, plan: &Plan, stop: &CancellationToken) -> anyhow::Result<()> {
    let mut site = Box::pin(Site::open(options)).await?;
    eprintln!("lombard: logs are in {}", site.directory().display());
    let measured = tokio::select! {
        done = Box::pin(all(&mut site, options, plan)) => done,
        () = stop.cancelled() => Err(anyhow!("interrupted")),
    };
    let closed = site.close(options.keep).await;
    show(options, measured?)?;
    closed
}

async fn all(site: &mut Site, options: &Bench, plan: &Plan) -> anyhow::Result<Outcome> {
    let machine = Machine::look(&site.server.options()).await?;
    let results = if plan.rows.is_empty() {
        Vec::new()
    } else {
        Box::pin(rounds::measure(site, options, &plan.rows)).await?
    };
    let mut overload = None;
    if plan.overload {
        overload = Some(Box::pin(overload::run(site)).await);
    }
    let mut kills = None;
    if plan.kills {
        eprintln!("lombard: killing processes under load");
        kills = Some(Box::pin(kill::run(site)).await);
    }
    Ok(Outcome { machine, results, kills, overload })
}

fn show(options: &Bench, outcome: Outcome) -> anyhow::Result<()> {
    let Outcome { machine, results, kills, overload } = outcome;
    let verdict = kills.as_ref().map(Result::as_ref);
    let offered = overload.as_ref().map(Result::as_ref);
    let mut text = machine.text();
    text.extend(results.iter().map(Results::text));
    text.extend(offered.map(|row| row.map_or_else(|e| failed_text(OVERLOAD, e), Overload::text)));
    text.extend(verdict.map(|row| row.map_or_else(|e| failed_text(KILL, e), Verdict::text)));
    stdout().write_all(text.as_bytes()).context("standard output cannot be written to")?;
    if let Some(path) = &options.json {
        let mut rows: Vec<_> = results.iter().map(Results::json).collect();
        rows.extend(offered.map(|row| row.map_or_else(|e| failed(OVERLOAD, e), Overload::json)));
        rows.extend(verdict.map(|row| row.map_or_else(|e| failed(KILL, e), Verdict::json)));
        let all = json!({
            "machine": machine.json(),
            "rounds": options.rounds,
            "seconds": options.seconds,
            "rows": rows,
        });
        let written = fs::write(path, format!("{all:#}\n"));
        written.with_context(|| format!("cannot write {}", path.display()))?;
    }
    let is_missed = results.iter().any(|row| row.passes() == Some(false))
        || verdict.and_then(Result::ok).is_some_and(|verdict| !verdict.passes())
        || offered.and_then(Result::ok).is_some_and(|offered| !offered.passes());
    ensure!(!results.iter().any(Results::has_failed), "a row could not be measured");
    kills.transpose().context("the row kill could not be measured")?;
    overload.transpose().context("the row overload could not be measured")?;
    ensure!(!(options.strict && is_missed), "a row was missed");
    Ok(())
}

/// A row that could not be measured is told as such, for machines as well.
fn failed(name: &str, error: &anyhow::Error) -> Value {
    json!({"name": name, "verdict": "FAIL", "obstacle": format!("{error:#}")})
}

fn failed_text(name: &str, error: &anyhow::Error) -> String {
    format!("FAIL  {name}\n      {error:#}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_that_failed_is_told() {
        let error = anyhow::anyhow!("no answer").context("the ledger does not start");

        assert_eq!(failed(KILL, &error)["verdict"], "FAIL");
        assert_eq!(failed(KILL, &error)["obstacle"], "the ledger does not start: no answer");
        assert!(failed_text(KILL, &error).starts_with("FAIL  kill\n"));
    }
}

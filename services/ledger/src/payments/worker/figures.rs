//! What operators may read of the work on payments; docs/operations.md lists the figures.

use std::time::Duration;

use kit::postgres::Database;
use tokio_util::sync::CancellationToken;

use crate::{
    error::Error,
    store::payment_work::{self, Backlog},
};

/// Tries in a row that have failed after which somebody should look: some five minutes.
pub(super) const MANY_TRIES: i32 = 12;

/// How often the payments that are open are looked at.
const EVERY: Duration = Duration::from_secs(15);

const CLAIMED: &str = "lombard_payments_claimed_total";
const STEPS: &str = "lombard_payments_steps_total";
const RAIL_SECONDS: &str = "lombard_payments_rail_seconds";
const OPEN: &str = "lombard_payments_open";
const OLDEST: &str = "lombard_payments_oldest_open_seconds";
const FAILING: &str = "lombard_payments_failing";
const KEPT_IN_SUSPENSE: &str = "lombard_payments_kept_in_suspense";
const ITEMS: &str = "lombard_rail_items_total";
const UNBOOKED: &str = "lombard_rail_items_unbooked";

/// How one piece of work on a payment ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Settled,
    Rejected,
    /// The rail has it, and is asked again.
    Waits,
    /// Something failed, and is tried again.
    PutOff,
    /// There was nothing left to do.
    Idle,
}

impl Step {
    fn word(self) -> &'static str {
        match self {
            Self::Settled => "settled",
            Self::Rejected => "rejected",
            Self::Waits => "waits",
            Self::PutOff => "put_off",
            Self::Idle => "idle",
        }
    }
}

pub(super) fn describe() {
    metrics::describe_counter!(CLAIMED, "Payments that were taken up to be worked on.");
    metrics::describe_counter!(STEPS, "How work on a payment ended, by outcome.");
    metrics::describe_histogram!(RAIL_SECONDS, "How long the rail took to answer, by call.");
    metrics::describe_gauge!(OPEN, "Payments that have not ended, in the database.");
    metrics::describe_gauge!(OLDEST, "How long ago the oldest of them was made.");
    metrics::describe_gauge!(FAILING, "Those of them of which many tries in a row have failed.");
    metrics::describe_gauge!(
        KEPT_IN_SUSPENSE,
        "Payments that came in, could not be credited and could not be given back."
    );
    metrics::describe_counter!(ITEMS, "What the rail had for us, by outcome of a try to book it.");
    metrics::describe_gauge!(UNBOOKED, "What the rail has for us and could not be booked so far.");
    metrics::counter!(CLAIMED).increment(0);
    metrics::gauge!(UNBOOKED).set(0.0);
}

pub(super) fn claimed(count: usize) {
    metrics::counter!(CLAIMED).increment(u64::try_from(count).unwrap_or(u64::MAX));
}

pub(super) fn ended(step: Step) {
    metrics::counter!(STEPS, "outcome" => step.word()).increment(1);
}

pub(super) fn rail_answered(call: &'static str, after: Duration) {
    metrics::histogram!(RAIL_SECONDS, "call" => call).record(after);
}

pub(super) fn item(is_booked: bool) {
    let outcome = if is_booked { "booked" } else { "failed" };
    metrics::counter!(ITEMS, "outcome" => outcome).increment(1);
}

pub(super) fn unbooked(count: usize) {
    metrics::gauge!(UNBOOKED).set(f64::from(u32::try_from(count).unwrap_or(u32::MAX)));
}

/// Looks at the payments that are open, until `stop`.
pub(super) async fn watch(database: &Database, stop: &CancellationToken) {
    loop {
        let Some(backlog) = stop.run_until_cancelled(backlog(database)).await else { return };
        kit::gauges::note("payments", &backlog.map(|backlog| show(&backlog)));
        if stop.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_none() {
            return;
        }
    }
}

async fn backlog(database: &Database) -> Result<Backlog, Error> {
    payment_work::backlog(&mut *database.platform().await?, MANY_TRIES).await
}

fn show(backlog: &Backlog) {
    let gauge = |count: i64| f64::from(u32::try_from(count).unwrap_or(u32::MAX));
    metrics::gauge!(OPEN).set(gauge(backlog.open));
    metrics::gauge!(FAILING).set(gauge(backlog.failing));
    metrics::gauge!(KEPT_IN_SUSPENSE).set(gauge(backlog.kept_in_suspense));
    metrics::gauge!(OLDEST).set(backlog.oldest.as_secs_f64());
}

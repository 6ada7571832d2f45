//! A span for each SQL statement of a sampled request, made of what sqlx tells when a statement has
//! ended. Arguments are never told: they are bound, not written. Without a sampled request around it
//! a statement costs one look at the current trace.

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use opentelemetry::{
    Context, KeyValue,
    trace::{Span, SpanBuilder, SpanKind, TraceContextExt, Tracer},
};
use opentelemetry_sdk::trace::SdkTracer;
use tracing::{
    Event, Level, Metadata, Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::layer;

/// Whether this tells of an ended statement.
pub(super) fn is_told(metadata: &Metadata<'_>) -> bool {
    metadata.target() == "sqlx::query" && *metadata.level() <= Level::DEBUG
}

/// Whether this is an ended statement of a request that is sampled.
pub(super) fn is_sampled(metadata: &Metadata<'_>) -> bool {
    is_told(metadata) && Context::map_current(|context| context.span().span_context().is_sampled())
}

/// Makes the spans.
#[derive(Debug)]
pub(super) struct Statements(pub(super) SdkTracer);

impl<S: Subscriber> tracing_subscriber::Layer<S> for Statements {
    fn on_event(&self, event: &Event<'_>, _: layer::Context<'_, S>) {
        let mut told = Told::default();
        event.record(&mut told);
        let end = SystemTime::now();
        let begin = end.checked_sub(told.elapsed).unwrap_or(end);
        let statement = if told.statement.is_empty() { &told.summary } else { &told.statement };
        let mut attributes = vec![KeyValue::new("db.system.name", "postgresql")];
        for (name, rows) in
            [("db.rows_affected", told.affected), ("db.response.returned_rows", told.returned)]
        {
            attributes.push(KeyValue::new(name, i64::try_from(rows).unwrap_or(i64::MAX)));
        }
        let span = SpanBuilder::from_name(purpose(statement))
            .with_kind(SpanKind::Client)
            .with_start_time(begin)
            .with_attributes(attributes);
        self.0.build_with_context(span, &Context::current()).end_with_timestamp(end);
    }
}

#[derive(Default)]
struct Told {
    summary: String,
    statement: String,
    elapsed: Duration,
    affected: u64,
    returned: u64,
}

impl Visit for Told {
    fn record_debug(&mut self, _: &Field, _: &dyn fmt::Debug) {}

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "summary" => value.clone_into(&mut self.summary),
            "db.statement" => value.trim().clone_into(&mut self.statement),
            _ => {}
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        match field.name() {
            "rows_affected" => self.affected = value,
            "rows_returned" => self.returned = value,
            _ => {}
        }
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        if field.name() == "elapsed_secs" {
            self.elapsed = Duration::try_from_secs_f64(value).unwrap_or_default();
        }
    }
}

/// What a statement does to which table: `insert transfers`. Of one with several parts the first that
/// writes counts.
fn purpose(statement: &str) -> String {
    let words: Vec<_> = statement.split_whitespace().collect();
    let mut before = "";
    for (at, word) in words.iter().enumerate() {
        let next = |ahead: usize| words.get(at.saturating_add(ahead)).copied().map(name);
        let written = match *word {
            "insert" => Some(("insert", next(2))),
            "delete" => Some(("delete", next(2))),
            // Not `for update`, `for no key update`, `do update`.
            "update" if !matches!(before, "for" | "key" | "do") => Some(("update", next(1))),
            _ => None,
        };
        if let Some((verb, Some(table))) = written
            && !table.is_empty()
        {
            return format!("{verb} {table}");
        }
        before = word;
    }
    let verb = words.first().copied().map(name).unwrap_or_default();
    let pairs = words.iter().zip(words.iter().skip(1));
    // Neither a function nor a subquery.
    let mut tables = pairs
        .filter(|(word, table)| matches!(**word, "from" | "join") && !table.contains('('))
        .map(|(_, table)| name(table));
    let table = tables.find(|table| !table.is_empty());
    match table {
        Some(table) => format!("select {table}"),
        None => verb.to_owned(),
    }
}

/// A name, without what is written right behind or before it; empty where there is none.
fn name(word: &str) -> &str {
    let end = word.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == '.'));
    end.and_then(|end| word.get(..end)).unwrap_or(word)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_is_named_by_what_it_does() {
        for (statement, named) in [
            ("select 1", "select"),
            ("select a, b from accounts where id = $1 for no key update", "select accounts"),
            ("insert into transfers(id) values ($1)", "insert transfers"),
            ("update accounts set x = 1", "update accounts"),
            ("delete from tokens where x < now()", "delete tokens"),
            (
                "with a as (select 1), b as ( insert into entries (x) select 1) select x from b",
                "insert entries",
            ),
            ("select x from (select y from z) as q", "select z"),
            ("select x from unnest($1) as t (id) join accounts using (id)", "select accounts"),
            ("insert into a values (1) on conflict do update set x = 2", "insert a"),
            ("", ""),
        ] {
            assert_eq!(purpose(statement), named, "{statement}");
        }
    }
}

//! Numbers about the business that are read from the database now and then: for gauges that somebody
//! is woken by. Where nobody reads metrics, nothing is asked.

use std::{fmt::Display, time::Duration};

use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;

use crate::{measure, postgres::Database};

/// How often gauges that cost next to nothing are read.
pub const OFTEN: Duration = Duration::from_secs(10);

/// Gauge: when they were last read, by `of`. What is old here says nothing of today.
const READ: &str = "lombard_gauges_read_timestamp_seconds";

/// Lets `read` set its gauges, `of` something, every so often until `stop`. After a failure the gauges
/// stay as they are, and so does the time at which they were read.
pub async fn run<F>(
    of: &'static str,
    database: Database,
    every: Duration,
    stop: CancellationToken,
    read: impl Fn(Database) -> F,
) where
    F: Future<Output = Result<(), sqlx::Error>>,
{
    if !measure::is_on() {
        return;
    }
    metrics::describe_gauge!(READ, "When gauges were last read from the database, in Unix time.");
    let reading = async {
        loop {
            note(of, &read(database.clone()).await);
            tokio::time::sleep(every).await;
        }
    };
    let _: Option<()> = stop.run_until_cancelled(reading).await;
}

/// Notes whether gauges were read just now.
#[expect(clippy::cast_precision_loss, reason = "seconds until the year 285,000,000")]
pub fn note<E: Display>(of: &'static str, outcome: &Result<(), E>) {
    match outcome {
        Ok(()) => {
            let now = OffsetDateTime::now_utc().unix_timestamp();
            metrics::gauge!(READ, "of" => of).set(now as f64);
        }
        Err(error) => tracing::warn!(%error, of, "gauges cannot be read, and stay as they are"),
    }
}

#[cfg(test)]
mod tests {
    use metrics_exporter_prometheus::PrometheusBuilder;

    use super::*;

    #[test]
    fn what_could_not_be_read_does_not_look_as_if_it_had_been() {
        let recorder = PrometheusBuilder::new().build_recorder();
        let told = |outcome: Result<(), &str>| {
            metrics::with_local_recorder(&recorder, || note("books", &outcome));
            recorder.handle().render()
        };

        let unread = told(Err("no connection"));
        let before = OffsetDateTime::now_utc().unix_timestamp();
        let read = told(Ok(()));
        let later = told(Err("no connection"));

        assert!(!unread.contains(READ), "{unread}");
        let line =
            |text: &str| text.lines().find(|line| line.starts_with(READ)).unwrap().to_owned();
        let (labels, at) =
            line(&read).rsplit_once(' ').map(|(a, b)| (a.to_owned(), b.parse::<i64>())).unwrap();
        assert!(labels.ends_with("{of=\"books\"}"), "{labels}");
        assert!(at.unwrap() >= before, "{read}");
        assert_eq!(line(&read), line(&later));
    }
}

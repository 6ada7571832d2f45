//! Numbers about the business that are read from the database now and then: for gauges that somebody
//! is woken by. Where nobody reads metrics, nothing is asked.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::{measure, postgres::Database};

/// How often gauges that cost next to nothing are read.
pub const OFTEN: Duration = Duration::from_secs(10);

/// Lets `read` set its gauges every so often until `stop`. A failure is told, and the gauges stay.
pub async fn run<F>(
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
    let reading = async {
        loop {
            if let Err(error) = read(database.clone()).await {
                tracing::warn!(%error, "gauges cannot be read, and stay as they are");
            }
            tokio::time::sleep(every).await;
        }
    };
    let _: Option<()> = stop.run_until_cancelled(reading).await;
}

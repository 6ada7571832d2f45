//! The baseline: `pgbench` with the usual transaction for each transfer, which is what PostgreSQL does
//! when the client asks one thing after the other.

use std::{path::PathBuf, process::Stdio, time::Duration};

use anyhow::{Context, ensure};
use sqlx::postgres::PgConnectOptions;
use tokio::process::Command;

use super::load::{Sample, Timing};

const SCRIPT: &str = include_str!("data/transfer.pgbench");

/// The program, and what it needs to connect.
#[derive(Debug)]
pub(super) struct Pgbench {
    program: PathBuf,
    script: PathBuf,
    environment: Vec<(&'static str, String)>,
}

impl Pgbench {
    /// None where it is not installed. `script` is a file that it may make.
    pub(super) fn find(
        server: &PgConnectOptions,
        database: &str,
        script: PathBuf,
    ) -> anyhow::Result<Option<Self>> {
        let Some(program) = cluster::installed("pgbench") else { return Ok(None) };
        std::fs::write(&script, SCRIPT)?;
        let environment = environment(server, database);
        Ok(Some(Self { program, script, environment }))
    }

    /// Runs it.
    pub(super) async fn measure(&self, clients: u32, timing: Timing) -> anyhow::Result<Sample> {
        self.run(clients, timing.warm_up).await?;
        self.run(clients, timing.lasts).await
    }

    async fn run(&self, clients: u32, lasts: Duration) -> anyhow::Result<Sample> {
        let threads = clients.min(2);
        let output = Command::new(&self.program)
            .args(["--no-vacuum", "--protocol=prepared"])
            .arg(format!("--client={clients}"))
            .arg(format!("--jobs={threads}"))
            .arg(format!("--time={}", lasts.as_secs().max(1)))
            .arg("--file")
            .arg(&self.script)
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output()
            .await
            .with_context(|| format!("cannot run {}", self.program.display()))?;
        let complaint = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "pgbench failed: {}", complaint.trim_end());
        parse(&String::from_utf8_lossy(&output.stdout)).context("pgbench has said something new")
    }
}

/// PostgreSQL's own names for how to connect.
fn environment(server: &PgConnectOptions, database: &str) -> Vec<(&'static str, String)> {
    let host = match server.get_socket() {
        Some(socket) => socket.display().to_string(),
        None => server.get_host().to_owned(),
    };
    vec![
        ("PGHOST", host),
        ("PGPORT", server.get_port().to_string()),
        ("PGUSER", server.get_username().to_owned()),
        ("PGDATABASE", database.to_owned()),
    ]
}

/// What `pgbench` says at its end. It knows each latency only when it writes a file of them, which
/// would slow it down.
fn parse(output: &str) -> Option<Sample> {
    let number = |before: &str, after: &str| -> Option<f64> {
        let (_, rest) = output.split_once(before)?;
        rest.split_once(after)?.0.parse().ok()
    };
    Some(Sample {
        per_second: number("\ntps = ", " ")?,
        mean_ms: number("\nlatency average = ", " ms")?,
        percentiles: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_and_the_latency_are_read_from_what_pgbench_says() {
        let output = "scaling factor: 1\nlatency average = 5.061 ms\n\
            initial connection time = 30.9 ms\n\
            tps = 632.718914 (without initial connection time)\n";

        let sample = parse(output).unwrap();

        assert_eq!(sample.per_second.to_bits(), 632.718_914_f64.to_bits());
        assert_eq!(sample.mean_ms.to_bits(), 5.061_f64.to_bits());
        assert!(parse("pgbench: error: no\n").is_none());
    }
}

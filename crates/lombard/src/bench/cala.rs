//! `cala-ledger`, as fast as it can: a program of its own, in `benches/cala`, because it is built with
//! other versions of our dependencies.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use anyhow::{Context, ensure};
use serde_json::Value;
use sqlx::{ConnectOptions, postgres::PgConnectOptions};
use tokio::{process::Command, time::timeout};

use super::{
    data,
    load::{Sample, Timing},
};

const DATABASE: &str = "lombard_bench_cala";
/// Longer than it takes to find out its fastest way, beside the measurement itself.
const TRIALS: Duration = Duration::from_mins(3);

/// The program, built.
#[derive(Debug)]
pub(super) struct Cala {
    program: PathBuf,
}

impl Cala {
    /// Builds it from the source tree that this program was built from, if that is still there.
    pub(super) async fn build() -> anyhow::Result<Self> {
        let package = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../benches/cala");
        ensure!(package.join("Cargo.toml").is_file(), "its source is not there");
        let output = Command::new("cargo")
            .args(["build", "--release", "--locked", "--message-format=json"])
            .current_dir(&package)
            .stdin(Stdio::null())
            .stderr(Stdio::inherit())
            .kill_on_drop(true)
            .output()
            .await
            .context("cargo cannot be run")?;
        ensure!(output.status.success(), "it does not build");
        let messages = String::from_utf8_lossy(&output.stdout);
        let built = messages.lines().rev().find_map(executable);
        Ok(Self { program: built.context("cargo does not say where it is")? })
    }

    /// Runs it on a database of its own, made anew.
    pub(super) async fn measure(
        &self,
        server: &PgConnectOptions,
        timing: Timing,
    ) -> anyhow::Result<Sample> {
        data::drop_databases(server, &[DATABASE.to_owned()]).await?;
        cluster::ensure_database(server, DATABASE).await?;
        let url = server.clone().database(DATABASE).to_url_lossy();
        let run = Command::new(&self.program)
            .arg(timing.lasts.as_secs().to_string())
            .env("DATABASE_URL", url.as_str())
            .stdin(Stdio::null())
            .kill_on_drop(true)
            .output();
        let output = timeout(timing.lasts.saturating_add(TRIALS), run).await;
        let output = output.context("cala-ledger takes too long")??;
        let complaint = String::from_utf8_lossy(&output.stderr);
        ensure!(output.status.success(), "cala-ledger failed: {}", complaint.trim_end());
        eprint!("{complaint}");
        data::drop_databases(server, &[DATABASE.to_owned()]).await?;
        parse(&output.stdout).context("what cala-ledger's program says is not understood")
    }
}

/// Where cargo has put the program, from one of its messages.
fn executable(message: &str) -> Option<PathBuf> {
    let message: Value = serde_json::from_str(message).ok()?;
    message.get("executable")?.as_str().map(PathBuf::from)
}

fn parse(line: &[u8]) -> Option<Sample> {
    let said: Value = serde_json::from_slice(line).ok()?;
    let number = |name: &str| said.get(name)?.as_f64();
    let (per_second, mean_ms) = (number("transfers_per_second")?, number("mean_ms")?);
    Some(Sample { per_second, mean_ms, percentiles: None })
}

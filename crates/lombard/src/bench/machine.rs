//! What it was measured on, as far as it tells: figures without their machine mean nothing.

use std::{fs, thread};

use serde_json::{Value, json};
use sqlx::{Connection, PgConnection, postgres::PgConnectOptions};

/// A computer and a PostgreSQL.
#[derive(Debug)]
pub(super) struct Machine {
    cores: usize,
    processor: String,
    postgres: String,
}

impl Machine {
    pub(super) async fn look(server: &PgConnectOptions) -> anyhow::Result<Self> {
        let mut conn = PgConnection::connect_with(server).await?;
        let postgres = sqlx::query_scalar("show server_version").fetch_one(&mut conn).await?;
        conn.close().await?;
        let cores = thread::available_parallelism()?.get();
        Ok(Self { cores, processor: processor().unwrap_or_default(), postgres })
    }

    /// For people.
    pub(super) fn text(&self) -> String {
        let Self { cores, processor, postgres } = self;
        format!("{cores} cores ({processor}), PostgreSQL {postgres}\n")
    }

    /// For machines.
    pub(super) fn json(&self) -> Value {
        json!({"cores": self.cores, "processor": self.processor, "postgres": self.postgres})
    }
}

/// Its name, where Linux tells it.
fn processor() -> Option<String> {
    let told = fs::read_to_string("/proc/cpuinfo").ok()?;
    let name = told.lines().find_map(|line| line.strip_prefix("model name"))?;
    Some(name.trim_start_matches([' ', '\t', ':']).to_owned())
}

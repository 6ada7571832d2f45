//! The PostgreSQL server that everything stands on: one of our own, or one that was given.

use std::path::Path;

use anyhow::Context;
use cluster::Cluster;
use sqlx::postgres::PgConnectOptions;

/// A server that runs.
#[derive(Debug)]
pub(crate) enum Server {
    /// Started for us, and stopped with us.
    Own(Cluster),
    /// Somebody else's.
    Given(PgConnectOptions),
}

impl Server {
    /// Starts the one in a data directory; what was in it is there again.
    pub(crate) async fn durable(data_dir: &Path) -> anyhow::Result<Self> {
        let directory = data_dir.join("postgres");
        eprintln!("lombard: starting PostgreSQL in {}", directory.display());
        let cluster = Cluster::durable(&directory).await?;
        if let Some(moved) = cluster.moved() {
            eprintln!("lombard: {moved}");
        }
        Ok(Self::Own(cluster))
    }

    /// That of a `lombard dev` in its data directory: the one that runs, or our own for as long as this
    /// takes.
    pub(crate) async fn of_dev(data_dir: &Path) -> anyhow::Result<Self> {
        let running = Cluster::running(&data_dir.join("postgres")).await.with_context(|| {
            format!(
                "`lombard dev` has kept nothing in {}; name it with --data-dir, or a database with \
                 --database-url",
                data_dir.display()
            )
        })?;
        match running {
            Some(running) => Ok(Self::Given(running)),
            None => Self::durable(data_dir).await,
        }
    }

    /// Starts an empty one that leaves nothing behind.
    pub(crate) async fn throw_away() -> anyhow::Result<Self> {
        Ok(Self::Own(Cluster::throw_away().await?))
    }

    /// How to connect to it.
    pub(crate) fn options(&self) -> PgConnectOptions {
        match self {
            Self::Own(cluster) => cluster.options(),
            Self::Given(options) => options.clone(),
        }
    }

    /// Stops our own.
    pub(crate) async fn stop(self) -> anyhow::Result<()> {
        match self {
            Self::Own(cluster) => cluster.stop().await,
            Self::Given(_) => Ok(()),
        }
    }
}

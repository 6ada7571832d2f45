//! `lombard verify`: proves the ledger's books, and says how. The checks are the ledger service's.

use std::{
    fs,
    io::{Write, stdout},
    path::Path,
};

use anyhow::Context;
use cluster::Cluster;
use kit::shutdown::Signals;
use ledger::verify::Options;
use sqlx::{ConnectOptions as _, Connection as _, PgConnection, postgres::PgConnectOptions};
use tokio_util::sync::CancellationToken;

use crate::{cli::Verify, dev::DATABASE_PREFIX, server::Server};

mod told;

const CANNOT_LOOK: &str = "cannot look at the ledger's books";

/// Answers whether the books are sound, after it has said so on standard output.
///
/// # Errors
///
/// When there is no database to look at, it does not answer, or the results cannot be written.
pub async fn run(options: &Verify) -> anyhow::Result<bool> {
    // From here on a signal no longer ends the process at once, which would leave PostgreSQL behind.
    let mut signals = Signals::listen()?;
    let stop = CancellationToken::new();
    let looking = async {
        let (server, database) = find(options).await?;
        let looked = tokio::select! {
            looked = look(database, options) => looked,
            () = stop.cancelled() => Err(anyhow::anyhow!("stopped before the end")),
        };
        let stopped = server.stop().await;
        let sound = looked?;
        stopped.map(|()| sound)
    };
    signals.run(&stop, looking).await
}

/// The database, and the server that it is on: the given one, that of a `lombard dev` that runs, or our
/// own for as long as this takes.
async fn find(options: &Verify) -> anyhow::Result<(Server, PgConnectOptions)> {
    if let Some(url) = &options.database_url {
        let given = url.options()?;
        return Ok((Server::Given(given.clone()), given));
    }
    let directory = options.data_dir.join("postgres");
    let running = Cluster::running(&directory).await.with_context(|| nothing(&options.data_dir))?;
    let server = match running {
        Some(running) => Server::Given(running),
        None => Server::durable(&options.data_dir).await?,
    };
    let database = server.options().database(&format!("{DATABASE_PREFIX}ledger"));
    Ok((server, database))
}

/// Checks, tells, and answers whether the books are sound.
async fn look(database: PgConnectOptions, options: &Verify) -> anyhow::Result<bool> {
    // Statements take long here, which is no news.
    let database = database.disable_statement_logging();
    // A pool would try again for a while, and then only tell that it took too long.
    let there = PgConnection::connect_with(&database).await.context(CANNOT_LOOK)?;
    there.close().await?;
    let pool = kit::postgres::pool(database, 2);
    let asked = Options { sealed_until: options.sealed_until, root: options.root.clone() };
    let report = ledger::verify(&pool, asked).await.context(CANNOT_LOOK)?;
    pool.close().await;
    let text = told::text(&report);
    stdout().write_all(text.as_bytes()).context("standard output cannot be written to")?;
    if let Some(path) = &options.json {
        let json = format!("{:#}\n", told::json(&report));
        fs::write(path, json).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(report.is_sound())
}

fn nothing(data_dir: &Path) -> String {
    format!(
        "no books to look at: `lombard dev` has kept nothing in {}; name it with --data-dir, or a \
         database with --database-url",
        data_dir.display()
    )
}

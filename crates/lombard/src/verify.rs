//! `lombard verify`: proves the ledger's books, and says how. The checks are the ledger service's.

use std::{
    fs,
    io::{Write, stdout},
};

use anyhow::Context;
use kit::{config::DatabaseUrl, shutdown::Signals};
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

/// The database, and the server that it is on: the given one, or that of `lombard dev`.
async fn find(options: &Verify) -> anyhow::Result<(Server, PgConnectOptions)> {
    let given =
        DatabaseUrl::of(options.database_url.as_ref(), options.database_url_file.as_deref())?;
    if let Some(url) = given {
        let given = url.options()?;
        return Ok((Server::Given(given.clone()), given));
    }
    let server = Server::of_dev(&options.data_dir).await.context("no books to look at")?;
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

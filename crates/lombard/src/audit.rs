//! `lombard audit verify`: proves the services' audit logs, and says where their chains end. The checks are
//! `kit`'s.

use std::{
    fmt::Write as _,
    fs,
    io::{Write as _, stdout},
    path::Path,
};

use anyhow::Context;
use kit::{
    audit::{Head, Report},
    config::DatabaseUrl,
    shutdown::Signals,
};
use sqlx::{
    ConnectOptions as _, Connection as _, PgConnection, PgPool, migrate::Migrator,
    postgres::PgConnectOptions,
};
use tokio_util::sync::CancellationToken;

use crate::{cli::AuditVerify, dev::DATABASE_PREFIX, server::Server};

mod journal;

const CANNOT_LOOK: &str = "cannot look at an audit log";

/// The services that keep one, by name.
fn services() -> [(&'static str, &'static Migrator); 4] {
    [
        ("access", &access::MIGRATIONS),
        ("customer", &customer::MIGRATIONS),
        ("kyc", &kyc::MIGRATIONS),
        ("ledger", &ledger::MIGRATIONS),
    ]
}

/// Answers whether the logs are sound, after it has said so on standard output.
///
/// # Errors
///
/// When there is no database to look at, one does not answer or is none of a service's, or a file cannot be
/// read or written.
pub async fn verify(options: &AuditVerify) -> anyhow::Result<bool> {
    // From here on a signal no longer ends the process at once, which would leave PostgreSQL behind.
    let mut signals = Signals::listen()?;
    let stop = CancellationToken::new();
    let looking = async {
        let expected = match &options.journal {
            Some(directory) => journal::newest(directory)?,
            None => options.expect.clone(),
        };
        let expected = match &expected {
            Some(path) => read(path)?,
            None => Vec::new(),
        };
        let (server, databases) = find(options).await?;
        let looked = tokio::select! {
            looked = look(databases, &expected, options) => looked,
            () = stop.cancelled() => Err(anyhow::anyhow!("stopped before the end")),
        };
        let stopped = match server {
            Some(server) => server.stop().await,
            None => Ok(()),
        };
        let sound = looked?;
        stopped.map(|()| sound)
    };
    signals.run(&stop, looking).await
}

/// The databases, and the server that they are on where that is not given: that of `lombard dev`.
async fn find(options: &AuditVerify) -> anyhow::Result<(Option<Server>, Vec<PgConnectOptions>)> {
    let files = options.database_url_file.iter().map(|file| DatabaseUrl::read(file));
    let given = options.database_url.iter().cloned().map(Ok).chain(files);
    let given: Vec<_> =
        given.map(|url| url.and_then(|url| url.options())).collect::<Result<_, _>>()?;
    if !given.is_empty() {
        return Ok((None, given));
    }
    let server = Server::of_dev(&options.data_dir).await.context("no audit logs to look at")?;
    let databases = services()
        .map(|(name, _)| server.options().database(&format!("{DATABASE_PREFIX}{name}")))
        .to_vec();
    Ok((Some(server), databases))
}

/// Checks, tells, and answers whether every log is sound.
async fn look(
    databases: Vec<PgConnectOptions>,
    expected: &[(String, Head)],
    options: &AuditVerify,
) -> anyhow::Result<bool> {
    let mut sound = true;
    let (mut told, mut heads, mut seen) = (String::new(), String::new(), Vec::new());
    for database in databases {
        // Statements take long here, which is no news.
        let database = database.disable_statement_logging();
        // A pool would try again for a while, and then only tell that it took too long.
        let there = PgConnection::connect_with(&database).await.context(CANNOT_LOOK)?;
        there.close().await?;
        let pool = kit::postgres::pool(database, 2);
        let service = whose(&pool).await?;
        let kept: Vec<Head> = expected
            .iter()
            .filter(|(name, _)| name == service)
            .map(|(_, head)| head.clone())
            .collect();
        let report = kit::audit::verify(&pool, &kept).await.context(CANNOT_LOOK)?;
        pool.close().await;
        sound &= report.is_sound();
        tell(&mut told, service, &report)?;
        for head in &report.heads {
            writeln!(heads, "{service} {head}")?;
        }
        seen.push(service);
    }
    if let Some((name, _)) = expected.iter().find(|(name, _)| !seen.contains(&name.as_str())) {
        anyhow::bail!("--expect has heads of {name}, whose database was not looked at");
    }
    let text = format!("{told}{heads}");
    stdout().write_all(text.as_bytes()).context("standard output cannot be written to")?;
    if let Some(path) = &options.heads {
        fs::write(path, &heads).with_context(|| format!("cannot write {}", path.display()))?;
    }
    // What is not sound is not to be expected the next time.
    if let Some(directory) = options.journal.as_ref().filter(|_| sound) {
        journal::add(directory, &heads)?;
    }
    Ok(sound)
}

/// The service whose schema a database has.
async fn whose(pool: &PgPool) -> anyhow::Result<&'static str> {
    for (name, migrations) in services() {
        if kit::postgres::check_schema(pool, migrations).await.is_ok() {
            return Ok(name);
        }
    }
    anyhow::bail!("{CANNOT_LOOK}: the database is no service's, or of another version: migrate it")
}

fn tell(told: &mut String, service: &str, report: &Report) -> std::fmt::Result {
    let Report { links, heads, faults, fault_count } = report;
    let sound = if report.is_sound() { "sound" } else { "NOT SOUND" };
    writeln!(told, "{service}: {links} records in {} chains: {sound}", heads.len())?;
    for fault in faults {
        writeln!(told, "  {fault}")?;
    }
    let shown = u64::try_from(faults.len()).unwrap_or(u64::MAX);
    if let Some(others) = fault_count.checked_sub(shown).filter(|others| *others > 0) {
        writeln!(told, "  and {others} more")?;
    }
    Ok(())
}

/// Heads as an earlier run has written them.
fn read(path: &Path) -> anyhow::Result<Vec<(String, Head)>> {
    let text =
        fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    let line = |(number, line): (usize, &str)| {
        let mut words = line.split_ascii_whitespace();
        let head = (|| {
            let service = words.next()?.to_owned();
            let tenant = words.next()?.parse().ok()?;
            let sequence = words.next()?.parse().ok()?;
            let hash = words.next()?.to_owned();
            (hash.len() == 64 && words.next().is_none())
                .then_some((service, Head { tenant, sequence, hash }))
        })();
        let number = number.saturating_add(1);
        head.with_context(|| format!("line {number} of {} is no head", path.display()))
    };
    text.lines().enumerate().map(line).collect()
}

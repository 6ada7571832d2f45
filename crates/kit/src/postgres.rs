//! Connections to a service's database, and what its errors mean.

use std::time::Duration;

use anyhow::Context;
use sqlx::{
    PgPool,
    migrate::Migrator,
    postgres::{PgConnectOptions, PgPoolOptions},
};

/// How long a statement waits for a lock: a second request with a `request_id` for the first one.
pub const LOCK_TIMEOUT: Duration = Duration::from_secs(5);

/// A pool that makes its connections when they are first needed: a service starts before its database.
#[must_use]
pub fn pool(options: PgConnectOptions, max_connections: u32) -> PgPool {
    let options =
        options.options([("lock_timeout", format!("{}ms", LOCK_TIMEOUT.as_millis()).as_str())]);
    PgPoolOptions::new()
        .max_connections(max_connections)
        .acquire_timeout(Duration::from_secs(10))
        .connect_lazy_with(options)
}

/// Refuses a database whose schema this program does not know: one of its migrations is missing
/// there, or was another one. Later migrations are accepted, because each release works on the
/// schema of the next.
///
/// # Errors
///
/// When the database does not answer, or its schema is not known.
pub async fn check_schema(pool: &PgPool, migrations: &Migrator) -> anyhow::Result<()> {
    let applied: Vec<(i64, Vec<u8>)> =
        sqlx::query_as("select version, checksum from _sqlx_migrations where success")
            .fetch_all(pool)
            .await
            .context("the database has no schema yet: run `migrate` first")?;
    for migration in migrations.iter() {
        let (version, name) = (migration.version, &migration.description);
        match applied.iter().find(|(applied, _)| *applied == version) {
            Some((_, checksum)) if *checksum == *migration.checksum => {}
            Some(_) => anyhow::bail!("migration {version} ({name}) is another one in the database"),
            None => anyhow::bail!("migration {version} ({name}) is missing: run `migrate` first"),
        }
    }
    Ok(())
}

/// Whether the same statement may well succeed soon: no connection, a server that stops or starts, a
/// lock that was not to be had, a transaction that lost against another.
#[must_use]
pub fn is_transient(error: &sqlx::Error) -> bool {
    if matches!(
        error,
        sqlx::Error::Io(_)
            | sqlx::Error::PoolTimedOut
            | sqlx::Error::PoolClosed
            | sqlx::Error::Protocol(_)
            | sqlx::Error::WorkerCrashed
    ) {
        return true;
    }
    let transient = ["40001", "40P01", "55P03", "57P01", "57P02", "57P03"];
    sqlstate(error).is_some_and(|code| {
        // Classes 08: connections; 53: resources.
        code.starts_with("08") || code.starts_with("53") || transient.contains(&code.as_str())
    })
}

/// Whether a statement waited longer than [`LOCK_TIMEOUT`].
#[must_use]
pub fn is_lock_timeout(error: &sqlx::Error) -> bool {
    sqlstate(error).is_some_and(|code| code == "55P03")
}

/// The name of the constraint that a statement broke.
#[must_use]
pub fn constraint(error: &sqlx::Error) -> Option<&str> {
    error.as_database_error().and_then(sqlx::error::DatabaseError::constraint)
}

fn sqlstate(error: &sqlx::Error) -> Option<String> {
    error.as_database_error()?.code().map(std::borrow::Cow::into_owned)
}

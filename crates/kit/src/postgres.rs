//! Connections to a service's database, and what its errors mean.

use std::time::Duration;

use sqlx::{
    Connection, PgPool, Postgres, Transaction,
    migrate::Migrator,
    postgres::{PgConnectOptions, PgPoolOptions},
};
use tokio_util::sync::CancellationToken;

use crate::errors::Error;

pub mod citus;
mod database;

pub use database::{Database, see, see_everybody};

/// How long a statement waits for a lock: a second request with a `request_id` for the first one.
pub const LOCK_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a statement may take: nobody waits longer for an answer.
const STATEMENT_TIMEOUT: &str = "20s";

/// What every connection is set to: a statement that nobody waits for ends, and so does a transaction
/// whose client has vanished, with the locks it holds.
const SETTINGS: [(&str, &str); 6] = [
    ("statement_timeout", STATEMENT_TIMEOUT),
    ("idle_in_transaction_session_timeout", "10s"),
    ("client_connection_check_interval", "5s"),
    ("tcp_keepalives_idle", "10"),
    ("tcp_keepalives_interval", "5"),
    ("tcp_keepalives_count", "3"),
];

/// A pool that makes its connections when they are first needed: a service starts before its database.
#[must_use]
pub fn pool(options: PgConnectOptions, max_connections: u32) -> PgPool {
    PgPoolOptions::new()
        .max_connections(max_connections)
        .acquire_timeout(database::ACQUIRE_TIMEOUT)
        .connect_lazy_with(settings(options))
}

/// With what every connection is set to.
#[must_use]
pub fn settings(options: PgConnectOptions) -> PgConnectOptions {
    let lock_timeout = format!("{}ms", LOCK_TIMEOUT.as_millis());
    options.options(SETTINGS).options([("lock_timeout", lock_timeout.as_str())])
}

/// Brings a database's schema up to this program's; statements may take as long as they need. The
/// pool's user is to own the database, and may change all that is in it.
///
/// # Errors
///
/// Those of the database, and of migrations that differ from those applied.
pub async fn migrate(pool: &PgPool, migrations: &Migrator) -> anyhow::Result<()> {
    let mut conn = pool.acquire().await?.detach();
    sqlx::query("set statement_timeout = 0").execute(&mut conn).await?;
    sqlx::query("set lock_timeout = 0").execute(&mut conn).await?;
    see_everybody(&mut conn).await?;
    migrations.run(&mut conn).await?;
    conn.close().await?;
    Ok(())
}

/// Commits. A connection that breaks while the server commits leaves it unknown whether it has: that
/// must not be told as a fault that a retry mends.
///
/// # Errors
///
/// [`Error::OutcomeUnknown`], or what made the server refuse.
pub async fn commit(tx: Transaction<'static, Postgres>) -> Result<(), Error> {
    match tx.commit().await {
        Err(error) if sqlstate(&error).is_none() || is_end_of_session(&error) => {
            tracing::error!(%error, "a commit was not answered");
            Err(Error::OutcomeUnknown)
        }
        done => Ok(done?),
    }
}

/// The server ends the session, at whatever it is.
#[must_use]
pub fn is_end_of_session(error: &sqlx::Error) -> bool {
    sqlstate(error).is_some_and(|code| code.starts_with("57P") || code.starts_with("08"))
}

/// Waits until the database answers, then goes by [`check_schema`]; or until `stop`.
///
/// # Errors
///
/// When the schema is not known.
pub async fn wait_for_schema(
    database: &Database,
    migrations: &Migrator,
    stop: &CancellationToken,
) -> anyhow::Result<()> {
    loop {
        let checked = tokio::select! {
            () = stop.cancelled() => return Ok(()),
            checked = check_schema(database.pool(), migrations) => checked,
        };
        match checked {
            Err(error) if error.downcast_ref().is_some_and(is_transient) => {
                tracing::warn!("the database does not answer yet: {error:#}");
            }
            checked => return checked,
        }
        tokio::select! {
            () = stop.cancelled() => return Ok(()),
            () = tokio::time::sleep(Duration::from_secs(1)) => {}
        }
    }
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
            .map_err(|error| match sqlstate(&error).as_deref() {
                Some(UNDEFINED_TABLE) => {
                    anyhow::anyhow!("the database has no schema yet: run `migrate` first")
                }
                Some(NO_SUCH_ROLE | NOT_ALLOWED) => anyhow::Error::from(error)
                    .context("the service's role is not as `migrate` leaves it: run that first"),
                _ => error.into(),
            })?;
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

/// SQLSTATE `undefined_table`.
const UNDEFINED_TABLE: &str = "42P01";
/// SQLSTATE `invalid_parameter_value`: a connection asks for a role that there is none of.
const NO_SUCH_ROLE: &str = "22023";
/// SQLSTATE `insufficient_privilege`: to read the table, or to take on the role.
const NOT_ALLOWED: &str = "42501";

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
    let transient = ["25P03", "40001", "40P01", "55P03", "57014", "57P01", "57P02", "57P03"];
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
    let error = error.as_database_error()?;
    error.constraint().or_else(|| {
        let broken = error.code().is_some_and(|code| code.starts_with("23"));
        broken.then(|| constraint_in(error.message())).flatten()
    })
}

/// The constraint that a message names. Citus passes on what another server says without the field for it,
/// and there names end in the number of a shard.
fn constraint_in(message: &str) -> Option<&str> {
    let (_, rest) = message.split_once("constraint \"")?;
    let (name, _) = rest.split_once('"')?;
    match name.rsplit_once('_') {
        Some((whole, shard)) if !shard.is_empty() && shard.bytes().all(|b| b.is_ascii_digit()) => {
            Some(whole)
        }
        Some(_) | None => Some(name),
    }
}

fn sqlstate(error: &sqlx::Error) -> Option<String> {
    error.as_database_error()?.code().map(std::borrow::Cow::into_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_constraint_is_known_by_its_name_on_every_server() {
        let said = [
            r#"duplicate key value violates unique constraint "transfers_request_once_102034""#,
            r#"duplicate key value violates unique constraint "transfers_request_once""#,
            r#"new row for relation "accounts_102008" violates check constraint "accounts_version""#,
            "null value in column violates not-null constraint",
        ];

        assert_eq!(
            said.map(constraint_in),
            [
                Some("transfers_request_once"),
                Some("transfers_request_once"),
                Some("accounts_version"),
                None
            ]
        );
    }
}

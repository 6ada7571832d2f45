//! Databases on a server, ours or any other.

use anyhow::{Context as _, Result, ensure};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, postgres::PgConnectOptions};

/// PostgreSQL cuts longer names short.
const MAX_NAME_BYTES: usize = 63;

/// What PostgreSQL says when the name is taken: at once, or because somebody was faster.
const TAKEN: [&str; 2] = ["42P04", "23505"];

/// Creates the database `name`, unless it is there. Any number of callers may do so at once.
///
/// # Errors
///
/// When the name is not made of lower-case letters, digits and `_`, or the server refuses.
pub async fn ensure_database(server: &PgConnectOptions, name: &str) -> Result<()> {
    ensure!(is_plain(name), "{name:?} is no name for a database");
    let mut connection = PgConnection::connect_with(server).await?;
    let found: Option<i32> = sqlx::query_scalar("select 1 from pg_database where datname = $1")
        .bind(name)
        .fetch_optional(&mut connection)
        .await?;
    if found.is_none() {
        // From template0: nobody can be connected to that, and a source in use is refused.
        let create = format!("create database \"{name}\" template template0");
        match sqlx::query(AssertSqlSafe(create)).execute(&mut connection).await {
            Err(sqlx::Error::Database(error))
                if error.code().is_some_and(|code| TAKEN.contains(&code.as_ref())) => {}
            created => {
                created.with_context(|| format!("cannot create the database {name}"))?;
            }
        }
    }
    connection.close().await?;
    Ok(())
}

/// Whether a name means the same with and without quotes, and can do no harm in a statement.
fn is_plain(name: &str) -> bool {
    let starts_well = name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
    let goes_on_well =
        name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
    starts_well && goes_on_well && name.len() <= MAX_NAME_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_plain_names_are_taken() {
        assert!(is_plain("ledger") && is_plain("_a1"));
        for bad in ["", "1a", "Ledger", "a\"b", "a-b", "a b", "é", &"a".repeat(64)] {
            assert!(!is_plain(bad), "{bad}");
        }
    }
}

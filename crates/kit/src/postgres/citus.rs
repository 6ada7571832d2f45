//! A database of several servers: Citus puts what is a tenant's on the server that has that tenant
//! (docs/scaling.md, docs/adr/0060-citus-by-tenant.md). Which table goes where is said by one file for each
//! service, that people read before it runs.

use anyhow::{bail, ensure};
use sqlx::{Connection, PgConnection, PgPool};

use super::{Database, see_everybody};

/// The first version that has roles and grants on every server by itself.
const OLDEST: u32 = 11;

/// What becomes of a service's tables where there are several servers.
#[derive(Debug, Clone, Copy)]
pub enum Citus {
    /// They are distributed, by this SQL. It may be run again, and then does what is left to do.
    Distributed(&'static str),
    /// They stay on one server, for this reason.
    OnOneServer(&'static str),
}

/// Where the rows of a service's tables are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Layout {
    /// On one server.
    #[default]
    OneServer,
    /// On several, each tenant's on one of them: a statement that locks, and a transaction if it can be,
    /// is of one tenant.
    ByTenant,
}

/// Refuses a service that is not distributed, and a database that has no Citus. Changes nothing.
///
/// # Errors
///
/// What is in the way, and what to do; those of the database.
pub async fn check(pool: &PgPool, citus: Citus) -> anyhow::Result<()> {
    if let Citus::OnOneServer(reason) = citus {
        bail!(
            "this service stays on one PostgreSQL: {reason} (docs/scaling.md); nothing was changed"
        );
    }
    let created: Option<String> =
        sqlx::query_scalar("select extversion from pg_extension where extname = 'citus'")
            .fetch_optional(pool)
            .await?;
    let Some(version) = created else {
        let installed: bool = sqlx::query_scalar(
            "select exists (select from pg_available_extensions where name = 'citus')",
        )
        .fetch_one(pool)
        .await?;
        ensure!(
            installed,
            "this PostgreSQL has no Citus: install it on every server, add it to \
             shared_preload_libraries, and run `create extension citus` in this database \
             (docs/scaling.md); nothing was changed"
        );
        bail!(
            "Citus is installed, but not in this database: run `create extension citus` in it, and \
             add the other servers (docs/scaling.md); nothing was changed"
        );
    };
    let major = version.split(['.', '-']).next().and_then(|major| major.parse::<u32>().ok());
    ensure!(
        major.is_some_and(|major| major >= OLDEST),
        "Citus is {version}, and has to be {OLDEST} or later (docs/scaling.md); nothing was changed"
    );
    Ok(())
}

/// Distributes the tables, all of them or none. What is distributed already stays as it is.
///
/// # Errors
///
/// Those of the database.
pub async fn distribute(pool: &PgPool, sql: &'static str) -> anyhow::Result<()> {
    let mut conn = pool.acquire().await?.detach();
    sqlx::raw_sql("set statement_timeout = 0; set lock_timeout = 0").execute(&mut conn).await?;
    sqlx::query("set idle_in_transaction_session_timeout = 0").execute(&mut conn).await?;
    see_everybody(&mut conn).await?;
    let mut tx = conn.begin().await?;
    run(&mut tx, sql).await?;
    tx.commit().await?;
    conn.close().await?;
    Ok(())
}

/// Runs such a file in the caller's transaction, as the tables' owner, who sees everybody.
///
/// # Errors
///
/// Those of the database.
pub async fn run(conn: &mut PgConnection, sql: &'static str) -> Result<(), sqlx::Error> {
    // Tables that others are joined to are distributed after one another, on one connection to each server.
    sqlx::raw_sql("select set_config('citus.multi_shard_modify_mode', 'sequential', true)")
        .execute(&mut *conn)
        .await?;
    sqlx::raw_sql(sql).execute(conn).await.map(|_| ())
}

/// Where the rows of a table are, and with it those of the service's others.
///
/// # Errors
///
/// Those of the database.
pub async fn layout(database: &Database, table: &str) -> Result<Layout, sqlx::Error> {
    let mut conn = database.pool().acquire().await?;
    let has_citus: bool = sqlx::query_scalar("select to_regclass('pg_dist_partition') is not null")
        .fetch_one(&mut *conn)
        .await?;
    if !has_citus {
        return Ok(Layout::OneServer);
    }
    let distributed: bool = sqlx::query_scalar(
        "select exists (
            select from pg_dist_partition
            where logicalrelid = to_regclass($1) and partmethod = 'h'
        )",
    )
    .bind(table)
    .fetch_one(&mut *conn)
    .await?;
    Ok(if distributed { Layout::ByTenant } else { Layout::OneServer })
}

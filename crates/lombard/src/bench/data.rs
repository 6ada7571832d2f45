//! What is in the databases before anything is measured.
//!
//! Written by SQL, because a million customers made one by one take an hour; consistent with the
//! services' schemas and their invariants, so that `lombard verify` has nothing to say about it. The
//! statements are not checked at compile time: they are for databases of two services and one of none.

use anyhow::Context;
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, PgConnection, postgres::PgConnectOptions, raw_sql,
};
use uuid::Uuid;

/// The first millisecond of 2026, when the first ledger is made.
const EPOCH_MS: u128 = 1_767_225_600_000;

/// A tenant's ledgers to be. There is one more, the ledger 0, which in the past has paid all others.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fill {
    pub(super) tenant: Uuid,
    pub(super) ledgers: u32,
    /// Five entries for each ledger instead of two.
    pub(super) has_past: bool,
}

impl Fill {
    /// The id of ledger `n`, up to and with `ledgers`.
    pub(super) fn ledger(&self, n: u32) -> Uuid {
        let time_ms = EPOCH_MS.saturating_add(u128::from(n)) << 80;
        let tenant = (self.tenant.as_u128() & 0xfff) << 64;
        Uuid::from_u128(time_ms | 7 << 76 | tenant | 0x8a << 56 | u128::from(n))
    }

    /// Writes it into the databases whose names begin with `prefix`.
    pub(super) async fn write(
        &self,
        server: &PgConnectOptions,
        prefix: &str,
    ) -> anyhow::Result<()> {
        let parts = [
            ("customer", include_str!("data/customer.sql")),
            ("ledger", include_str!("data/ledger.sql")),
        ];
        for (service, sql) in parts {
            let options = server.clone().database(&format!("{prefix}{service}"));
            // They take minutes, and nobody wants to read them in a log for that.
            let options = options.disable_statement_logging();
            let mut conn = PgConnection::connect_with(&options).await?;
            self.write_part(&mut conn, sql)
                .await
                .with_context(|| format!("cannot fill {service}"))?;
            conn.close().await?;
        }
        Ok(())
    }

    async fn write_part(&self, conn: &mut PgConnection, sql: &'static str) -> sqlx::Result<()> {
        kit::postgres::see_everybody(conn).await?;
        let mut tx = conn.begin().await?;
        sqlx::query(
            "
            select
                set_config('bench.tenant', $1, true), set_config('bench.ledgers', $2, true),
                set_config('bench.past', $3, true), set_config('work_mem', '256MB', true)
            ",
        )
        .bind(self.tenant.to_string())
        .bind(self.ledgers.to_string())
        .bind(self.has_past.to_string())
        .execute(&mut *tx)
        .await?;
        raw_sql(sql).execute(&mut *tx).await?;
        tx.commit().await
    }
}

/// Brings the databases into the state that an operator's would be in: with statistics, and written
/// down.
pub(super) async fn settle(server: &PgConnectOptions, databases: &[String]) -> sqlx::Result<()> {
    for database in databases {
        let options = server.clone().database(database).disable_statement_logging();
        let mut conn = PgConnection::connect_with(&options).await?;
        raw_sql("vacuum analyze").execute(&mut conn).await?;
        raw_sql("checkpoint").execute(&mut conn).await?;
        conn.close().await?;
    }
    Ok(())
}

/// Makes the tables of the usual transaction, anew.
pub(super) async fn baseline(server: &PgConnectOptions, database: &str) -> anyhow::Result<()> {
    drop_databases(server, &[database.to_owned()]).await?;
    cluster::ensure_database(server, database).await?;
    let mut conn = PgConnection::connect_with(&server.clone().database(database)).await?;
    raw_sql(include_str!("data/baseline.sql")).execute(&mut conn).await?;
    conn.close().await?;
    Ok(settle(server, &[database.to_owned()]).await?)
}

/// Drops those that are there, whoever is connected to them. Their names need no quotes.
pub(super) async fn drop_databases(
    server: &PgConnectOptions,
    databases: &[String],
) -> sqlx::Result<()> {
    // Each waits for a checkpoint, and is no slow statement to be logged.
    let server = server.clone().disable_statement_logging();
    let mut conn = PgConnection::connect_with(&server).await?;
    for database in databases {
        let statement = format!("drop database if exists {database} with (force)");
        raw_sql(AssertSqlSafe(statement)).execute(&mut conn).await?;
    }
    conn.close().await
}

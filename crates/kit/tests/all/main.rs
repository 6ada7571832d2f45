//! What services share, on a real PostgreSQL and over real connections.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod audit;
mod client;
mod config;
mod database;
mod idempotency;
mod postgres;
mod tls;

use kit::postgres::Database;
use sqlx::{PgPool, migrate::Migrator};

static MIGRATIONS: Migrator = sqlx::migrate!();

async fn database() -> PgPool {
    testkit::database("kit", &MIGRATIONS).await
}

/// The database as a service has it.
fn in_role(pool: &PgPool) -> Database {
    Database::new(pool, "kit_service")
}

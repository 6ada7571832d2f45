//! What services share, on a real PostgreSQL and over real connections.

#![expect(clippy::panic, clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod audit;
mod client;
mod config;
mod idempotency;
mod postgres;

use sqlx::{PgPool, migrate::Migrator};

static MIGRATIONS: Migrator = sqlx::migrate!();

async fn database() -> PgPool {
    testkit::database("kit", &MIGRATIONS).await
}

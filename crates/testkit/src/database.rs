//! Databases that belong to one test each.
//!
//! They are not deleted when the test ends, so that a failed one's can be looked at. A server of our
//! own takes them along when it ends; on another one, the first test of a later process deletes those
//! older than an hour.

use std::{
    collections::HashMap,
    env, ptr,
    sync::LazyLock,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use anyhow::{Context as _, Result};
use cluster::{Cluster, ensure_database};
use sqlx::{
    AssertSqlSafe, Connection as _, PgConnection, PgPool, migrate::Migrator,
    postgres::PgConnectOptions,
};
use tokio::sync::{Mutex, OnceCell};
use uuid::{NoContext, Timestamp, Uuid};

const SERVER_URL: &str = "LOMBARD_TEST_DATABASE_URL";
const MAX_CONNECTIONS: u32 = 10;
const LEFTOVER_AGE: Duration = Duration::from_hours(1);

/// Outlives every test, and with them every runtime: so no connection here.
static SERVER: OnceCell<Server> = OnceCell::const_new();

/// The migrated databases that the tests' are copies of, by the place of their migrations.
static TEMPLATES: LazyLock<Mutex<HashMap<usize, String>>> = LazyLock::new(Mutex::default);

struct Server {
    options: PgConnectOptions,
    /// Ends with the process.
    _ours: Option<Cluster>,
}

/// A database of `service` for one test, with its migrations applied.
///
/// # Panics
///
/// When there is no PostgreSQL, or a migration fails.
#[expect(clippy::expect_used, reason = "a test without its database has failed")]
pub async fn database(service: &'static str, migrations: &'static Migrator) -> PgPool {
    let migrated = async {
        let server = running().await?;
        let template = template(server, service, migrations).await?;
        create(server, service, &template).await
    };
    migrated.await.expect("a database for the test")
}

/// A database of `service` for one test, with nothing in it.
///
/// # Panics
///
/// When there is no PostgreSQL.
#[expect(clippy::expect_used, reason = "a test without its database has failed")]
pub async fn empty_database(service: &'static str) -> PgPool {
    let empty = async { create(running().await?, service, "template0").await };
    empty.await.expect("a database for the test")
}

/// How to connect, as superuser, to the server on which the tests' databases are.
///
/// # Panics
///
/// When there is no PostgreSQL.
#[expect(clippy::expect_used, reason = "a test without its server has failed")]
pub async fn server() -> PgConnectOptions {
    running().await.expect("a server for the tests").clone()
}

async fn running() -> Result<&'static PgConnectOptions> {
    let server = SERVER.get_or_try_init(async || {
        let Ok(url) = env::var(SERVER_URL) else {
            let cluster = Cluster::throw_away().await?;
            return Ok(Server { options: cluster.options(), _ours: Some(cluster) });
        };
        let options =
            url.parse().with_context(|| format!("{SERVER_URL} is no URL of a database"))?;
        delete_leftovers(&options).await?;
        Ok(Server { options, _ours: None })
    });
    server.await.map(|server| &server.options)
}

/// The name of the migrated database that tests get copies of, made on first use.
async fn template(
    server: &PgConnectOptions,
    service: &str,
    migrations: &'static Migrator,
) -> Result<String> {
    let mut templates = TEMPLATES.lock().await;
    let migrator = ptr::from_ref(migrations).addr();
    if let Some(name) = templates.get(&migrator) {
        return Ok(name.clone());
    }
    let name = unique("template", service);
    ensure_database(server, &name).await?;
    let mut connection = PgConnection::connect_with(&server.clone().database(&name)).await?;
    migrations.run(&mut connection).await.with_context(|| format!("migrations of {service}"))?;
    // A database cannot be copied while somebody is connected to it.
    connection.close().await?;
    templates.insert(migrator, name.clone());
    Ok(name)
}

/// Makes a copy of `template` and connects to it.
async fn create(server: &PgConnectOptions, service: &str, template: &str) -> Result<PgPool> {
    let name = unique("test", service);
    let mut connection = PgConnection::connect_with(server).await?;
    let create = format!("create database \"{name}\" template \"{template}\"");
    sqlx::query(AssertSqlSafe(create)).execute(&mut connection).await?;
    connection.close().await?;
    Ok(kit::postgres::pool(server.clone().database(&name), MAX_CONNECTIONS))
}

/// A name that sorts by its age: [`delete_leftovers`] goes by that.
fn unique(kind: &str, service: &str) -> String {
    format!("{kind}_{service}_{}", Uuid::now_v7().simple())
}

/// Deletes the databases of tests that ended long ago, but for those that are in use.
async fn delete_leftovers(server: &PgConnectOptions) -> Result<()> {
    let before = SystemTime::now().duration_since(UNIX_EPOCH)?.saturating_sub(LEFTOVER_AGE);
    let before = Uuid::new_v7(Timestamp::from_unix(NoContext, before.as_secs(), 0));
    let mut connection = PgConnection::connect_with(server).await?;
    let names: Vec<String> = sqlx::query_scalar(
        "
        select datname
        from pg_database
        where datname ~ '^(test|template)_[a-z_]+_[0-9a-f]{32}$'
            and right(datname, 32) < $1
        ",
    )
    .bind(before.simple().to_string())
    .fetch_all(&mut connection)
    .await?;
    for name in names {
        let drop = format!("drop database if exists \"{name}\"");
        // In use, or another process is deleting it just now.
        let _ = sqlx::query(AssertSqlSafe(drop)).execute(&mut connection).await;
    }
    connection.close().await?;
    Ok(())
}

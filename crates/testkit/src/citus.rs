//! A database of several servers, as far as it can be played on one: Citus's catalogue and what it documents of
//! tables (`citus/rules.sql`), and what it refuses in statements ([`statements`]). Citus cannot be installed where
//! the tests run.

use std::collections::BTreeMap;

use kit::postgres::citus::{Citus, Layout};
use sqlx::PgPool;

pub mod statements;

/// A service's SQL for several servers.
///
/// # Panics
///
/// When it stays on one.
#[must_use]
#[expect(clippy::panic, reason = "a test that cannot go on has failed")]
pub fn file(citus: Citus) -> &'static str {
    match citus {
        Citus::Distributed(sql) => sql,
        Citus::OnOneServer(reason) => panic!("it stays on one server: {reason}"),
    }
}

/// How a service's tests are to run: with `LOMBARD_TEST_BY_TENANT` by its statements for several servers.
#[must_use]
pub fn layout() -> Layout {
    if std::env::var_os("LOMBARD_TEST_BY_TENANT").is_some() {
        Layout::ByTenant
    } else {
        Layout::OneServer
    }
}

/// Has a database play Citus. Nothing is distributed yet.
///
/// # Panics
///
/// When the database fails.
#[expect(clippy::expect_used, reason = "a test that cannot go on has failed")]
pub async fn play(pool: &PgPool) {
    sqlx::raw_sql(include_str!("citus/rules.sql")).execute(pool).await.expect("Citus is played");
}

/// Lets a service that looks find its tables, of which this is one, where a test wants them. They stay as they
/// are.
///
/// # Panics
///
/// When the database fails.
#[expect(clippy::expect_used, reason = "a test that cannot go on has failed")]
pub async fn pretend(pool: &PgPool, layout: Layout, table: &'static str) {
    if layout == Layout::OneServer {
        return;
    }
    let is_played = "select to_regclass('pg_dist_partition') is not null";
    let is_played: bool = sqlx::query_scalar(is_played).fetch_one(pool).await.expect("a database");
    if !is_played {
        play(pool).await;
    }
    let distributed = "
        insert into pg_dist_partition values ($1::regclass, 'h', 'tenant_id', $1::regclass)
        on conflict do nothing";
    sqlx::query(distributed).bind(table).execute(pool).await.expect("it is in the catalogue");
}

/// Where each table is: by which column, or `reference`.
///
/// # Panics
///
/// When the database fails.
#[expect(clippy::expect_used, reason = "a test that cannot go on has failed")]
pub async fn places(pool: &PgPool) -> BTreeMap<String, String> {
    let places: Vec<(String, String)> = sqlx::query_as(
        "select logicalrelid::text, coalesce(by_column::text, 'reference') from pg_dist_partition",
    )
    .fetch_all(pool)
    .await
    .expect("Citus is played");
    places.into_iter().collect()
}

/// The tables of a schema.
///
/// # Panics
///
/// When the database fails.
#[expect(clippy::expect_used, reason = "a test that cannot go on has failed")]
pub async fn tables(pool: &PgPool) -> Vec<String> {
    let tables = "
        select relname::text from pg_class
        where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')
            and relname <> 'pg_dist_partition'
        order by 1";
    sqlx::query_scalar(tables).fetch_all(pool).await.expect("a database")
}

/// Holds a service's file, and what has come of it, to three rules: each table is named once, in a list or after
/// `-- local:` with a reason; what has a tenant is distributed by it, unless it is one of `by_others`, with their
/// columns; what has none is a reference table, unless it is local.
///
/// # Panics
///
/// When a table is elsewhere.
#[expect(clippy::expect_used, reason = "a test that cannot go on has failed")]
pub async fn assert_places(pool: &PgPool, file: &str, by_others: &[(&str, &str)]) {
    let places = places(pool).await;
    let local: Vec<&str> = file
        .lines()
        .filter_map(|line| line.strip_prefix("-- local: ")?.split_once(": "))
        .inspect(|(table, reason)| assert!(!reason.is_empty(), "{table}"))
        .map(|(table, _)| table)
        .collect();
    for table in tables(pool).await {
        let quoted = file.matches(&format!("('{table}'")).count();
        let unquoted = local.iter().filter(|name| **name == table).count();
        assert_eq!(quoted.saturating_add(unquoted), 1, "{table} is to be named once");
        let has_tenant: bool = sqlx::query_scalar(
            "select exists (
                select from pg_attribute where attrelid = $1::regclass and attname = 'tenant_id'
            )",
        )
        .bind(&table)
        .fetch_one(pool)
        .await
        .expect("a database");
        let by_other = by_others.iter().find(|(name, _)| *name == table);
        let wanted = match by_other {
            Some((_, column)) => Some(*column),
            None if has_tenant => Some("tenant_id"),
            None if local.contains(&table.as_str()) => None,
            None => Some("reference"),
        };
        assert_eq!(places.get(&table).map(String::as_str), wanted, "{table}");
    }
}

/// Holds a file to granting the right to update each table of which its role may update some columns: before
/// Citus 13.1, rights to columns do not reach the servers.
///
/// # Panics
///
/// When a table is left out, or another one is granted.
#[expect(clippy::expect_used, reason = "a test that cannot go on has failed")]
pub async fn assert_grants(pool: &PgPool, file: &str, role: &str) {
    let by_column: Vec<String> = sqlx::query_scalar(
        "select distinct c.relname::text
         from pg_class c
         join pg_attribute a on a.attrelid = c.oid
         where c.relnamespace = 'public'::regnamespace and a.attnum > 0
             and has_column_privilege($1, c.oid, a.attnum, 'update')
             and not has_table_privilege($1, c.oid, 'update')
         order by 1",
    )
    .bind(role)
    .fetch_all(pool)
    .await
    .expect("a database");
    let mut granted: Vec<&str> = file
        .lines()
        .filter_map(|line| line.trim().strip_prefix("grant update on ")?.split_once(" to "))
        .flat_map(|(tables, _)| tables.split(", "))
        .collect();
    granted.sort_unstable();
    assert_eq!(granted, by_column, "what {role} may update some columns of");
}

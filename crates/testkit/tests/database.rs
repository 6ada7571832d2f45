//! Tests get databases of their own, from many runtimes at once.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::thread;

use sqlx::{PgPool, migrate::Migrator};

static MIGRATIONS: Migrator = sqlx::migrate!("tests/migrations");

async fn words(pool: &PgPool) -> Vec<String> {
    sqlx::query_scalar("select word from words order by word").fetch_all(pool).await.unwrap()
}

#[tokio::test]
async fn what_one_test_writes_no_other_sees() {
    let pool = testkit::database("words", &MIGRATIONS).await;
    let other = testkit::database("words", &MIGRATIONS).await;

    sqlx::query("insert into words (word) values ('mine')").execute(&pool).await.unwrap();

    assert_eq!(words(&pool).await, ["migrated", "mine"]);
    assert_eq!(words(&other).await, ["migrated"]);
}

#[test]
fn many_tests_start_at_once() {
    let tests: Vec<_> = (0..8)
        .map(|_| {
            thread::spawn(|| {
                let runtime = tokio::runtime::Runtime::new().unwrap();
                runtime
                    .block_on(async { words(&testkit::database("words", &MIGRATIONS).await).await })
            })
        })
        .collect();

    for test in tests {
        assert_eq!(test.join().unwrap(), ["migrated"]);
    }
}

#[tokio::test]
async fn an_empty_database_has_no_tables() {
    let pool = testkit::empty_database("words").await;

    let tables: i64 =
        sqlx::query_scalar("select count(*) from pg_tables where schemaname = 'public'")
            .fetch_one(&pool)
            .await
            .unwrap();

    assert_eq!(tables, 0);
}

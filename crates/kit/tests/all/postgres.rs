use std::time::Duration;

use kit::postgres::{self, check_schema, wait_for_schema};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use crate::{MIGRATIONS, database, in_role};

#[tokio::test]
async fn only_a_database_without_a_schema_is_told_to_be_migrated() {
    let empty = testkit::empty_database("kit").await;
    let nowhere = PgConnectOptions::new_without_pgpass().host("127.0.0.1").port(1);
    let impatient = PgPoolOptions::new().acquire_timeout(Duration::from_millis(200));
    let nowhere = impatient.connect_lazy_with(nowhere);

    let without_schema = check_schema(&empty, &MIGRATIONS).await.unwrap_err();
    let without_server = check_schema(&nowhere, &MIGRATIONS).await.unwrap_err();
    postgres::migrate(&empty, &MIGRATIONS).await.unwrap();

    assert!(without_schema.to_string().contains("migrate"), "{without_schema:#}");
    assert!(!without_server.to_string().contains("migrate"), "{without_server:#}");
    check_schema(&empty, &MIGRATIONS).await.unwrap();
}

#[tokio::test]
async fn waiting_for_a_database_ends_when_told_to_stop() {
    let nowhere = PgConnectOptions::new_without_pgpass().host("127.0.0.1").port(1);
    let nowhere = in_role(&postgres::pool(nowhere, 1));
    let stop = CancellationToken::new();

    let waiting = wait_for_schema(&nowhere, &MIGRATIONS, &stop);
    let stopping = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        stop.cancel();
    };
    let (waited, ()) = tokio::join!(timeout(Duration::from_secs(2), waiting), stopping);

    assert!(waited.unwrap().is_ok());
}

#[tokio::test]
async fn a_transaction_whose_client_does_nothing_gives_its_locks_back() {
    let pool = database().await;

    let timeouts: (String, String) = sqlx::query_as(
        "
        select current_setting('idle_in_transaction_session_timeout'),
               current_setting('statement_timeout')
        ",
    )
    .fetch_one(&pool)
    .await
    .unwrap();

    assert_eq!(timeouts, ("10s".to_owned(), "20s".to_owned()));
}

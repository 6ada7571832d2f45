//! The tables on several servers. What needs no Citus is tested for real: the refusals, the schema, and the
//! statements that are of one tenant each. What Citus makes of both is played by its documented rules
//! (`testkit::citus`).

use std::time::Duration;

use kit::{
    keys::Keyring,
    postgres::{
        Database,
        citus::{self, Layout},
    },
};
use proto::customer::v1::customer_service_client::CustomerServiceClient;
use sqlx::PgPool;
use testkit::{
    citus::{
        assert_grants, assert_places, file as citus_file, places, play,
        statements::{assert_accepted, prepared},
        tables,
    },
    program,
};

use crate::{
    changes::{acknowledge, changes, passes_over},
    personal, retention,
    support::{joe, setup_laid_out},
};

const BINARY: &str = env!("CARGO_BIN_EXE_customer");

fn file() -> &'static str {
    citus_file(customer::CITUS)
}

async fn distributed() -> PgPool {
    let pool = testkit::database("customer", &customer::MIGRATIONS).await;
    play(&pool).await;
    citus::distribute(&pool, file()).await.unwrap();
    pool
}

#[tokio::test]
async fn without_citus_nothing_is_done_and_it_is_said_what_is_missing() {
    let pool = testkit::empty_database("customer").await;

    let refused = citus::check(&pool, customer::CITUS).await.unwrap_err().to_string();
    let ended = program::run(BINARY, &["migrate", "--citus"], &pool).await;

    assert!(refused.contains("has no Citus: install it on every server"), "{refused}");
    assert!(refused.ends_with("nothing was changed"), "{refused}");
    assert!(!ended.success());
    assert_eq!(tables(&pool).await, [""; 0]);
}

#[tokio::test]
async fn every_table_is_named_once_and_goes_where_its_rows_are_looked_for() {
    let pool = distributed().await;

    assert_places(&pool, file(), &[]).await;
    let first = places(&pool).await;
    citus::distribute(&pool, file()).await.unwrap();
    assert_eq!(places(&pool).await, first, "when it is run again");
    kit::postgres::migrate(&pool, &customer::MIGRATIONS).await.unwrap();
}

#[tokio::test]
async fn rights_to_columns_become_rights_to_tables() {
    let pool = testkit::database("customer", &customer::MIGRATIONS).await;

    assert_grants(&pool, file(), customer::ROLE).await;
}

#[tokio::test]
async fn a_service_finds_out_where_its_tables_are() {
    let before = testkit::database("customer", &customer::MIGRATIONS).await;
    let layout = async |pool: &PgPool| {
        citus::layout(&Database::new(pool, customer::ROLE), "customers").await.unwrap()
    };

    assert_eq!(layout(&before).await, Layout::OneServer);
    assert_eq!(layout(&distributed().await).await, Layout::ByTenant);
}

#[test]
fn every_statement_is_one_that_citus_takes() {
    let excepted = [
        "insert into customer_changes (tenant_id, customer_id, details_version) select c.",
        "delete from customer_changes n using unnest($1::uuid[]",
        "delete from customer_erasures e using unnest($1::uuid[]",
        "delete from requests where (tenant_id",
        "from unnest($1::uuid[], $2::uuid[], $3::bytea[], $4::integer[]) as k",
        "where personal_key_version <> $1",
        "from index_keys where key_version <> $1 order by tenant_id for update",
    ];
    let excepted = excepted.map(|part| (part, "where tenants are on one server"));
    assert_accepted(&prepared(env!("CARGO_MANIFEST_DIR")), &excepted);
}

#[tokio::test]
async fn changes_of_several_tenants_are_acknowledged_each_on_its_own() {
    let mut setup = setup_laid_out(Layout::ByTenant).await;
    for _ in 0..2 {
        setup.caller = testkit::caller();
        setup.create(joe()).await.unwrap();
        setup.create(joe()).await.unwrap();
    }

    let mut listed = changes(&mut setup).await;
    let left = listed.remove(1);
    acknowledge(&mut setup, &listed).await;

    assert_eq!(listed.len(), 3);
    assert_eq!(changes(&mut setup).await, [left]);
}

#[tokio::test]
async fn what_is_done_for_all_tenants_is_done_where_they_are_on_several_servers() {
    let by_tenant = async || setup_laid_out(Layout::ByTenant).await;

    passes_over(by_tenant().await).await;
    personal::seals(by_tenant().await).await;
    personal::rotates(by_tenant().await).await;
    retention::lists_erasures(Layout::ByTenant).await;
}

#[tokio::test]
async fn a_key_that_was_exchanged_meanwhile_is_not_put_back() {
    let mut setup = setup_laid_out(Layout::ByTenant).await;
    let files = tempfile::tempdir().unwrap();
    let (old, both) = (files.path().join("old"), files.path().join("both"));
    kit::keys::ensure_file(&old).unwrap();
    let first = std::fs::read_to_string(&old).unwrap();
    let second = "2:AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=";
    std::fs::write(&both, format!("{first}\n{second}\n")).unwrap();
    let (old, both) = (Keyring::from_file(&old).unwrap(), Keyring::from_file(&both).unwrap());
    let service = customer::service_laid_out(Layout::ByTenant, setup.pool.clone(), old);
    setup.client = CustomerServiceClient::new(testkit::serve(service).await);
    setup.create(joe()).await.unwrap();
    let mut tx = setup.pool.begin().await.unwrap();
    let exchanged = r"update customers set personal_key = '\x01'";
    sqlx::raw_sql(exchanged).execute(&mut *tx).await.unwrap();

    let rotation = customer::rotate_keys(&setup.pool, &both);
    let exchange = async {
        let waits = "select exists (select from pg_stat_activity
            where datname = current_database() and wait_event_type = 'Lock')";
        while !sqlx::query_scalar::<_, bool>(waits).fetch_one(&setup.pool).await.unwrap() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        tx.commit().await.unwrap();
    };
    let (rotated, ()) = tokio::join!(rotation, exchange);

    assert_eq!(rotated.unwrap().failed, 0);
    let kept: Vec<u8> = sqlx::query_scalar("select personal_key from customers")
        .fetch_one(&setup.pool)
        .await
        .unwrap();
    assert_eq!(kept, [1]);
}

//! The tables on several servers. What needs no Citus is tested for real: the refusals, the schema, and the
//! statements that are of one tenant each. What Citus makes of a schema is played by its documented rules
//! (`testkit::citus`).

use std::collections::BTreeMap;

use kit::postgres::{
    Database,
    citus::{self, Layout},
};
use ledger::Settings;
use proto::ledger::v1::{CreatePaymentRequest, PaymentStatus};
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
    books::assert_sound,
    paying::{Working, creditor, faster, hurried},
    support::{Setup, new_ledger, settings, setup_with},
};

const BINARY: &str = env!("CARGO_BIN_EXE_ledger");

fn file() -> &'static str {
    citus_file(ledger::CITUS)
}

#[tokio::test]
async fn without_citus_nothing_is_done_and_it_is_said_what_is_missing() {
    let pool = testkit::empty_database("ledger").await;

    let refused = citus::check(&pool, ledger::CITUS).await.unwrap_err().to_string();
    let ended = program::run(BINARY, &["migrate", "--citus"], &pool).await;

    assert!(refused.contains("has no Citus: install it on every server"), "{refused}");
    assert!(refused.ends_with("nothing was changed"), "{refused}");
    assert!(!ended.success());
    assert_eq!(tables(&pool).await, [""; 0]);
}

#[tokio::test]
async fn every_table_is_named_once_and_goes_where_its_rows_are_looked_for() {
    let pool = testkit::database("ledger", &ledger::MIGRATIONS).await;
    play(&pool).await;

    citus::distribute(&pool, file()).await.unwrap();

    let by_others = [
        ("inbound_payments", "rail_reference"),
        ("ledger_addresses", "address"),
        ("payment_ids", "payment_id"),
    ];
    assert_places(&pool, file(), &by_others).await;
}

#[tokio::test]
async fn rights_to_columns_become_rights_to_tables() {
    let pool = testkit::database("ledger", &ledger::MIGRATIONS).await;

    assert_grants(&pool, file(), ledger::ROLE).await;
}

#[tokio::test]
async fn what_is_distributed_stays_so_when_it_is_run_again() {
    let pool = testkit::database("ledger", &ledger::MIGRATIONS).await;
    play(&pool).await;
    citus::distribute(&pool, file()).await.unwrap();
    let first = places(&pool).await;

    citus::distribute(&pool, file()).await.unwrap();

    assert_eq!(places(&pool).await, first);
    kit::postgres::migrate(&pool, &ledger::MIGRATIONS).await.unwrap();
}

#[tokio::test]
async fn what_was_left_over_is_distributed_when_it_is_run_again() {
    let pool = testkit::database("ledger", &ledger::MIGRATIONS).await;
    play(&pool).await;
    citus::distribute(&pool, file()).await.unwrap();
    let forget = "delete from pg_dist_partition where logicalrelid = 'seals'::regclass";
    sqlx::query(forget).execute(&pool).await.unwrap();

    citus::distribute(&pool, file()).await.unwrap();

    assert_eq!(places(&pool).await["seals"], "tenant_id");
}

#[tokio::test]
async fn a_key_that_the_tenant_is_not_part_of_is_found_by_the_rules() {
    let pool = testkit::database("ledger", &ledger::MIGRATIONS).await;
    play(&pool).await;
    sqlx::raw_sql("create unique index customers_once on ledgers (customer_id)")
        .execute(&pool)
        .await
        .unwrap();

    let refused = citus::distribute(&pool, file()).await.unwrap_err().to_string();

    assert!(refused.contains("customers_once"), "{refused}");
    assert_eq!(places(&pool).await, BTreeMap::new(), "all of it or none");
}

#[tokio::test]
async fn a_service_finds_out_where_its_tables_are() {
    let pool = testkit::database("ledger", &ledger::MIGRATIONS).await;
    let database = Database::new(&pool, ledger::ROLE);
    let before = citus::layout(&database, "accounts").await.unwrap();
    play(&pool).await;
    let undecided = citus::layout(&database, "accounts").await.unwrap();

    citus::distribute(&pool, file()).await.unwrap();

    assert_eq!([before, undecided], [Layout::OneServer; 2]);
    assert_eq!(citus::layout(&database, "accounts").await.unwrap(), Layout::ByTenant);
}

/// Services on tables as they are once they have been distributed.
async fn distributed() -> Setup {
    let setup = setup_with(Settings { layout: Layout::ByTenant, ..settings() }).await;
    play(&setup.pool).await;
    citus::distribute(&setup.pool, file()).await.unwrap();
    setup
}

fn working(setup: &Setup) -> Working {
    Working::with(setup, Settings { layout: Layout::ByTenant, payments: hurried(), ..settings() })
}

#[tokio::test]
async fn payments_go_out_come_in_and_cross_from_tenant_to_tenant() {
    let setup = distributed().await;
    let other = setup.other_tenant();
    let (alice, bob) = (setup.funded(1_000).await, other.ledger("gbp").await);
    let worker = working(&setup);

    let out = setup.pay(faster(&alice, "00000000", "1")).await.unwrap();
    let to_bob =
        CreatePaymentRequest { creditor: Some(creditor(&bob)), ..faster(&alice, "", "2.50") };
    let across = setup.pay(to_bob).await.unwrap();
    setup.wait_for(&out, PaymentStatus::Settled).await;
    setup.wait_for(&across, PaymentStatus::Settled).await;
    worker.stop().await;

    assert_eq!((setup.balance(&alice).await, other.balance(&bob).await), (650, 250));
    assert_eq!(taken_in(&setup.pool, "on_us").await, 1);
    assert_sound(&setup.pool).await;
}

async fn taken_in(pool: &PgPool, rail: &str) -> i64 {
    let count = "select count(*) from inbound_payments where rail = $1";
    sqlx::query_scalar(count).bind(rail).fetch_one(pool).await.unwrap()
}

#[tokio::test]
async fn two_workers_take_each_payment_once() {
    let setup = distributed().await;
    let alice = setup.funded(10_000).await;
    let mut paid = Vec::new();
    for _ in 0..20 {
        paid.push(setup.pay(faster(&alice, "00000000", "1")).await.unwrap());
    }

    let workers = [working(&setup), working(&setup)];
    for payment in &paid {
        setup.wait_for(payment, PaymentStatus::Settled).await;
    }
    for worker in workers {
        worker.stop().await;
    }

    let submitted = "select max(times_submitted)::bigint from sandbox_rail_payments";
    let submitted: i64 = sqlx::query_scalar(submitted).fetch_one(&setup.pool).await.unwrap();
    assert_eq!((submitted, setup.balance(&alice).await), (1, 8_000));
    assert_sound(&setup.pool).await;
}

#[tokio::test]
async fn an_address_and_a_payment_s_id_are_there_once_without_the_constraints_of_one_server() {
    let setup = distributed().await;
    let alice = setup.funded(1_000).await;
    let uk = creditor(&alice);
    let address = format!("uk/{}/{}", uk.sort_code, uk.account_number);
    let payment = setup.pay(faster(&alice, "00000000", "1")).await.unwrap().payment_id;
    let left = "select count(*) from pg_constraint
        where conname in ('ledgers_account_number_once', 'ledgers_iban_once')";
    let left: i64 = sqlx::query_scalar(left).fetch_one(&setup.pool).await.unwrap();

    // The counter begins anew, as no counter should.
    sqlx::raw_sql("update account_number_counters set next = 1")
        .execute(&setup.pool)
        .await
        .unwrap();
    let again = setup.create_ledger(new_ledger(&setup.customer("Bloggs").await, "gbp")).await;
    let ledgers: i64 =
        sqlx::query_scalar("select count(*) from ledgers").fetch_one(&setup.pool).await.unwrap();
    let leads_to = "select ledger_id::text from ledger_addresses where address = $1";
    let leads_to: String =
        sqlx::query_scalar(leads_to).bind(address).fetch_one(&setup.pool).await.unwrap();
    let copied =
        "insert into payment_ids (payment_id, tenant_id) values ($1::uuid, gen_random_uuid())";
    let copied = sqlx::query(copied).bind(payment).execute(&setup.pool).await.unwrap_err();

    assert_eq!((left, ledgers), (0, 1));
    assert!(again.is_err(), "{again:?}");
    assert_eq!(leads_to, alice.ledger_id);
    assert_eq!(kit::postgres::constraint(&copied), Some("payment_ids_once"));
}

#[tokio::test]
async fn what_an_earlier_version_wrote_is_found_after_it_is_distributed() {
    let setup = setup_with(settings()).await;
    let (alice, other) = (setup.funded(1_000).await, setup.other_tenant());
    let bob = other.ledger("gbp").await;
    let payment = setup.pay(faster(&alice, "00000000", "1")).await.unwrap();
    sqlx::raw_sql("truncate ledger_addresses, payment_ids").execute(&setup.pool).await.unwrap();
    play(&setup.pool).await;

    citus::distribute(&setup.pool, file()).await.unwrap();

    let known =
        "select (select count(*) from ledger_addresses), (select count(*) from payment_ids)";
    let known: (i64, i64) = sqlx::query_as(known).fetch_one(&setup.pool).await.unwrap();
    assert_eq!(known, (4, 1));
    let worker = working(&setup);
    setup.wait_for(&payment, PaymentStatus::Settled).await;
    worker.stop().await;
    assert_eq!(other.balance(&bob).await, 0);
}

#[test]
fn every_statement_is_one_that_citus_takes() {
    let excepted = [
        ("unnest($1::uuid[], $2::uuid[]) as k (tenant_id, account_id)", "batches, on one server"),
        ("with posted as materialized", "is of one tenant, or on one server"),
        ("with due as materialized", "`payment_work::claim_together`, on one server"),
        ("delete from requests where (tenant_id", "`idempotency::forget`, on one server"),
        ("insert into seals", "there are no seals on several"),
        ("update inbound_payments", "is distributed by what is named"),
        ("sandbox_rail_", "on the coordinator"),
    ];
    assert_accepted(&prepared(env!("CARGO_MANIFEST_DIR")), &excepted);
}

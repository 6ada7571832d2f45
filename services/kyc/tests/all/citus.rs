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
use kyc::{
    Settings,
    providers::{Progress, ProviderError},
};
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
    accounts,
    at_rest::{self, AtRest},
    callbacks, erasure, rotation, screening,
    scripted::{Scripted, VERIFIED},
    support::{idle_with, settings, setup_with, with_provider},
};

const BINARY: &str = env!("CARGO_BIN_EXE_kyc");

fn file() -> &'static str {
    citus_file(kyc::CITUS)
}

async fn distributed() -> PgPool {
    let pool = testkit::database("kyc", &kyc::MIGRATIONS).await;
    play(&pool).await;
    citus::distribute(&pool, file()).await.unwrap();
    pool
}

#[tokio::test]
async fn without_citus_nothing_is_done_and_it_is_said_what_is_missing() {
    let pool = testkit::empty_database("kyc").await;

    let refused = citus::check(&pool, kyc::CITUS).await.unwrap_err().to_string();
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
    kit::postgres::migrate(&pool, &kyc::MIGRATIONS).await.unwrap();
}

#[tokio::test]
async fn rights_to_columns_become_rights_to_tables() {
    let pool = testkit::database("kyc", &kyc::MIGRATIONS).await;

    assert_grants(&pool, file(), kyc::ROLE).await;
}

#[tokio::test]
async fn a_service_finds_out_where_its_tables_are() {
    let before = testkit::database("kyc", &kyc::MIGRATIONS).await;
    let layout = async |pool: &PgPool| {
        citus::layout(&Database::new(pool, kyc::ROLE), "verifications").await.unwrap()
    };

    assert_eq!(layout(&before).await, Layout::OneServer);
    assert_eq!(layout(&distributed().await).await, Layout::ByTenant);
}

#[test]
fn every_statement_is_one_that_citus_takes() {
    let on_one_server = [
        "with due as materialized",
        "with called as materialized",
        "next_attempt_time = $3 then now()",
        "when callback_time > $6",
        "where sweep_done < sweep_wanted and tenant_id = ( select",
        "delete from requests where (tenant_id",
        "from provider_accounts order by tenant_id, provider for update",
        "from documents where key_version <> $1",
        "from decision_notes where note_key_version <> $1",
        "as new (tenant_id, object_id, wrapped_key, key_version)",
        "as new (tenant_id, verification_id, number, note_key, note_key_version)",
    ];
    let no_tenant_s =
        ["update screening_work", "update upkeep_work", "delete from sanctions_entries"];
    let excepted: Vec<(&str, &str)> = on_one_server
        .map(|part| (part, "where tenants are on one server"))
        .into_iter()
        .chain(no_tenant_s.map(|part| (part, "a reference table")))
        .collect();
    assert_accepted(&prepared(env!("CARGO_MANIFEST_DIR")), &excepted);
}

fn by_tenant() -> Settings {
    Settings { layout: Layout::ByTenant, ..settings() }
}

#[tokio::test]
async fn two_workers_take_each_verification_once_whoever_s_it_is() {
    let provider = Scripted::new(Duration::from_millis(5), VERIFIED);
    let settings = Settings { layout: Layout::ByTenant, ..with_provider(provider.clone()) };
    let mut setup = idle_with(&settings).await;
    for number in 0..20 {
        if number % 5 == 0 {
            setup.caller = testkit::caller();
        }
        setup.verification_of("Bloggs").await;
    }

    for _ in 0..2 {
        setup.start_worker(settings.clone(), setup.customer_channel.clone());
    }
    setup.settled().await;

    let seen: Vec<_> = provider.seen().iter().map(|seen| seen.submissions).collect();
    assert_eq!(seen, [1; 20]);
}

#[tokio::test]
async fn who_may_not_be_asked_now_is_passed_over() {
    let down = Scripted::new(Duration::ZERO, |number| match number {
        1..=3 => Err(ProviderError::Transient("down".into())),
        _ => Ok(Progress::Decided(kyc::Outcome::Verified)),
    });
    let settings = Settings {
        layout: Layout::ByTenant,
        circuit_failures: 3,
        circuit_pause: Duration::from_millis(300),
        ..with_provider(down.clone())
    };
    let mut setup = setup_with(settings).await;
    setup.verification_of("Bloggs").await;

    setup.settled().await;

    assert_eq!(down.seen()[0].submissions, 4);
}

#[tokio::test]
async fn what_a_verification_leads_to_is_done_where_tenants_are_on_several_servers() {
    callbacks::makes_the_worker_ask(Layout::ByTenant).await;
    callbacks::are_heard_now_and_then(Layout::ByTenant).await;
    screening::goes_by_the_tenant_s_score(setup_with(by_tenant()).await).await;
}

#[tokio::test]
async fn documents_and_keys_are_looked_after_where_tenants_are_on_several_servers() {
    let keys = Keyring::throw_away().unwrap();
    erasure::destroys_documents(AtRest::laid_out(Layout::ByTenant, keys).await).await;
    at_rest::sweeps_what_was_cut_off(Layout::ByTenant).await;
    rotation::rotates_documents(Layout::ByTenant).await;
    rotation::rotates_notes(Layout::ByTenant).await;
    accounts::secrets_move(Layout::ByTenant).await;
}

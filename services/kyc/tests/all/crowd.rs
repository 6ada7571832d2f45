//! Many at once: creations, and one tenant's attempts beside another's.

use std::{
    future,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use kyc::{
    Outcome, Settings,
    providers::{Answer, Progress, Provider, Submission},
};
use proto::{
    kyc::v1::kyc_service_client::KycServiceClient, r#type::v1::VerificationStatus as Status,
};
use sqlx::postgres::PgPoolOptions;
use tokio::{task::JoinSet, time::timeout};

use crate::support::{Setup, idle, passport, settings, with_provider};

#[tokio::test]
async fn many_creations_share_few_connections() {
    let mut setup = idle().await;
    let options = setup.pool.connect_options().as_ref().clone();
    let few = PgPoolOptions::new().max_connections(2).connect_lazy_with(options);
    let service = kyc::service(&settings(), few, setup.customer_channel.clone());
    let client = KycServiceClient::new(testkit::serve(service).await);
    let mut all = JoinSet::new();
    for _ in 0..24 {
        let customer = setup.person("Bloggs").await.customer_id;
        let (mut client, caller) = (client.clone(), setup.caller.clone());
        all.spawn(async move {
            client.create_verification(caller.request(passport(&customer))).await.map(drop)
        });
    }

    let created = timeout(Duration::from_secs(8), all.join_all()).await;

    assert!(created.unwrap().iter().all(Result::is_ok));
}

/// Never answers about some, and verifies all others.
#[derive(Default)]
struct Hangs {
    hangs: AtomicBool,
}

impl Provider for Hangs {
    fn submit<'a>(&'a self, submission: &'a Submission) -> Answer<'a> {
        Box::pin(async {
            if submission.subject.last_name == "Stuck" {
                self.hangs.store(true, Ordering::Relaxed);
                future::pending::<()>().await;
            }
            Ok(Progress::Decided(Outcome::Verified))
        })
    }

    fn fetch<'a>(&'a self, _reference: &'a str) -> Answer<'a> {
        Box::pin(future::pending())
    }
}

/// As if so many of the tenant's customers had asked long ago, and nobody had looked since.
async fn backlog(setup: &Setup, count: i32) {
    sqlx::query(
        "insert into verifications
         select (jsonb_populate_record(v, jsonb_build_object(
             'verification_id', gen_random_uuid(), 'customer_id', gen_random_uuid(),
             'reported_version', 1, 'overruns', 0, 'next_attempt_time', '2020-01-01'))).*
         from verifications v, generate_series(1, $1)",
    )
    .bind(count)
    .execute(&setup.pool)
    .await
    .unwrap();
}

#[tokio::test]
async fn a_tenant_s_backlog_is_left_alone_while_nobody_may_ask_and_holds_up_no_other() {
    let provider = Arc::new(Hangs::default());
    let settings = Settings {
        provider_concurrency: 1,
        concurrency: 4,
        provider_timeout: Duration::from_hours(1),
        lease: Duration::from_hours(1),
        ..with_provider(provider.clone())
    };
    let mut setup = idle().await;
    setup.verification_of("Stuck").await;
    setup.start_worker(settings, setup.customer_channel.clone());
    while !provider.hangs.load(Ordering::Relaxed) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    backlog(&setup, 500).await;

    setup.caller = testkit::caller();
    let other = setup.verification_of("Bloggs").await.verification_id;
    let other = setup.decided(&other).await;
    tokio::time::sleep(Duration::from_millis(500)).await;

    assert_eq!(other.verification_status(), Status::Verified);
    let looked_at = "select count(*) from verifications
        where tenant_id <> $1 and next_attempt_time <> '2020-01-01'";
    let looked_at: i64 = sqlx::query_scalar(looked_at)
        .bind(setup.caller.tenant().uuid())
        .fetch_one(&setup.pool)
        .await
        .unwrap();
    assert_eq!(looked_at, 1, "the one that hangs");
}

//! Matches that no person has looked at: they are not passed over, whatever becomes of the attempt that they
//! were noted for.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use kyc::{
    Outcome,
    providers::{Answer, Progress, Provider, Submission},
};
use proto::{
    kyc::v1::{
        Decision, PlayDecisionRequest, ScreeningSettings, UpdateScreeningSettingsRequest,
        sandbox_service_client::SandboxServiceClient,
        screening_service_client::ScreeningServiceClient,
    },
    r#type::v1::VerificationStatus as Status,
};
use types::VerificationId;

use crate::{
    screening::{UK, listed, load, reviews, screened},
    support::{Setup, idle, passport, reason, settings, setup, setup_with, with_provider},
};

/// Verifies whoever asks for the first time; decides another attempt when it is told how.
#[derive(Default)]
struct Told {
    outcomes: Mutex<Option<HashMap<VerificationId, Outcome>>>,
}

impl Told {
    fn answer(&self, id: VerificationId) -> Progress {
        let decided = Progress::Decided(Outcome::Verified);
        let outcomes = self.outcomes.lock().unwrap();
        let Some(outcomes) = &*outcomes else { return decided };
        let (reference, poll_after) = (id.to_string(), Duration::from_millis(20));
        let waits = Progress::Pending { reference, poll_after };
        outcomes.get(&id).cloned().map_or(waits, Progress::Decided)
    }
}

impl Provider for Told {
    fn submit<'a>(&'a self, submission: &'a Submission) -> Answer<'a> {
        Box::pin(async { Ok(self.answer(submission.verification)) })
    }

    fn fetch<'a>(&'a self, reference: &'a str) -> Answer<'a> {
        Box::pin(async { Ok(self.answer(VerificationId::parse(reference).unwrap())) })
    }
}

async fn count(pool: &sqlx::PgPool, of: &str) -> i64 {
    let count = sqlx::AssertSqlSafe(format!("select count(*) from {of}"));
    sqlx::query_scalar(count).fetch_one(pool).await.unwrap()
}

/// Waits until there are so many.
async fn wait_for(pool: &sqlx::PgPool, of: &str, so_many: i64) {
    let waited = async {
        while count(pool, of).await != so_many {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), waited).await.unwrap();
}

#[tokio::test]
async fn an_attempt_that_ends_without_a_person_is_followed_by_a_review_of_its_matches() {
    let because = || vec!["WHY".to_owned()];
    let endings = [
        Outcome::Error(because()),
        Outcome::Expired(because()),
        Outcome::ResubmissionRequired(because()),
        Outcome::Rejected(because()),
    ];
    let provider = Arc::new(Told::default());
    let mut setup = setup_with(with_provider(provider.clone())).await;
    let mut again = Vec::new();
    for _ in &endings {
        let id = setup.customer(listed()).await.customer_id;
        let first = setup.create(passport(&id)).await.unwrap().verification_id;
        setup.decided(&first).await;
        again.push(id);
    }
    screened(&setup).await;
    *provider.outcomes.lock().unwrap() = Some(HashMap::new());
    let mut attempts = Vec::new();
    for id in &again {
        attempts.push(setup.create(passport(id)).await.unwrap().verification_id);
    }
    load(&setup, UK).await;
    wait_for(&setup.pool, "screening_matches", 4).await;

    let told = attempts.iter().map(|id| VerificationId::parse(id).unwrap()).zip(endings);
    *provider.outcomes.lock().unwrap() = Some(told.collect());
    for (customer, attempt) in again.iter().zip(&attempts) {
        let ended = setup.decided(attempt).await.verification_status();
        let review = reviews(&mut setup, customer).await.remove(0);
        let stands = setup.settled_status(customer).await;

        assert_ne!(review.verification_id, *attempt, "{ended:?}");
        assert_eq!(review.verification_status(), Status::InReview, "{ended:?}");
        assert_eq!(review.reasons, ["SANCTIONS_MATCH"], "{ended:?}");
        let evidence = setup.evidence(&review.verification_id).await;
        assert_eq!(evidence.sanctions_matches[0].entry_id, "TST0003", "{ended:?}");
        // Who is rejected stays so: to look at a match establishes no identity.
        let expected = if ended == Status::Rejected { Status::Rejected } else { Status::InReview };
        assert_eq!(stands, expected, "{ended:?}");
    }
}

#[tokio::test]
async fn what_is_played_for_a_provider_settles_no_match() {
    let mut setup = idle().await;
    load(&setup, UK).await;
    let customer = setup.customer(listed()).await.customer_id;
    let attempt = setup.create(passport(&customer)).await.unwrap().verification_id;
    sqlx::query(
        "insert into screening_matches
            (tenant_id, verification_id, customer_id, list, entry_id, entry_hash,
             details_version, name, score, differences)
         select tenant_id, verification_id, customer_id, 'uk', 'TST0003', '', 1, 'A', 900, '{}'
         from verifications",
    )
    .execute(&setup.pool)
    .await
    .unwrap();

    let mut sandbox = SandboxServiceClient::new(setup.channel.clone());
    let request = PlayDecisionRequest {
        verification_id: attempt,
        decision: Decision::Approve.into(),
        ..PlayDecisionRequest::default()
    };
    sandbox.play_decision(setup.caller.request(request)).await.unwrap();

    let review = reviews(&mut setup, &customer).await.remove(0);
    assert_eq!(review.verification_status(), Status::InReview);
    assert_eq!(setup.evidence(&review.verification_id).await.sanctions_matches.len(), 1);
}

#[tokio::test]
async fn who_is_asked_for_documents_by_a_person_can_send_them_and_is_reviewed_again() {
    let mut setup = setup().await;
    load(&setup, UK).await;
    let customer = setup.customer(listed()).await.customer_id;
    screened(&setup).await;
    let review = reviews(&mut setup, &customer).await.remove(0);

    setup.decide(&review.verification_id, Decision::Resubmission).await;
    load(&setup, UK).await;
    screened(&setup).await;
    let created = setup.create(passport(&customer)).await.unwrap();
    let decided = setup.decided(&created.verification_id).await;

    assert_eq!(decided.verification_status(), Status::InReview);
    assert_eq!(decided.reasons, ["SANCTIONS_MATCH"]);
    assert_eq!(reviews(&mut setup, &customer).await.len(), 2);
}

#[tokio::test]
async fn a_threshold_that_is_lowered_concerns_the_tenant_s_customers_and_one_that_is_raised_nobody()
{
    let setup = idle().await;
    let mut client = ScreeningServiceClient::new(setup.channel.clone());
    let mut wanted = Vec::new();
    for threshold in [900, 850, 850, 1000, 700] {
        let settings = Some(ScreeningSettings { threshold });
        let request = UpdateScreeningSettingsRequest { settings, ..Default::default() };
        let request = setup.caller.request(request);
        client.update_screening_settings(request).await.unwrap();
        let of_tenant = "select sweep_wanted from screening_settings";
        let of_all = "select sweep_wanted from screening_work";
        wanted.push((
            sqlx::query_scalar::<_, i64>(of_tenant).fetch_one(&setup.pool).await.unwrap(),
            sqlx::query_scalar::<_, i64>(of_all).fetch_one(&setup.pool).await.unwrap(),
        ));
    }

    assert_eq!(wanted, [(0, 0), (1, 0), (1, 0), (1, 0), (2, 0)]);
}

#[tokio::test]
async fn nothing_is_kept_of_somebody_who_was_erased_after_being_read() {
    let mut setup = idle().await;
    let customer = setup.customer(listed()).await.customer_id;
    sqlx::query("insert into erased_customers (tenant_id, customer_id) values ($1, $2::uuid)")
        .bind(setup.caller.tenant().uuid())
        .bind(&customer)
        .execute(&setup.pool)
        .await
        .unwrap();
    load(&setup, UK).await;

    let refused = setup.create(passport(&customer)).await.unwrap_err();
    setup.start_worker(settings(), setup.customer_channel.clone());
    screened(&setup).await;

    assert_eq!(reason(&refused), "CUSTOMER_DISABLED");
    for table in ["verifications", "documents", "screening_matches"] {
        assert_eq!(count(&setup.pool, table).await, 0, "{table}");
    }
}

#[tokio::test]
async fn a_customer_who_cannot_be_read_holds_up_nobody_and_is_screened_when_it_can_be() {
    let mut setup = setup().await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(setup.customer(listed()).await.customer_id);
    }
    screened(&setup).await;
    let change = "update customers set personal = $2 where customer_id = $1::uuid";
    let kept: Vec<u8> =
        sqlx::query_scalar("select personal from customers where customer_id = $1::uuid")
            .bind(&ids[0])
            .fetch_one(&setup.customer_pool)
            .await
            .unwrap();
    sqlx::query(change).bind(&ids[0]).bind(b"?").execute(&setup.customer_pool).await.unwrap();

    load(&setup, UK).await;
    wait_for(&setup.pool, "verifications where status = 'in_review'", 2).await;
    wait_for(&setup.customer_pool, "customer_changes", 1).await;
    let unread = reviews_in_database(&setup, &ids[0]).await;
    sqlx::query(change).bind(&ids[0]).bind(kept).execute(&setup.customer_pool).await.unwrap();
    screened(&setup).await;

    assert_eq!(unread, 0);
    assert_eq!(reviews(&mut setup, &ids[0]).await.len(), 1);
}

/// As the customer service would refuse to say whose they are.
async fn reviews_in_database(setup: &Setup, customer: &str) -> i64 {
    let of = format!("verifications where customer_id = '{customer}'");
    count(&setup.pool, &of).await
}

#[tokio::test]
async fn who_cannot_be_screened_is_passed_over_and_tried_again() {
    let mut setup = setup().await;
    let mut ids = Vec::new();
    for _ in 0..2 {
        ids.push(setup.customer(listed()).await.customer_id);
    }
    screened(&setup).await;
    let fails = format!(
        "create function fail() returns trigger language plpgsql as $$
            begin raise exception 'no'; end $$;
         create trigger fail before insert on screening_matches for each row
            when (new.customer_id = '{}') execute function fail()",
        ids[0]
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(fails)).execute(&setup.pool).await.unwrap();

    load(&setup, UK).await;
    screened(&setup).await;
    let (failed, other) =
        (reviews(&mut setup, &ids[0]).await.len(), reviews(&mut setup, &ids[1]).await.len());
    let heal = "drop trigger fail on screening_matches;
        update screening_left set next_time = now()";
    sqlx::raw_sql(heal).execute(&setup.pool).await.unwrap();
    wait_for(&setup.pool, "screening_left", 0).await;

    assert_eq!((failed, other), (0, 1));
    assert_eq!(reviews(&mut setup, &ids[0]).await.len(), 1);
}

#[tokio::test]
async fn everybody_is_screened_again_by_a_program_that_compares_in_another_way() {
    let mut setup = idle().await;
    load(&setup, UK).await;
    let customer = setup.customer(listed()).await.customer_id;
    // As after a screening by a program that did not find them.
    let done = "update screening_work set sweep_begun = sweep_wanted, sweep_done = sweep_wanted";
    sqlx::query(done).execute(&setup.pool).await.unwrap();
    sqlx::query("delete from customer_changes").execute(&setup.customer_pool).await.unwrap();

    setup.start_worker(settings(), setup.customer_channel.clone());
    wait_for(&setup.pool, "verifications where status = 'in_review'", 1).await;

    assert_eq!(reviews(&mut setup, &customer).await.len(), 1);
    let done = "screening_work where matching > 0 and sweep_done = sweep_wanted";
    wait_for(&setup.pool, done, 1).await;
}

//! Documents of customers whose personal data is erased.

use std::time::Duration;

use proto::{
    customer::v1::{
        ErasePersonalDataRequest, UpdateCustomerRequest,
        retention_service_client::RetentionServiceClient,
    },
    kyc::v1::{
        DecideVerificationRequest, Decision, DocumentSide, GetVerificationHistoryRequest,
        review_service_client::ReviewServiceClient,
    },
    r#type::v1::VerificationStatus as Status,
};
use tonic::Code;

use crate::{
    at_rest::AtRest,
    screening::{UK, listed, load, reviews, screened},
    support::{Setup, passport, reason, settings, setup},
};

/// Erases a customer whose relationship ended six years ago.
async fn erase(setup: &mut Setup, customer: &str) {
    let mut disabled = setup.get_customer(customer).await;
    disabled.active = false;
    let request = UpdateCustomerRequest {
        customer: Some(disabled),
        update_mask: Some(prost_types::FieldMask { paths: vec!["active".to_owned()] }),
        ..Default::default()
    };
    setup.customers.update_customer(setup.caller.request(request)).await.unwrap();
    sqlx::query(
        "update customers set relationship_ended_at = now() - interval '6 years'
         where customer_id = $1::uuid",
    )
    .bind(customer)
    .execute(&setup.customer_pool)
    .await
    .unwrap();
    let mut retention = RetentionServiceClient::new(setup.customer_channel.clone());
    let request = ErasePersonalDataRequest { customer_id: customer.to_owned() };
    retention.erase_personal_data(setup.caller.request(request)).await.unwrap();
}

#[tokio::test]
async fn the_documents_of_an_erased_customer_are_destroyed_and_no_others() {
    destroys_documents(AtRest::start().await).await;
}

/// Of an erased customer alone.
pub(crate) async fn destroys_documents(mut at_rest: AtRest) {
    let erased = at_rest.setup.verification_of("Bloggs").await;
    let other = at_rest.setup.verification_of("Bloggs").await;
    erase(&mut at_rest.setup, &erased.customer_id).await;

    at_rest.setup.start_worker(at_rest.settings.clone(), at_rest.setup.customer_channel.clone());
    at_rest.files_when(1).await;

    let gone = at_rest.setup.read(&erased.verification_id, DocumentSide::Front).await.unwrap_err();
    assert_eq!(
        (gone.code(), reason(&gone).as_str()),
        (Code::FailedPrecondition, "DOCUMENT_ERASED")
    );
    at_rest.setup.read(&other.verification_id, DocumentSide::Front).await.unwrap();
    let keys: i64 = sqlx::query_scalar("select count(wrapped_key) from documents")
        .fetch_one(&at_rest.setup.pool)
        .await
        .unwrap();
    assert_eq!(keys, 1);
    // That there was an attempt, and how it ended, stays on record.
    assert_eq!(
        at_rest.setup.get(&erased.verification_id).await.unwrap().customer_id,
        erased.customer_id
    );
    let acknowledged = async {
        let left = "select count(*) from customer_erasures";
        while sqlx::query_scalar::<_, i64>(left)
            .fetch_one(&at_rest.setup.customer_pool)
            .await
            .unwrap()
            > 0
        {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), acknowledged).await.unwrap();
}

#[tokio::test]
async fn an_erased_customer_is_not_verified_any_more() {
    let mut setup = crate::support::setup_with(settings()).await;
    let customer = setup.person("Bloggs").await.customer_id;
    erase(&mut setup, &customer).await;

    let refused = setup.create(passport(&customer)).await.unwrap_err();

    assert_eq!(reason(&refused), "CUSTOMER_DISABLED");
}

/// Waits until the KYC service has erased what it has of everybody who is erased.
async fn followed(setup: &Setup) {
    let acknowledged = async {
        let left = "select count(*) from customer_erasures";
        while sqlx::query_scalar::<_, i64>(left).fetch_one(&setup.customer_pool).await.unwrap() > 0
        {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), acknowledged).await.unwrap();
    setup.settled().await;
}

#[tokio::test]
async fn a_review_of_an_erased_customer_ends_and_nobody_is_screened_again() {
    let mut setup = setup().await;
    load(&setup, UK).await;
    let customer = setup.customer(listed()).await.customer_id;
    screened(&setup).await;
    let review = reviews(&mut setup, &customer).await.remove(0);
    let read = setup.evidence(&review.verification_id).await;
    erase(&mut setup, &customer).await;
    followed(&setup).await;

    let ended = setup.get(&review.verification_id).await.unwrap();
    let request = DecideVerificationRequest {
        verification_id: review.verification_id.clone(),
        decision: Decision::Reject.into(),
        reason: "SAME_PERSON".to_owned(),
        evidence_version: read.evidence_version,
        note: "Somebody's name".to_owned(),
        ..DecideVerificationRequest::default()
    };
    let mut client = ReviewServiceClient::new(setup.channel.clone());
    let late = client.decide_verification(setup.caller.request(request)).await.unwrap_err();
    load(&setup, &UK.replace("22/07/1974", "22/07/1975")).await;
    screened(&setup).await;

    assert_eq!(
        (ended.verification_status(), ended.reasons),
        (Status::Expired, vec!["CUSTOMER_ERASED".into()])
    );
    assert_eq!(reason(&late), "VERIFICATION_NOT_IN_REVIEW");
    assert_eq!(setup.evidence(&review.verification_id).await.sanctions_matches, []);
    assert_eq!(reviews(&mut setup, &customer).await.len(), 1, "who has no name is not looked for");
    let notes: i64 = sqlx::query_scalar("select count(*) from decision_notes")
        .fetch_one(&setup.pool)
        .await
        .unwrap();
    assert_eq!(notes, 0);
    let known = "select count(*) from erased_customers where customer_id = $1::uuid";
    let known: i64 =
        sqlx::query_scalar(known).bind(&customer).fetch_one(&setup.pool).await.unwrap();
    assert_eq!(known, 1, "whoever has read the customer before is told");
}

#[tokio::test]
async fn one_who_cannot_be_erased_here_holds_up_no_other() {
    let mut setup = setup().await;
    let mut ids = Vec::new();
    for _ in 0..2 {
        ids.push(setup.person("Bloggs").await.customer_id);
    }
    let fails = format!(
        "create function fail() returns trigger language plpgsql as $$
            begin raise exception 'no'; end $$;
         create trigger fail before insert on erased_customers for each row
            when (new.customer_id = least('{0}', '{1}')::uuid) execute function fail()",
        ids[0], ids[1]
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(fails)).execute(&setup.pool).await.unwrap();
    for id in &ids {
        erase(&mut setup, id).await;
    }

    let one_left = async {
        let known = "select count(*) from erased_customers";
        while sqlx::query_scalar::<_, i64>(known).fetch_one(&setup.pool).await.unwrap() < 1 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), one_left).await.unwrap();
    let heal = "drop trigger fail on erased_customers";
    sqlx::raw_sql(heal).execute(&setup.pool).await.unwrap();
    followed(&setup).await;
}

#[tokio::test]
async fn notes_go_with_the_customer_and_decisions_stay() {
    let mut setup = setup().await;
    let mut ids = Vec::new();
    for _ in 0..2 {
        let created = setup.verification_of("Refer").await;
        setup.decided(&created.verification_id).await;
        let request = DecideVerificationRequest {
            verification_id: created.verification_id.clone(),
            decision: Decision::Reject.into(),
            reason: "FORGED".to_owned(),
            evidence_version: setup.evidence(&created.verification_id).await.evidence_version,
            note: "Somebody's name".to_owned(),
            ..DecideVerificationRequest::default()
        };
        let mut client = ReviewServiceClient::new(setup.channel.clone());
        client.decide_verification(setup.caller.request(request)).await.unwrap();
        ids.push(created);
    }

    erase(&mut setup, &ids[0].customer_id).await;
    followed(&setup).await;

    let mut notes = Vec::new();
    for id in ids {
        let mut client = ReviewServiceClient::new(setup.channel.clone());
        let request = GetVerificationHistoryRequest { verification_id: id.verification_id };
        let history = client.get_verification_history(setup.caller.request(request)).await.unwrap();
        let [made] = &history.get_ref().decisions[..] else { panic!("one decision") };
        notes.push((made.reason.clone(), made.note.clone()));
    }
    let reason = "FORGED".to_owned();
    assert_eq!(notes, [(reason.clone(), String::new()), (reason, "Somebody's name".to_owned())]);
}

#[tokio::test]
async fn an_erasure_does_not_wait_for_a_sweep() {
    let mut at_rest = AtRest::start().await;
    let erased = at_rest.setup.verification_of("Bloggs").await;
    erase(&mut at_rest.setup, &erased.customer_id).await;
    // Whoever would sweep stands still.
    let mut tx = at_rest.setup.pool.begin().await.unwrap();
    sqlx::query("select from upkeep_work for update").execute(&mut *tx).await.unwrap();

    at_rest.setup.start_worker(at_rest.settings.clone(), at_rest.setup.customer_channel.clone());
    let left = tokio::time::timeout(Duration::from_secs(4), at_rest.files_when(0)).await;

    assert!(left.is_ok());
}

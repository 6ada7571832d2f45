use std::time::{Duration, Instant};

use ledger::Settings;
use prost_types::FieldMask;
use proto::ledger::v1::{
    CreateLedgerRequest, CreateTransferRequest, Ledger, ResponseCode, UpdateLedgerRequest,
    ledger_service_client::LedgerServiceClient,
};
use tokio::task::JoinSet;
use tonic::Code;
use types::Currency;

use crate::{
    books::assert_sound,
    several::item,
    support::{
        Setup, bad_fields, inbound, is_posted, new_ledger, reason, settings, setup, transfer,
    },
};

/// A transfer of a pound with the key "k".
fn keyed(from: &Ledger, to: &Ledger) -> CreateTransferRequest {
    CreateTransferRequest { request_id: "k".into(), ..transfer(from, to, "1") }
}

/// An issue of a ledger with the key "k".
fn issue(customer_id: &str, currency: &str) -> CreateLedgerRequest {
    CreateLedgerRequest {
        request_id: "k".into(),
        ledger: Some(new_ledger(customer_id, currency)),
        ..Default::default()
    }
}

async fn pair(setup: &Setup, minor: i64) -> (Ledger, Ledger) {
    (setup.funded(minor).await, setup.ledger("gbp").await)
}

#[tokio::test]
async fn a_retry_posts_once_and_says_so() {
    let setup = setup().await;
    let (alice, bob) = pair(&setup, 500).await;
    let mut client = setup.ledger.clone();

    let first = client.create_transfer(setup.request(keyed(&alice, &bob))).await.unwrap();
    let again = client.create_transfer(setup.request(keyed(&alice, &bob))).await.unwrap();

    assert!(first.metadata().get("x-lombard-replayed").is_none());
    assert_eq!(again.metadata().get("x-lombard-replayed").unwrap(), "true");
    assert_eq!(first.into_inner(), again.into_inner());
    assert_eq!(setup.balance(&alice).await, 400);
}

#[tokio::test]
async fn a_retry_with_metadata_is_the_same_request_alone_and_in_a_batch() {
    let setup = setup().await;
    let (alice, bob) = pair(&setup, 500).await;
    let mut request = keyed(&alice, &bob);
    for number in 0..16 {
        request.metadata.insert(format!("key-{number}"), number.to_string());
    }

    let first = setup.transfer(request.clone()).await.unwrap();

    for _ in 0..5 {
        assert_eq!(setup.transfer(request.clone()).await.unwrap(), first);
        let batch = setup.batch(vec![request.clone(), request.clone()]).await.unwrap();
        for outcome in &batch {
            assert_eq!(item(outcome), Ok(&first));
        }
    }
    assert_eq!(setup.balance(&alice).await, 400);
}

#[tokio::test]
async fn without_a_key_two_equal_transfers_are_two() {
    let setup = setup().await;
    let (alice, bob) = pair(&setup, 500).await;

    let one = setup.transfer(transfer(&alice, &bob, "1")).await.unwrap();
    let two = setup.transfer(transfer(&alice, &bob, "1")).await.unwrap();

    assert_ne!(one.transfer_id, two.transfer_id);
    assert_eq!(setup.balance(&alice).await, 300);
}

#[tokio::test]
async fn a_key_stands_for_one_request_only() {
    let setup = setup().await;
    let (alice, bob) = pair(&setup, 500).await;
    setup.transfer(keyed(&alice, &bob)).await.unwrap();
    let other = CreateTransferRequest { reference: "other".into(), ..keyed(&alice, &bob) };

    let status = setup.transfer(other).await.unwrap_err();

    assert_eq!(
        (status.code(), reason(&status).as_str()),
        (Code::AlreadyExists, "REQUEST_ID_REUSED")
    );
    assert_eq!(setup.balance(&alice).await, 400);
}

#[tokio::test]
async fn a_key_is_the_tenants_and_the_rpcs_own() {
    let setup = setup().await;
    let other = setup.other_tenant();
    let (alice, bob) = pair(&setup, 500).await;
    let (carol, dan) = pair(&other, 500).await;
    let issue = CreateLedgerRequest {
        request_id: "k".into(),
        ledger: Some(new_ledger(&alice.customer_id, "gbp")),
        ..Default::default()
    };

    let ours = setup.transfer(keyed(&alice, &bob)).await.unwrap();
    let theirs = other.transfer(keyed(&carol, &dan)).await.unwrap();
    let issued = setup.ledger.clone().create_ledger(setup.request(issue)).await;

    assert!(is_posted(&ours) && is_posted(&theirs) && issued.is_ok());
}

#[tokio::test]
async fn two_hundred_requests_with_one_key_have_one_effect_and_one_answer() {
    let setup = setup().await;
    let (alice, bob) = pair(&setup, 500).await;
    let mut sending = JoinSet::new();
    for _ in 0..200 {
        let (setup, request) = (setup.clone(), keyed(&alice, &bob));
        sending.spawn(async move { setup.transfer(request).await.unwrap() });
    }

    let answers = sending.join_all().await;

    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert_eq!(setup.balance(&alice).await, 400);
    assert_sound(&setup.pool).await;
}

#[tokio::test]
async fn a_ledger_is_issued_once_for_its_key() {
    let setup = setup().await;
    let customer_id = setup.customer("Bloggs").await;
    let request = CreateLedgerRequest {
        request_id: "k".into(),
        ledger: Some(new_ledger(&customer_id, "gbp")),
        ..Default::default()
    };
    let mut issuing = JoinSet::new();
    for _ in 0..20 {
        let (setup, request) = (setup.clone(), request.clone());
        issuing.spawn(async move {
            setup.ledger.clone().create_ledger(setup.request(request)).await.unwrap().into_inner()
        });
    }

    let ledgers = issuing.join_all().await;

    assert!(ledgers.iter().all(|ledger| *ledger == ledgers[0]));
    let issued = "select count(*) from ledgers";
    assert_eq!(sqlx::query_scalar::<_, i64>(issued).fetch_one(&setup.pool).await.unwrap(), 1);
}

#[tokio::test]
async fn a_kept_answer_has_no_name_and_a_replay_has_the_present_one() {
    let setup = setup().await;
    let customer_id = setup.customer("Bloggs").await;
    let request = issue(&customer_id, "gbp");
    let mut client = setup.ledger.clone();

    let first = client.create_ledger(setup.request(request.clone())).await.unwrap().into_inner();
    let disable = UpdateLedgerRequest {
        request_id: "k".into(),
        ledger: Some(Ledger { ledger_id: first.ledger_id.clone(), ..Default::default() }),
        update_mask: Some(FieldMask { paths: vec!["active".into()] }),
        ..Default::default()
    };
    client.update_ledger(setup.request(disable.clone())).await.unwrap();
    let named = "select count(*) from requests where position('Bloggs'::bytea in response) > 0";
    let named: i64 = sqlx::query_scalar(named).fetch_one(&setup.pool).await.unwrap();
    let again = client.create_ledger(setup.request(request.clone())).await.unwrap();
    setup.rename_customer(&customer_id, "Married").await;
    let renamed = client.create_ledger(setup.request(request)).await.unwrap().into_inner();
    let disabled = client.update_ledger(setup.request(disable)).await.unwrap().into_inner();

    assert_eq!(named, 0);
    assert_eq!(again.metadata().get("x-lombard-replayed").unwrap(), "true");
    assert_eq!(again.into_inner(), first);
    assert_eq!(renamed, Ledger { holder_name: "Joe Married".into(), ..first });
    assert_eq!(disabled.holder_name, "Joe Married");
}

#[tokio::test]
async fn a_replay_takes_no_account_number() {
    let setup = setup().await;
    let customer_id = setup.customer("Bloggs").await;
    let mut client = setup.ledger.clone();

    for _ in 0..3 {
        client.create_ledger(setup.request(issue(&customer_id, "gbp"))).await.unwrap();
    }
    let next = setup.create_ledger(new_ledger(&customer_id, "gbp")).await.unwrap();

    assert_eq!(next.bank_details.unwrap().account_number, "00000002");
}

#[tokio::test]
async fn a_ledger_is_replayed_when_its_currency_is_no_longer_offered() {
    let setup = setup().await;
    let customer_id = setup.customer("Bloggs").await;
    let request = issue(&customer_id, "eur");
    let settings = Settings { currencies: vec![Currency::parse("GBP").unwrap()], ..settings() };
    let (service, _) =
        ledger::service(settings, setup.pool.clone(), setup.customer_channel.clone());
    let mut later = LedgerServiceClient::new(testkit::serve(service).await);

    let first = setup.ledger.clone().create_ledger(setup.request(request.clone())).await.unwrap();
    let again = later.create_ledger(setup.request(request.clone())).await.unwrap();
    let other = CreateLedgerRequest { request_id: "other".into(), ..request };
    let refused = later.create_ledger(setup.request(other)).await.unwrap_err();

    assert_eq!(first.into_inner(), again.into_inner());
    assert_eq!(bad_fields(&refused), ["ledger.currency"]);
}

#[tokio::test]
async fn a_refusal_does_not_overtake_a_running_request_with_its_key() {
    let setup = setup().await;
    let customer_id = setup.customer("Bloggs").await;
    setup.set_customer_active(&customer_id, false).await;
    let claim = "
        insert into requests (tenant_id, operation, request_id, request_hash)
        values ($1, 'CreateLedger', 'k', '')";
    let mut running = setup.pool.begin().await.unwrap();
    sqlx::query(claim).bind(setup.tenant.uuid()).execute(&mut *running).await.unwrap();

    let request = setup.request(issue(&customer_id, "gbp"));
    let waited = setup.ledger.clone().create_ledger(request).await.unwrap_err();
    running.rollback().await.unwrap();
    let request = setup.request(issue(&customer_id, "gbp"));
    let refused = setup.ledger.clone().create_ledger(request).await.unwrap_err();

    assert_eq!(reason(&waited), "REQUEST_IN_PROGRESS");
    assert_eq!(reason(&refused), "CUSTOMER_DISABLED");
}

#[tokio::test]
async fn a_decline_stays_declined_when_funds_arrive() {
    let setup = setup().await;
    let (alice, bob) = pair(&setup, 0).await;

    let declined = setup.transfer(keyed(&alice, &bob)).await.unwrap();
    setup.inbound(inbound(&alice, "5")).await.unwrap();
    let again = setup.transfer(keyed(&alice, &bob)).await.unwrap();

    assert_eq!(declined.response_code(), ResponseCode::InsufficientFunds);
    assert_eq!(declined, again);
    assert_eq!(setup.balance(&alice).await, 500);
}

#[tokio::test]
async fn a_refusal_frees_its_key() {
    let setup = setup().await;
    let (alice, bob) = pair(&setup, 500).await;
    setup.set_active(&bob.ledger_id, false).await.unwrap();

    let refused = setup.transfer(keyed(&alice, &bob)).await.unwrap_err();
    setup.set_active(&bob.ledger_id, true).await.unwrap();
    let posted = setup.transfer(keyed(&alice, &bob)).await.unwrap();

    assert_eq!(reason(&refused), "LEDGER_DISABLED");
    assert!(is_posted(&posted));
}

#[tokio::test]
async fn a_replay_needs_neither_an_active_ledger_nor_an_active_customer() {
    let setup = setup().await;
    let (alice, bob) = pair(&setup, 500).await;
    let first = setup.transfer(keyed(&alice, &bob)).await.unwrap();
    setup.set_active(&alice.ledger_id, false).await.unwrap();
    setup.set_customer_active(&alice.customer_id, false).await;

    let again = setup.transfer(keyed(&alice, &bob)).await.unwrap();

    assert_eq!(first, again);
}

#[tokio::test]
async fn a_key_that_is_still_running_is_waited_for_and_then_told() {
    let setup = setup().await;
    let customer_id = setup.customer("Bloggs").await;
    let claim = "
        insert into requests (tenant_id, operation, request_id, request_hash)
        values ($1, 'CreateLedger', 'k', '')";
    let mut running = setup.pool.begin().await.unwrap();
    sqlx::query(claim).bind(setup.tenant.uuid()).execute(&mut *running).await.unwrap();
    let create = || {
        let request = setup.request(issue(&customer_id, "gbp"));
        let mut ledger = setup.ledger.clone();
        async move { ledger.create_ledger(request).await }
    };

    let start = Instant::now();
    let status = create().await.unwrap_err();
    let waited = start.elapsed();
    running.rollback().await.unwrap();
    let issued = create().await;

    assert_eq!((status.code(), reason(&status).as_str()), (Code::Aborted, "REQUEST_IN_PROGRESS"));
    assert!((Duration::from_secs(4)..Duration::from_secs(9)).contains(&waited), "{waited:?}");
    assert!(issued.is_ok());
}

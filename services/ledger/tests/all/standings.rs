//! A disabled customer sends nothing from the answer on, although the customer service is not asked for
//! each transfer.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use proto::ledger::v1::{Ledger, Transfer, ledger_service_client::LedgerServiceClient};
use tokio::{
    sync::Notify,
    task::JoinSet,
    time::{sleep, timeout},
};
use tonic::{Code, Status};

use crate::{
    several::{item, keyed},
    support::{Setup, is_posted, reason, settings, setup, transfer},
    wire::Wire,
};

/// For how long an answer of the customer service may be relied upon.
const LEASE: Duration = Duration::from_millis(200);

/// The same services, but for a ledger service of its own.
async fn another(setup: &Setup) -> Setup {
    let (service, _) =
        ledger::service(settings(), setup.pool.clone(), setup.customer_channel.clone());
    let ledger = LedgerServiceClient::new(testkit::serve(service).await);
    Setup { ledger, ..setup.clone() }
}

/// The same services, but for a ledger service that reaches the customer service by a wire.
async fn wired(setup: &Setup) -> (Setup, Wire) {
    let wire = Wire::to(customer::service(setup.customer_pool.clone(), testkit::keys())).await;
    let (service, _) = ledger::service(settings(), setup.pool.clone(), wire.channel());
    let ledger = LedgerServiceClient::new(testkit::serve(service).await);
    (Setup { ledger, ..setup.clone() }, wire)
}

async fn pay(setup: &Setup, from: &Ledger, to: &Ledger) -> Result<Transfer, Status> {
    setup.transfer(transfer(from, to, "0.01")).await
}

fn is_refused(outcome: &Result<Transfer, Status>) -> bool {
    outcome.as_ref().is_err_and(|status| reason(status) == "CUSTOMER_DISABLED")
}

fn is_unavailable(outcome: &Result<Transfer, Status>) -> bool {
    outcome.as_ref().is_err_and(|status| status.code() == Code::Unavailable)
}

#[tokio::test]
async fn a_disable_and_an_enable_hold_for_the_very_next_transfer_at_every_ledger_service() {
    let one = setup().await;
    let other = another(&one).await;
    let bob = one.ledger("gbp").await;
    let mut walking = JoinSet::new();
    for _ in 0..20 {
        let (one, other, bob) = (one.clone(), other.clone(), bob.clone());
        walking.spawn(async move {
            let alice = one.funded(10_000).await;
            for _ in 0..5 {
                assert!(is_posted(&pay(&one, &alice, &bob).await.unwrap()));
                assert!(is_posted(&pay(&other, &alice, &bob).await.unwrap()));
                one.set_customer_active(&alice.customer_id, false).await;
                assert!(is_refused(&pay(&one, &alice, &bob).await));
                assert!(is_refused(&pay(&other, &alice, &bob).await));
                one.set_customer_active(&alice.customer_id, true).await;
            }
        });
    }

    walking.join_all().await;

    assert_eq!(one.balance(&bob).await, 20 * 5 * 2);
}

#[tokio::test]
async fn of_transfers_without_a_pause_none_that_began_after_the_disable_is_posted() {
    let one = setup().await;
    let other = another(&one).await;
    let (alice, bob) = (one.funded(1_000_000).await, one.ledger("gbp").await);
    let stop = Arc::new(Notify::new());
    let mut hammering = JoinSet::new();
    for sender in 0..16 {
        let setup = if sender % 2 == 0 { one.clone() } else { other.clone() };
        let (alice, bob, stop) = (alice.clone(), bob.clone(), Arc::clone(&stop));
        hammering.spawn(async move {
            let mut posted = Vec::new();
            let hammer = async {
                loop {
                    let began = Instant::now();
                    let outcome = pay(&setup, &alice, &bob).await;
                    assert!(outcome.is_ok() || is_refused(&outcome), "{outcome:?}");
                    posted.extend(outcome.is_ok().then(|| (began, Instant::now())));
                }
            };
            tokio::select! { () = hammer => {}, () = stop.notified() => {} }
            posted
        });
    }
    let mut disabled = Vec::new();
    for _ in 0..4 {
        sleep(Duration::from_millis(100)).await;
        one.set_customer_active(&alice.customer_id, false).await;
        let from = Instant::now();
        sleep(Duration::from_millis(200)).await;
        disabled.push((from, Instant::now()));
        one.set_customer_active(&alice.customer_id, true).await;
    }
    sleep(Duration::from_millis(100)).await;
    stop.notify_waiters();

    let posted = hammering.join_all().await.concat();

    assert!(posted.len() > 16, "{}", posted.len());
    // Who began then and ended after the enabling may have been asked for after that.
    let is_wrong = |&&(began, ended): &&(Instant, Instant)| {
        disabled.iter().any(|&(from, until)| began >= from && ended <= until)
    };
    assert_eq!(posted.iter().filter(is_wrong).count(), 0, "of {}", posted.len());
}

#[tokio::test]
async fn a_disabled_customer_keeps_no_other_from_sending() {
    let setup = setup().await;
    let (alice, bob) = (setup.funded(100).await, setup.funded(100).await);
    assert!(is_posted(&pay(&setup, &alice, &bob).await.unwrap()));
    assert!(is_posted(&pay(&setup, &bob, &alice).await.unwrap()));

    setup.set_customer_active(&alice.customer_id, false).await;

    assert!(is_refused(&pay(&setup, &alice, &bob).await));
    assert!(is_posted(&pay(&setup, &bob, &alice).await.unwrap()));
    assert!(is_refused(&pay(&setup, &alice, &bob).await));
}

#[tokio::test]
async fn without_the_customer_service_transfers_go_on_within_the_lease_and_no_longer() {
    let direct = setup().await;
    let (alice, bob) = (direct.funded(100).await, direct.funded(100).await);
    let mut went_on = false;
    // On a busy machine the lease may be over before the next transfer is sent.
    for _ in 0..20 {
        let (setup, wire) = wired(&direct).await;
        assert!(is_posted(&pay(&setup, &alice, &bob).await.unwrap()));
        wire.cut().await;
        let cut = Instant::now();

        let within = pay(&setup, &alice, &bob).await;
        assert!(within.is_ok() || is_unavailable(&within), "{within:?}");
        went_on |= within.is_ok() && is_unavailable(&pay(&setup, &bob, &alice).await);
        sleep(LEASE.saturating_sub(cut.elapsed())).await;
        let after = pay(&setup, &alice, &bob).await;

        assert!(is_unavailable(&after), "{after:?}");
        if went_on {
            return;
        }
    }
    panic!("no transfer went on");
}

#[tokio::test]
async fn one_call_answers_many_and_a_lease_in_use_is_renewed() {
    let direct = setup().await;
    let (setup, wire) = wired(&direct).await;
    let (alice, bob) = (direct.funded(100_000).await, direct.ledger("gbp").await);
    let mut sent = 0;
    let begin = Instant::now();

    while begin.elapsed() < 5 * LEASE {
        assert!(is_posted(&pay(&setup, &alice, &bob).await.unwrap()));
        sent += 1;
    }

    // Each is answered within the lease that it renews or begins: one in half a lease's time.
    let most = u64::try_from(begin.elapsed().as_millis()).unwrap() / 100 + 1;
    let calls = wire.requests();
    assert!((1..=most).contains(&calls), "{calls} calls for {sent} transfers, at most {most}");
}

#[tokio::test]
async fn who_gives_up_waiting_for_the_customer_service_keeps_nobody_else_waiting() {
    let direct = setup().await;
    let (setup, wire) = wired(&direct).await;
    let (alice, bob) = (direct.funded(10_000).await, direct.ledger("gbp").await);
    assert!(is_posted(&pay(&setup, &alice, &bob).await.unwrap()));
    sleep(LEASE).await;
    wire.hold();

    let mut hasty = setup.request(transfer(&alice, &bob, "0.01"));
    hasty.set_timeout(Duration::from_millis(300));
    let mut first = setup.ledger.clone();
    let first = async move { first.create_transfer(hasty).await };
    let mut patient = JoinSet::new();
    let wait = async {
        sleep(Duration::from_millis(50)).await;
        let mut gone = JoinSet::new();
        for waiter in 0..40 {
            let (setup, alice, bob) = (setup.clone(), alice.clone(), bob.clone());
            let one = async move { pay(&setup, &alice, &bob).await };
            let _ = if waiter % 2 == 0 { gone.spawn(one) } else { patient.spawn(one) };
        }
        sleep(Duration::from_millis(100)).await;
        gone.shutdown().await;
    };
    let (first, ()) = tokio::join!(first, wait);
    sleep(Duration::from_millis(50)).await;
    wire.release();
    let outcomes = timeout(Duration::from_secs(10), patient.join_all()).await.unwrap();

    assert!(matches!(first.unwrap_err().code(), Code::DeadlineExceeded | Code::Cancelled));
    assert_eq!(outcomes.len(), 20);
    for outcome in outcomes {
        assert!(is_posted(&outcome.unwrap()));
    }
}

#[tokio::test]
async fn that_the_customer_service_cannot_be_reached_is_found_out_once_for_all() {
    let mut setup = setup().await;
    let (alice, bob) = (setup.funded(10_000).await, setup.ledger("gbp").await);
    let nowhere = kit::client::channel("http://127.0.0.1:1".into()).unwrap();
    let (service, _) = ledger::service(settings(), setup.pool.clone(), nowhere);
    setup.ledger = LedgerServiceClient::new(testkit::serve(service).await);
    let mut waiting = JoinSet::new();
    for _ in 0..100 {
        let (setup, alice, bob) = (setup.clone(), alice.clone(), bob.clone());
        waiting.spawn(async move { pay(&setup, &alice, &bob).await });
    }

    // One after the other they would be out of time: each tries for a quarter of a second.
    let outcomes = timeout(Duration::from_secs(10), waiting.join_all()).await.unwrap();

    assert!(outcomes.iter().all(is_unavailable), "{outcomes:?}");
}

#[tokio::test]
async fn without_the_customer_service_a_batch_is_told_what_was_posted_before_and_that_the_rest_was_not()
 {
    let direct = setup().await;
    let (alice, bob) = (direct.funded(10_000).await, direct.ledger("gbp").await);
    let item_of = |n: usize| keyed(&format!("k{n}"), transfer(&alice, &bob, "0.01"));
    let before: Vec<_> = direct.batch((0..100).map(item_of).collect()).await.unwrap();
    let nowhere = kit::client::channel("http://127.0.0.1:1".into()).unwrap();
    let (service, _) = ledger::service(settings(), direct.pool.clone(), nowhere);
    let ledger = LedgerServiceClient::new(testkit::serve(service).await);
    let setup = Setup { ledger, ..direct.clone() };

    let asked = setup.batch((0..200).map(item_of).collect());
    let outcomes = timeout(Duration::from_secs(10), asked).await.unwrap().unwrap();

    for (outcome, first) in outcomes.iter().zip(&before) {
        assert_eq!(item(outcome), item(first));
    }
    for outcome in &outcomes[100..] {
        assert_eq!(item(outcome), Err("UNAVAILABLE"));
    }
    assert_eq!(direct.balance(&bob).await, 100);
}

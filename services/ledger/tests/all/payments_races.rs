//! Payments at once, with transfers, with cancels, and with workers that die.

use std::time::Duration;

use proto::ledger::v1::{CancelPaymentRequest, CreatePaymentRequest, Payment, PaymentStatus};
use tokio::task::JoinSet;

use crate::{
    books::assert_sound,
    paying::{Working, eventually, faster, hurried},
    support::{Setup, inbound, is_posted, reason, setup, transfer},
};

#[tokio::test]
async fn a_hundred_payments_at_once_hold_no_more_than_there_is() {
    let setup = setup().await;
    let alice = setup.funded(1_000).await;
    let mut paying = JoinSet::new();
    for _ in 0..100 {
        let (setup, order) = (setup.clone(), faster(&alice, "12345678", "1"));
        paying.spawn(async move { setup.pay(order).await.unwrap() });
    }

    let outcomes = paying.join_all().await;

    let accepted = outcomes.iter().filter(|one| one.status() == PaymentStatus::Accepted).count();
    assert_eq!(accepted, 10);
    assert_eq!(setup.money(&alice).await, (1_000, 0));
    assert_sound(&setup.pool).await;
    let _working = Working::on(&setup);
    eventually(async || (setup.money(&alice).await == (0, 0)).then_some(())).await;
    assert_sound(&setup.pool).await;
}

#[tokio::test]
async fn payments_and_transfers_and_money_coming_in_share_what_there_is() {
    let setup = setup().await;
    let (_one, _other) = (Working::on(&setup), Working::on(&setup));
    let (alice, bob) = (setup.funded(1_000).await, setup.ledger("gbp").await);
    let mut moving = JoinSet::new();
    for n in 0..60 {
        let (setup, alice, bob) = (setup.clone(), alice.clone(), bob.clone());
        moving.spawn(async move {
            if n % 6 == 0 {
                setup.inbound(inbound(&alice, "0.10")).await.unwrap();
            }
            if n % 2 == 0 {
                let number = ["12345678", "00000001", "00000004"][n / 2 % 3];
                let paid = setup.pay(faster(&alice, number, "1")).await.unwrap();
                usize::from(paid.status() == PaymentStatus::Accepted)
            } else {
                let moved = setup.transfer(transfer(&alice, &bob, "1")).await.unwrap();
                usize::from(is_posted(&moved))
            }
        });
    }

    let spent: usize = moving.join_all().await.iter().sum();

    let left = 1_100 - 100 * i64::try_from(spent).unwrap();
    assert!((0..100).contains(&left), "{left}");
    eventually(async || (setup.money(&alice).await == (left, left)).then_some(())).await;
    assert_sound(&setup.pool).await;
}

#[tokio::test]
async fn of_a_cancel_and_the_worker_one_wins() {
    let setup = setup().await;
    let alice = setup.funded(10_000).await;
    let _working = Working::on(&setup);
    let mut racing = JoinSet::new();
    for n in 0..60 {
        // Half of them are with the rail for a while.
        let number = if n % 2 == 0 { "12345678" } else { "00000001" };
        let (setup, order) = (setup.clone(), faster(&alice, number, "1"));
        racing.spawn(async move {
            let payment = setup.pay(order).await.unwrap();
            tokio::time::sleep(Duration::from_millis(n % 25)).await;
            match setup.cancel(&payment).await {
                Ok(cancelled) => {
                    assert_eq!(cancelled.status(), PaymentStatus::Cancelled);
                    // Again is a success too.
                    assert_eq!(setup.cancel(&payment).await.unwrap(), cancelled);
                    true
                }
                Err(status) => {
                    assert_eq!(reason(&status), "PAYMENT_NOT_CANCELLABLE");
                    setup.wait_for(&payment, PaymentStatus::Settled).await;
                    false
                }
            }
        });
    }

    let outcomes = racing.join_all().await;

    let cancelled = outcomes.iter().filter(|cancelled| **cancelled).count();
    let paid = i64::try_from(60 - cancelled).unwrap();
    let given: i64 = sqlx::query_scalar("select count(*) from sandbox_rail_payments")
        .fetch_one(&setup.pool)
        .await
        .unwrap();
    assert_eq!(given, paid, "the rail has had what was not cancelled, and nothing else");
    assert_eq!(setup.money(&alice).await, (10_000 - 100 * paid, 10_000 - 100 * paid));
    assert_sound(&setup.pool).await;
}

/// Payments of every kind, and what becomes of each.
async fn orders(setup: &Setup, count: usize) -> Vec<(Payment, PaymentStatus)> {
    let minor = i64::try_from(count).unwrap().checked_mul(100).unwrap();
    let alice = setup.funded(minor).await;
    let kinds = [
        ("12345678", PaymentStatus::Settled),
        ("00000001", PaymentStatus::Settled),
        ("00000002", PaymentStatus::Rejected),
        ("00000003", PaymentStatus::Settled),
        ("00000004", PaymentStatus::Settled),
    ];
    let mut made = Vec::new();
    for (number, end) in kinds.into_iter().cycle().take(count) {
        made.push((setup.pay(faster(&alice, number, "1")).await.unwrap(), end));
    }
    made
}

#[tokio::test]
async fn workers_that_die_anywhere_pay_each_payment_once() {
    let setup = setup().await;
    let other = setup.other_tenant();
    let bob = other.ledger("gbp").await;
    let mut made = orders(&setup, 40).await;
    let carol = setup.funded(1_000).await;
    for _ in 0..10 {
        let mut on_us = faster(&carol, "", "1");
        on_us.creditor = Some(crate::paying::creditor(&bob));
        made.push((setup.pay(on_us).await.unwrap(), PaymentStatus::Settled));
    }
    let mut pace = hurried();
    // What a dead worker had is taken up again soon.
    pace.lease = Duration::from_millis(200);
    pace.sandbox_delay = Duration::from_millis(50);

    for n in 0..60 {
        let (one, other) = (Working::at(&setup, pace.clone()), Working::at(&setup, pace.clone()));
        tokio::time::sleep(Duration::from_millis(3 + n * 7 % 40)).await;
        one.kill().await;
        other.kill().await;
    }
    let _working = Working::at(&setup, pace);

    for (payment, end) in &made {
        setup.wait_for(payment, *end).await;
    }
    let returned: i64 = eventually(async || {
        let query = "select count(*) from payments where return_transfer_id is not null";
        let count = sqlx::query_scalar(query).fetch_one(&setup.pool).await.unwrap();
        (count == 8).then_some(count)
    })
    .await;
    assert_eq!(returned, 8);
    assert_eq!(setup.money(&carol).await, (0, 0));
    assert_eq!(other.money(&bob).await, (1_000, 1_000));
    let given: i64 = sqlx::query_scalar("select count(*) from sandbox_rail_payments where taken")
        .fetch_one(&setup.pool)
        .await
        .unwrap();
    assert_eq!(given, 40, "the rail has had each once, and none that was on us");
    assert_sound(&setup.pool).await;
}

#[tokio::test]
async fn a_payment_is_made_once_for_its_key_however_often_it_is_asked_for() {
    let setup = setup().await;
    let alice = setup.funded(1_000).await;
    let order = CreatePaymentRequest { request_id: "p1".into(), ..faster(&alice, "12345678", "4") };
    let mut asking = JoinSet::new();
    for _ in 0..10 {
        let (setup, order) = (setup.clone(), order.clone());
        asking.spawn(async move { setup.pay(order).await.unwrap() });
    }

    let answers = asking.join_all().await;
    let other = CreatePaymentRequest { reference: "other".into(), ..order.clone() };
    let reused = setup.pay(other).await.unwrap_err();
    let _working = Working::on(&setup);
    setup.wait_for(&answers[0], PaymentStatus::Settled).await;
    setup.set_active(&alice.ledger_id, false).await.unwrap();
    setup.set_customer_active(&alice.customer_id, false).await;
    let request = setup.request(order);
    let again = setup.payment.clone().create_payment(request).await.unwrap();

    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert_eq!(reason(&reused), "REQUEST_ID_REUSED");
    assert_eq!(again.metadata().get("x-lombard-replayed").unwrap(), "true");
    assert_eq!(
        again.into_inner(),
        answers[0],
        "the first outcome, also when all is disabled by then"
    );
    assert_eq!(setup.money(&alice).await, (600, 600));
}

#[tokio::test]
async fn a_decline_stays_one_for_its_key_when_funds_arrive_later() {
    let setup = setup().await;
    let alice = setup.funded(100).await;
    let order = CreatePaymentRequest { request_id: "p1".into(), ..faster(&alice, "12345678", "4") };

    let declined = setup.pay(order.clone()).await.unwrap();
    setup.inbound(inbound(&alice, "10")).await.unwrap();
    let again = setup.pay(order).await.unwrap();

    assert_eq!(declined.status(), PaymentStatus::Rejected);
    assert_eq!(again, declined);
    assert_sound(&setup.pool).await;
}

#[tokio::test]
async fn a_cancel_is_answered_the_same_for_its_key() {
    let setup = setup().await;
    let alice = setup.funded(1_000).await;
    let payment = setup.pay(faster(&alice, "12345678", "4")).await.unwrap();
    let (request_id, payment_id) = ("c1".to_owned(), payment.payment_id.clone());
    let request = CancelPaymentRequest { request_id, payment_id };
    let cancel = async |request: CancelPaymentRequest| {
        setup.payment.clone().cancel_payment(setup.request(request)).await
    };

    let first = cancel(request.clone()).await.unwrap().into_inner();
    let again = cancel(request.clone()).await.unwrap();
    let other = cancel(CancelPaymentRequest { payment_id: alice.ledger_id, ..request }).await;

    assert_eq!(first.status(), PaymentStatus::Cancelled);
    assert_eq!(again.metadata().get("x-lombard-replayed").unwrap(), "true");
    assert_eq!(again.into_inner(), first);
    assert_eq!(reason(&other.unwrap_err()), "REQUEST_ID_REUSED");
    assert_sound(&setup.pool).await;
}

use proto::ledger::v1::Ledger;
use tokio::task::JoinSet;

use crate::{
    books::assert_sound,
    support::{Setup, inbound, is_posted, reason, setup, transfer},
};

/// Sends a transfer of a pound between each of these at once, and answers how many were posted.
async fn at_once(setup: &Setup, pairs: Vec<(Ledger, Ledger)>) -> usize {
    let mut sending = JoinSet::new();
    for (from, to) in pairs {
        let setup = setup.clone();
        sending.spawn(async move { setup.transfer(transfer(&from, &to, "1")).await.unwrap() });
    }
    sending.join_all().await.iter().filter(|transfer| is_posted(transfer)).count()
}

#[tokio::test]
async fn opposite_transfers_do_not_deadlock() {
    let setup = setup().await;
    let (alice, bob) = (setup.funded(10_000).await, setup.funded(10_000).await);
    let pairs = (0..50).flat_map(|_| [(alice.clone(), bob.clone()), (bob.clone(), alice.clone())]);

    let posted = at_once(&setup, pairs.collect()).await;

    assert_eq!(posted, 100);
    assert_eq!((setup.balance(&alice).await, setup.balance(&bob).await), (10_000, 10_000));
    assert_sound(&setup.pool).await;
}

#[tokio::test]
async fn transfers_in_a_ring_with_payments_coming_in_lose_no_money() {
    let setup = setup().await;
    let ring = [setup.funded(300).await, setup.funded(0).await, setup.funded(200).await];
    let mut moving = JoinSet::new();
    for turn in 0..60_usize {
        let (from, to) = (ring[turn % 3].clone(), ring[(turn + 1 + turn / 30) % 3].clone());
        let setup = setup.clone();
        moving.spawn(async move {
            if turn % 10 == 0 {
                setup.inbound(inbound(&to, "0.10")).await.unwrap();
            }
            setup.transfer(transfer(&from, &to, "1")).await.unwrap();
        });
    }

    moving.join_all().await;

    let mut total = 0;
    for ledger in &ring {
        total += setup.balance(ledger).await;
    }
    assert_eq!(total, 500 + 6 * 10);
    assert_sound(&setup.pool).await;
}

#[tokio::test]
async fn the_same_money_cannot_be_spent_twice() {
    let setup = setup().await;
    let (alice, bob, carol) =
        (setup.funded(300).await, setup.ledger("gbp").await, setup.ledger("gbp").await);
    let pairs =
        (0..10).flat_map(|_| [(alice.clone(), bob.clone()), (alice.clone(), carol.clone())]);

    let posted = at_once(&setup, pairs.collect()).await;

    assert_eq!(posted, 3);
    assert_eq!(setup.balance(&alice).await, 0);
    assert_eq!(setup.balance(&bob).await + setup.balance(&carol).await, 300);
    assert_eq!(setup.list_all(&alice).await.total_size, 21, "declines are listed too");
    assert_sound(&setup.pool).await;
}

#[tokio::test]
async fn what_was_disabled_stays_still_from_the_answer_on() {
    let setup = setup().await;
    let (alice, bob) = (setup.funded(100_000).await, setup.ledger("gbp").await);
    let mut sending = JoinSet::new();
    for _ in 0..40 {
        let (setup, request) = (setup.clone(), transfer(&alice, &bob, "1"));
        sending.spawn(async move { setup.transfer(request).await });
    }

    setup.set_active(&bob.ledger_id, false).await.unwrap();
    let at_answer = setup.balance(&bob).await;
    let outcomes = sending.join_all().await;

    for refused in outcomes.iter().filter_map(|outcome| outcome.as_ref().err()) {
        assert_eq!(reason(refused), "LEDGER_DISABLED");
    }
    assert_eq!(setup.balance(&bob).await, at_answer);
    assert_sound(&setup.pool).await;
}

//! More orders than are posted: who is let in, and who is turned away.

use std::time::Duration;

use proto::ledger::v1::{CreateTransferRequest, Transfer};
use tokio::task::JoinSet;
use tonic_types::StatusExt;

use crate::{
    books::assert_sound,
    queue::{UNAVAILABLE, lock, until_somebody_waits},
    several::{item, referenced},
    support::{is_posted, reason, setup, transfer},
};

#[tokio::test]
async fn more_than_there_is_room_for_is_turned_away_and_the_rest_is_answered() {
    let setup = setup().await;
    let (alice, bob) = (setup.funded(10_000_000).await, setup.ledger("gbp").await);
    setup.transfer(transfer(&alice, &bob, "0.01")).await.unwrap();
    let locked = lock(&setup, &[&alice, &bob]).await;
    let mut sending = JoinSet::new();
    for n in 0..20 {
        let (setup, request) = (setup.clone(), transfer(&alice, &bob, "0.01"));
        let batch = vec![referenced(&format!("batch {n}"), request); 250];
        sending.spawn(async move { (n, setup.batch(batch).await) });
    }

    // 4,096 fit: none of the first sixteen is answered while the accounts are locked, unless with its
    // time for the lock.
    let mut turned_away = 0;
    while turned_away < 4 {
        let (n, answer) = sending.join_next().await.unwrap().unwrap();
        if let Err(status) = answer {
            assert_eq!((status.code(), reason(&status).as_str()), UNAVAILABLE, "batch {n}");
            assert!(status.get_error_details().retry_info().is_some());
            assert_eq!(setup.recorded(&format!("batch {n}")).await, 0);
            turned_away += 1;
        }
    }
    locked.rollback().await.unwrap();
    let rest = sending.join_all().await;

    let mut posted = 1;
    for (n, answer) in rest {
        let outcomes = answer.unwrap();
        let made: Vec<&Transfer> = outcomes.iter().flat_map(item).collect();
        assert!(made.iter().all(|made| is_posted(made)));
        let count = i64::try_from(made.len()).unwrap();
        assert_eq!(setup.recorded(&format!("batch {n}")).await, count);
        posted += count;
    }
    assert!(posted > 2_500, "{posted}");
    assert_eq!(setup.balance(&bob).await, posted);
    assert_sound(&setup.pool).await;
}

#[tokio::test]
async fn while_a_crowd_waits_too_long_who_comes_is_turned_away_and_the_crowd_is_answered() {
    let setup = setup().await;
    let (alice, bob) = (setup.funded(10_000_000).await, setup.ledger("gbp").await);
    let (carol, dave) = (setup.funded(10_000_000).await, setup.ledger("gbp").await);
    let [first_locked, second_locked] =
        [lock(&setup, &[&alice]).await, lock(&setup, &[&carol]).await];
    let mut waiting = JoinSet::new();
    let send = |waiting: &mut JoinSet<_>, batch: Vec<CreateTransferRequest>| {
        let setup = setup.clone();
        waiting.spawn(async move { setup.batch(batch).await });
    };

    send(&mut waiting, vec![transfer(&alice, &bob, "0.01")]);
    until_somebody_waits(&setup).await;
    // As many as two batches, behind the one that waits.
    for _ in 0..2 {
        send(&mut waiting, vec![transfer(&carol, &dave, "0.01"); 1_000]);
    }
    tokio::time::sleep(Duration::from_millis(400)).await;
    first_locked.rollback().await.unwrap();
    let refused = loop {
        let one = tokio::time::timeout(
            Duration::from_millis(50),
            setup.transfer(transfer(&alice, &bob, "0.02")),
        );
        if let Ok(Err(status)) = one.await {
            break status;
        }
    };
    second_locked.rollback().await.unwrap();
    let outcomes = waiting.join_all().await;
    let later = setup.transfer(transfer(&alice, &bob, "0.03")).await;

    assert_eq!((refused.code(), reason(&refused).as_str()), UNAVAILABLE);
    assert!(refused.get_error_details().retry_info().is_some());
    for outcome in outcomes.into_iter().flatten().flatten() {
        assert!(is_posted(item(&outcome).unwrap()));
    }
    assert!(is_posted(&later.unwrap()));
    assert_eq!(setup.balance(&dave).await, 2_000);
    assert_sound(&setup.pool).await;
}

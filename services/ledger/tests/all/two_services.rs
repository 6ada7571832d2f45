//! Several services, each with its own posting task and its own copies of the accounts, on one database.

use std::collections::{HashMap, HashSet};

use proto::ledger::v1::{CreateTransferRequest, Ledger, ReverseTransferRequest, Transfer};
use tokio::task::JoinSet;
use tonic::Status;

use crate::{
    books::assert_sound,
    several::{item, keyed, reversal},
    support::{Setup, is_posted, reason, setup, transfer},
};

/// Sends each request through its service, all at once; the answers are in the order of the requests.
async fn all_at_once(
    requests: Vec<(Setup, CreateTransferRequest)>,
) -> Vec<Result<Transfer, Status>> {
    let mut sending = JoinSet::new();
    for (at, (setup, request)) in requests.into_iter().enumerate() {
        sending.spawn(async move { (at, setup.transfer(request).await) });
    }
    let mut answers = sending.join_all().await;
    answers.sort_by_key(|(at, _)| *at);
    answers.into_iter().map(|(_, answer)| answer).collect()
}

async fn three() -> [Setup; 3] {
    let first = setup().await;
    [first.beside().await, first.beside().await, first]
}

#[tokio::test]
async fn opposite_transfers_through_three_services_all_succeed() {
    let services = three().await;
    let (alice, bob) = (services[0].funded(10_000).await, services[0].funded(10_000).await);
    let requests = (0..120).map(|n| {
        let ends = if n % 2 == 0 { [&alice, &bob] } else { [&bob, &alice] };
        (services[n % 3].clone(), transfer(ends[0], ends[1], "1"))
    });

    let answers = all_at_once(requests.collect()).await;

    assert!(answers.iter().all(|answer| is_posted(answer.as_ref().unwrap())));
    let balances = (services[1].balance(&alice).await, services[1].balance(&bob).await);
    assert_eq!(balances, (10_000, 10_000));
    assert_sound(&services[0].pool).await;
}

#[tokio::test]
async fn no_credit_to_one_hot_ledger_is_lost_between_services() {
    let services = three().await;
    let hot = services[0].ledger("gbp").await;
    let mut senders = Vec::new();
    for _ in 0..6 {
        senders.push(services[0].funded(10_000).await);
    }
    let requests =
        (0..150).map(|n| (services[n % 3].clone(), transfer(&senders[n % 6], &hot, "1.01")));

    let answers = all_at_once(requests.collect()).await;

    assert!(answers.iter().all(|answer| is_posted(answer.as_ref().unwrap())));
    assert_eq!(services[0].balance(&hot).await, 150 * 101);
    assert_sound(&services[0].pool).await;
}

#[tokio::test]
async fn a_key_sent_to_two_services_at_once_has_one_outcome_and_one_answer() {
    let first = setup().await;
    let second = first.beside().await;
    // Not enough for all: a decline is an outcome, too.
    let (alice, bob) = (first.funded(2_500).await, first.ledger("gbp").await);
    let requests = (0..160).map(|n| {
        let service = if n % 2 == 0 { &first } else { &second };
        (service.clone(), keyed(&format!("k{}", n / 4), transfer(&alice, &bob, "1")))
    });

    let answers = all_at_once(requests.collect()).await;

    let answers: Vec<Transfer> = answers.into_iter().map(Result::unwrap).collect();
    for same in answers.chunks(4) {
        assert!(same.iter().all(|answer| *answer == same[0]), "{same:#?}");
    }
    let ids: HashSet<&str> = answers.iter().map(|answer| answer.transfer_id.as_str()).collect();
    assert_eq!(ids.len(), 40);
    assert_eq!(answers.iter().step_by(4).filter(|answer| is_posted(answer)).count(), 25);
    assert_eq!((first.balance(&alice).await, first.balance(&bob).await), (0, 2_500));
    assert_eq!(first.recorded("testing").await, 40);
    assert_sound(&first.pool).await;
}

#[tokio::test]
async fn one_key_with_two_contents_at_two_services_stands_for_one_of_them() {
    let first = setup().await;
    let second = first.beside().await;
    let (alice, bob) = (first.funded(10_000).await, first.ledger("gbp").await);
    let (carol, dan) = (first.funded(10_000).await, first.ledger("gbp").await);
    let requests = (0..40).map(|n| {
        let key = format!("k{}", n / 2);
        if n % 2 == 0 {
            (first.clone(), keyed(&key, transfer(&alice, &bob, "1")))
        } else {
            // No account in common: only the key is in the way.
            (second.clone(), keyed(&key, transfer(&carol, &dan, "2")))
        }
    });

    let answers = all_at_once(requests.collect()).await;

    for pair in answers.chunks(2) {
        let refused: Vec<String> =
            pair.iter().filter_map(|answer| answer.as_ref().err()).map(reason).collect();
        assert_eq!(refused, ["REQUEST_ID_REUSED"]);
    }
    assert_eq!(first.recorded("testing").await, 20);
    assert_sound(&first.pool).await;
}

#[tokio::test]
async fn of_two_reversals_through_two_services_one_wins() {
    let first = setup().await;
    let second = first.beside().await;
    let (alice, bob) = (first.funded(2_000).await, first.ledger("gbp").await);
    let mut reversing = JoinSet::new();
    for n in 0..20 {
        let made = first.transfer(transfer(&alice, &bob, "1")).await.unwrap();
        for service in [first.clone(), second.clone()] {
            let made = made.clone();
            reversing.spawn(async move { (n, service.reverse(reversal(&made)).await) });
        }
    }

    let mut outcomes: HashMap<i32, Vec<Result<Transfer, Status>>> = HashMap::new();
    for (n, outcome) in reversing.join_all().await {
        outcomes.entry(n).or_default().push(outcome);
    }

    for both in outcomes.values() {
        assert_eq!(both.iter().flatten().filter(|transfer| is_posted(transfer)).count(), 1);
        let refused: Vec<String> =
            both.iter().filter_map(|outcome| outcome.as_ref().err()).map(reason).collect();
        assert_eq!(refused, ["ALREADY_REVERSED"]);
    }
    assert_eq!((first.balance(&alice).await, first.balance(&bob).await), (2_000, 0));
    assert_sound(&first.pool).await;
}

#[tokio::test]
async fn a_reversal_with_one_key_through_two_services_has_one_answer() {
    let first = setup().await;
    let second = first.beside().await;
    let (alice, bob) = (first.funded(1_000).await, first.ledger("gbp").await);
    let made = first.transfer(transfer(&alice, &bob, "10")).await.unwrap();
    let asked = ReverseTransferRequest { request_id: "undo".into(), ..reversal(&made) };

    let (one, other) = tokio::join!(first.reverse(asked.clone()), second.reverse(asked));

    let (one, other) = (one.unwrap(), other.unwrap());
    assert!(is_posted(&one));
    assert_eq!(one, other);
    assert_eq!(first.balance(&alice).await, 1_000);
    assert_sound(&first.pool).await;
}

#[tokio::test]
async fn what_one_service_disabled_stays_still_while_another_posts() {
    let first = setup().await;
    let second = first.beside().await;
    let (alice, bob) = (first.funded(100_000).await, first.ledger("gbp").await);
    // The second service has copies of both accounts, on which they are enabled.
    second.transfer(transfer(&alice, &bob, "1")).await.unwrap();
    let mut sending = JoinSet::new();
    for _ in 0..60 {
        let (second, request) = (second.clone(), transfer(&alice, &bob, "1"));
        sending.spawn(async move { second.transfer(request).await });
    }

    first.set_active(&alice.ledger_id, false).await.unwrap();
    let at_answer = first.balance(&alice).await;
    let later = second.transfer(transfer(&alice, &bob, "1")).await.unwrap_err();
    let outcomes = sending.join_all().await;

    assert_eq!(reason(&later), "LEDGER_DISABLED");
    for refused in outcomes.iter().filter_map(|outcome| outcome.as_ref().err()) {
        assert_eq!(reason(refused), "LEDGER_DISABLED");
    }
    assert_eq!(first.balance(&alice).await, at_answer);
    assert_sound(&first.pool).await;
}

#[tokio::test]
async fn no_spender_gets_below_an_overdraft_limit_that_another_service_sets() {
    let first = setup().await;
    let second = first.beside().await;
    let (alice, bob) = (first.ledger("gbp").await, first.ledger("gbp").await);
    let mut spending = JoinSet::new();
    for n in 0..60 {
        let service = if n % 3 == 0 { first.clone() } else { second.clone() };
        let request = transfer(&alice, &bob, "1");
        spending.spawn(async move { service.transfer(request).await.unwrap() });
    }

    let mut limit = 0;
    for wanted in [1_000, 200, 1_500, 0, 2_000, 1_700] {
        match first.set_overdraft(&alice, wanted).await {
            Ok(_) => limit = wanted,
            Err(refused) => assert_eq!(reason(&refused), "OVERDRAFT_IN_USE"),
        }
        let balance = second.balance(&alice).await;
        assert!(balance >= -limit, "{balance} with a limit of {limit}");
    }
    let posted = spending.join_all().await.iter().filter(|made| is_posted(made)).count();

    assert_eq!(first.balance(&alice).await, -100 * i64::try_from(posted).unwrap());
    assert!(first.balance(&alice).await >= -limit);
    let next = second.transfer(transfer(&alice, &bob, "100")).await.unwrap();
    assert!(!is_posted(&next));
    assert_sound(&first.pool).await;
}

/// So many transfers of a pound.
fn pounds(from: &Ledger, to: &Ledger, count: usize) -> Vec<CreateTransferRequest> {
    vec![transfer(from, to, "1"); count]
}

#[tokio::test]
async fn batches_through_one_service_and_single_transfers_through_another_add_up() {
    let first = setup().await;
    let second = first.beside().await;
    let (alice, bob) = (first.funded(50_000).await, first.funded(50_000).await);
    let mut batches = JoinSet::new();
    for _ in 0..4 {
        let (first, there) = (first.clone(), pounds(&alice, &bob, 50));
        batches.spawn(async move { first.batch(there).await.unwrap() });
    }
    let back = (0..50).map(|_| (second.clone(), transfer(&bob, &alice, "1")));

    let singles = all_at_once(back.collect()).await;
    let batches = batches.join_all().await;

    assert!(singles.iter().all(|answer| is_posted(answer.as_ref().unwrap())));
    assert!(batches.iter().flatten().all(|outcome| is_posted(item(outcome).unwrap())));
    assert_eq!(first.balance(&alice).await, 50_000 - 4 * 5_000 + 5_000);
    assert_eq!(second.balance(&bob).await, 50_000 + 4 * 5_000 - 5_000);
    assert_sound(&first.pool).await;
}

#[tokio::test]
async fn keys_repeated_inside_a_batch_and_across_batches_have_one_outcome_each() {
    let first = setup().await;
    let second = first.beside().await;
    let (alice, bob) = (first.funded(10_000).await, first.ledger("gbp").await);
    let mut sending = JoinSet::new();
    for n in 0..6_usize {
        let service = if n % 2 == 0 { first.clone() } else { second.clone() };
        // Each key stands twice in each batch, at other places in each.
        let keys = (0..40_usize).map(|at| (at + 7 * n) % 20);
        let batch: Vec<_> =
            keys.map(|key| keyed(&format!("k{key}"), transfer(&alice, &bob, "1"))).collect();
        sending.spawn(async move {
            let outcomes = service.batch(batch.clone()).await.unwrap();
            batch.into_iter().map(|asked| asked.request_id).zip(outcomes).collect::<Vec<_>>()
        });
    }

    let mut transfers: HashMap<String, HashSet<String>> = HashMap::new();
    let mut firsts: HashMap<String, usize> = HashMap::new();
    for (key, outcome) in sending.join_all().await.into_iter().flatten() {
        let made = item(&outcome).unwrap();
        assert!(is_posted(made));
        transfers.entry(key.clone()).or_default().insert(made.transfer_id.clone());
        *firsts.entry(key).or_default() += usize::from(!outcome.replayed);
    }

    assert_eq!(transfers.len(), 20);
    assert!(transfers.values().all(|ids| ids.len() == 1), "{transfers:?}");
    assert!(firsts.values().all(|first| *first == 1), "{firsts:?}");
    assert_eq!(first.balance(&bob).await, 2_000);
    assert_sound(&first.pool).await;
}

#[tokio::test]
async fn a_key_with_other_content_inside_a_batch_fails_that_item_alone() {
    let setup = setup().await;
    let (alice, bob) = (setup.funded(10_000).await, setup.ledger("gbp").await);
    let one = keyed("k", transfer(&alice, &bob, "1"));
    let other = keyed("k", transfer(&alice, &bob, "2"));
    let batch = vec![one.clone(), other.clone(), transfer(&alice, &bob, "4"), one.clone()];

    let outcomes = setup.batch(batch.clone()).await.unwrap();
    let again = setup.batch(vec![other, one]).await.unwrap();

    let told: Vec<_> = outcomes.iter().map(item).collect();
    assert_eq!(told[1], Err("REQUEST_ID_REUSED"));
    assert!(told[0].is_ok() && told[2].is_ok());
    assert_eq!(told[3], told[0]);
    let told_again: Vec<_> = again.iter().map(item).collect();
    assert_eq!(told_again, [Err("REQUEST_ID_REUSED"), told[0]]);
    assert_eq!(setup.balance(&bob).await, 500);
    assert_sound(&setup.pool).await;
}

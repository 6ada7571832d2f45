//! Random histories through two services at once, replayed afterwards through a model of the books that
//! has no code of the service in it.

#![expect(
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a failure names its seed, and a wrong place fails the test"
)]
#![expect(clippy::arithmetic_side_effects, reason = "an overflow fails the test")]

mod actor;
mod model;
mod payments;

use std::sync::{Arc, Mutex};

use proto::ledger::v1::Ledger;
use tokio::task::JoinSet;

use crate::{
    books::assert_sound,
    support::{Setup, setup},
};

/// Who acts at a time.
const ACTORS: u64 = 8;
/// How often each does.
const ACTIONS: usize = 40;

/// What all actors act on.
struct Stage {
    services: [Setup; 2],
    ledgers: Vec<Ledger>,
    past: Mutex<actor::Past>,
}

/// Ledgers with little on them, so that declines are many; two of them may be overdrawn.
async fn stage() -> Stage {
    let first = setup().await;
    let mut ledgers = Vec::new();
    for minor in [5_000, 2_000, 500, 0, 0] {
        ledgers.push(first.funded(minor).await);
    }
    first.set_overdraft(&ledgers[2], 1_000).await.unwrap();
    first.set_overdraft(&ledgers[4], 250).await.unwrap();
    Stage { services: [first.beside().await, first], ledgers, past: Mutex::default() }
}

async fn play(seed: u64) {
    // Shown when the test fails.
    println!("seed {seed}");
    let stage = Arc::new(stage().await);
    let mut actors = JoinSet::new();
    for number in 0..ACTORS {
        actors.spawn(actor::act(stage.clone(), seed * 1_000 + number, ACTIONS));
    }
    let told: Vec<actor::Told> = actors.join_all().await.into_iter().flatten().collect();

    assert!(told.len() >= usize::try_from(ACTORS).unwrap() * ACTIONS / 2);
    let recorded = model::recorded(&stage.services[0].pool).await;
    model::replay(&stage.services[0].pool, &recorded).await;
    model::compare(&told, &recorded);
    assert_sound(&stage.services[0].pool).await;
}

#[tokio::test]
async fn a_random_history_is_as_the_model_has_it() {
    play(1).await;
}

#[tokio::test]
async fn another_random_history_is_as_the_model_has_it() {
    play(2).await;
}

#[tokio::test]
async fn a_history_that_nobody_has_seen_is_as_the_model_has_it() {
    play(rand::random_range(3..u64::MAX / 1_000)).await;
}

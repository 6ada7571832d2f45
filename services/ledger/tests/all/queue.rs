//! The way in of orders: batches, accounts that somebody else has locked, and faults of the database that
//! lie with one order alone.

use std::time::Duration;

use kit::caller::{Call, Caller};
use proto::ledger::v1::{CreateTransferRequest, Ledger, Transfer};
use sqlx::{Postgres, Transaction};
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;
use tonic::{Code, Status};
use types::LedgerId;

use crate::{
    books::assert_sound,
    several::{item, keyed, referenced},
    support::{Setup, bad_fields, is_posted, reason, settings, setup, transfer},
};

/// Locks ledgers' accounts, as somebody who changes them does, until the transaction ends.
pub(crate) async fn lock(setup: &Setup, ledgers: &[&Ledger]) -> Transaction<'static, Postgres> {
    let ids: Vec<uuid::Uuid> =
        ledgers.iter().map(|ledger| LedgerId::parse(&ledger.ledger_id).unwrap().uuid()).collect();
    let mut tx = setup.pool.begin().await.unwrap();
    let lock = "select 1 from accounts where account_id = any($1) for update";
    sqlx::query(lock).bind(ids).execute(&mut *tx).await.unwrap();
    tx
}

/// Waits until a session of the database waits for a lock.
pub(crate) async fn until_somebody_waits(setup: &Setup) {
    let waiting = "
        select exists (
            select from pg_stat_activity
            where datname = current_database() and wait_event_type = 'Lock'
        )
    ";
    while !sqlx::query_scalar::<_, bool>(waiting).fetch_one(&setup.pool).await.unwrap() {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// One batch of a thousand, and what must become of each item.
struct Mixed {
    batch: Vec<CreateTransferRequest>,
    wanted: Vec<Result<bool, &'static str>>,
}

impl Mixed {
    fn add(&mut self, request: CreateTransferRequest, wanted: Result<bool, &'static str>) {
        self.batch.push(request);
        self.wanted.push(wanted);
    }
}

#[tokio::test]
async fn each_of_a_thousand_is_answered_with_its_own_outcome_in_order() {
    let setup = setup().await;
    let (alice, bob) = (setup.funded(100_000).await, setup.ledger("gbp").await);
    let (poor, euros, closed) =
        (setup.ledger("gbp").await, setup.ledger("eur").await, setup.ledger("gbp").await);
    setup.set_active(&closed.ledger_id, false).await.unwrap();
    let nobody = Ledger { ledger_id: LedgerId::new().to_string(), ..bob.clone() };
    let mut mixed = Mixed { batch: Vec::new(), wanted: Vec::new() };
    for n in 0..100 {
        let key = format!("k{n}");
        mixed.add(transfer(&alice, &bob, "1"), Ok(true));
        mixed.add(transfer(&poor, &bob, "1"), Ok(false));
        mixed.add(transfer(&alice, &nobody, "1"), Err("LEDGER_NOT_FOUND"));
        mixed.add(transfer(&nobody, &alice, "1"), Err("LEDGER_NOT_FOUND"));
        mixed.add(transfer(&alice, &euros, "1"), Err("CURRENCY_MISMATCH"));
        mixed.add(transfer(&alice, &closed, "1"), Err("LEDGER_DISABLED"));
        mixed.add(transfer(&alice, &bob, "0.001"), Err("INVALID_FIELDS"));
        mixed.add(keyed(&key, transfer(&alice, &bob, "2")), Ok(true));
        mixed.add(keyed(&key, transfer(&alice, &bob, "2")), Ok(true));
        mixed.add(keyed(&key, transfer(&alice, &bob, "3")), Err("REQUEST_ID_REUSED"));
    }

    let outcomes = setup.batch(mixed.batch).await.unwrap();

    let told: Vec<_> = outcomes.iter().map(|outcome| item(outcome).map(is_posted)).collect();
    assert_eq!(told, mixed.wanted);
    for ten in outcomes.chunks(10) {
        assert_eq!(item(&ten[7]), item(&ten[8]));
        assert!(!ten[7].replayed && ten[8].replayed);
    }
    assert_eq!(setup.balance(&bob).await, 100 * (100 + 200));
    assert_eq!(setup.balance(&alice).await, 100_000 - 100 * (100 + 200));
    assert_sound(&setup.pool).await;
}

#[tokio::test]
async fn a_batch_has_one_to_a_thousand_items() {
    let setup = setup().await;
    let (alice, bob) = (setup.funded(100).await, setup.ledger("gbp").await);

    for count in [0, 1_001] {
        let status = setup.batch(vec![transfer(&alice, &bob, "0.01"); count]).await.unwrap_err();

        assert_eq!(reason(&status), "INVALID_FIELDS");
        assert_eq!(bad_fields(&status), ["transfers"]);
    }
    assert_eq!(setup.balance(&alice).await, 100);
}

#[tokio::test]
async fn a_batch_of_which_nothing_can_be_posted_is_answered_item_by_item() {
    let setup = setup().await;
    let (alice, bob) = (setup.funded(100).await, setup.ledger("gbp").await);
    let nobody = Ledger { ledger_id: LedgerId::new().to_string(), ..bob.clone() };
    let batch = vec![transfer(&alice, &bob, "0"), transfer(&nobody, &bob, "1")];

    let outcomes = setup.batch(batch).await.unwrap();

    let told: Vec<_> = outcomes.iter().map(|outcome| item(outcome).map(is_posted)).collect();
    assert_eq!(told, [Err("INVALID_FIELDS"), Err("LEDGER_NOT_FOUND")]);
}

pub(crate) const UNAVAILABLE: (Code, &str) = (Code::Unavailable, "UNAVAILABLE");

#[tokio::test]
async fn a_locked_account_fails_the_orders_that_touch_it_and_no_neighbour() {
    let setup = setup().await;
    let (alice, bob) = (setup.funded(100_000).await, setup.ledger("gbp").await);
    let locked_ledger = setup.funded(100).await;
    let locked = lock(&setup, &[&locked_ledger]).await;
    let mut batch = vec![transfer(&alice, &bob, "1"); 1_000];
    batch[500] = transfer(&alice, &locked_ledger, "1");
    let alone = {
        let (setup, request) = (setup.clone(), transfer(&bob, &alice, "0.50"));
        let pause = Duration::from_millis(300);
        async move {
            tokio::time::sleep(pause).await;
            setup.transfer(request).await
        }
    };

    // All of them have twenty seconds.
    let (outcomes, alone) = tokio::join!(setup.batch(batch), alone);

    for (at, outcome) in outcomes.unwrap().iter().enumerate() {
        let wanted = if at == 500 { Err("UNAVAILABLE") } else { Ok(true) };
        assert_eq!(item(outcome).map(is_posted), wanted, "{at}");
    }
    assert!(is_posted(&alone.unwrap()));
    locked.rollback().await.unwrap();
    let now = setup.transfer(transfer(&alice, &locked_ledger, "1")).await.unwrap();
    assert!(is_posted(&now));
    assert_eq!(setup.balance(&bob).await, 99_900 - 50);
    assert_sound(&setup.pool).await;
}

#[tokio::test]
async fn an_order_that_the_database_cannot_take_fails_alone() {
    let setup = setup().await;
    let (alice, bob) = (setup.funded(100_000).await, setup.ledger("gbp").await);
    let poison = "alter table transfers add constraint poison check (reference <> 'poison')";
    sqlx::query(poison).execute(&setup.pool).await.unwrap();
    let request = |n: usize| match n % 50 {
        37 => referenced("poison", transfer(&alice, &bob, "1")),
        _ => keyed(&format!("k{n}"), transfer(&alice, &bob, "1")),
    };
    let mut sending = JoinSet::new();
    for n in 100..150 {
        let (setup, request) = (setup.clone(), request(n));
        sending.spawn(async move { (n, setup.transfer(request).await) });
    }

    let outcomes = setup.batch((0..100).map(request).collect()).await.unwrap();
    let singles = sending.join_all().await;

    for (at, outcome) in outcomes.iter().enumerate() {
        let wanted = if at % 50 == 37 { Err("INTERNAL") } else { Ok(true) };
        assert_eq!(item(outcome).map(is_posted), wanted, "{at}");
    }
    for (n, answer) in singles {
        match answer {
            Ok(made) => assert!(is_posted(&made) && n != 137),
            Err(status) => assert_eq!((reason(&status).as_str(), n), ("INTERNAL", 137)),
        }
    }
    assert_eq!(setup.balance(&bob).await, 147 * 100);
    assert_sound(&setup.pool).await;
}

#[tokio::test]
async fn an_order_whose_time_is_over_before_it_is_begun_leaves_nothing() {
    let setup = setup().await;
    let (alice, bob) = (setup.funded(1_000).await, setup.funded(1_000).await);
    let (carol, dan) = (setup.funded(1_000).await, setup.ledger("gbp").await);
    let warm = referenced("warm", transfer(&carol, &dan, "1"));
    setup.transfer(warm).await.unwrap();
    let locked = lock(&setup, &[&alice]).await;
    let first = {
        let (setup, request) = (setup.clone(), transfer(&alice, &bob, "1"));
        async move { setup.transfer(request).await }
    };
    let hasty = async {
        until_somebody_waits(&setup).await;
        let call = Call::begin(None, Duration::from_millis(200));
        let caller = Caller::new(call, setup.tenant, None, Vec::new());
        let hasty = caller.request(referenced("hasty", transfer(&carol, &dan, "1")));
        let answer = setup.ledger.clone().create_transfer(hasty).await;
        locked.rollback().await.unwrap();
        answer
    };

    let (first, hasty) = tokio::join!(first, hasty);
    let after = setup.transfer(referenced("after", transfer(&carol, &dan, "1"))).await.unwrap();

    assert!(is_posted(&first.unwrap()) && is_posted(&after));
    let code = hasty.unwrap_err().code();
    assert!(matches!(code, Code::DeadlineExceeded | Code::Cancelled), "{code:?}");
    assert_eq!(setup.recorded("hasty").await, 0);
    assert_eq!(setup.balance(&dan).await, 200);
}

/// A service that can be told to stop, and what becomes of it.
async fn stoppable(setup: &Setup, stop: &CancellationToken) -> (Setup, JoinSet<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let (pool, customers) = (setup.pool.clone(), setup.customer_channel.clone());
    let drain = Duration::from_secs(15);
    let serving = ledger::serve(listener, settings(), pool, customers, drain, stop.clone());
    let mut running = JoinSet::new();
    running.spawn(async move { serving.await.unwrap() });
    let channel = kit::client::channel(url).unwrap();
    let ledger = proto::ledger::v1::ledger_service_client::LedgerServiceClient::new(channel);
    (Setup { ledger, ..setup.clone() }, running)
}

#[tokio::test]
async fn a_service_that_stops_answers_all_that_it_accepted() {
    let first = setup().await;
    let (alice, bob) = (first.funded(100_000).await, first.ledger("gbp").await);
    let stop = CancellationToken::new();
    let (stopping, running) = stoppable(&first, &stop).await;
    stopping.transfer(transfer(&alice, &bob, "1")).await.unwrap();
    let locked = lock(&first, &[&alice]).await;
    let mut accepted = JoinSet::new();
    for n in 0..10 {
        let (stopping, request) = (stopping.clone(), transfer(&alice, &bob, "1"));
        accepted.spawn(async move {
            match n % 2 {
                0 => vec![stopping.transfer(request).await],
                _ => told(&stopping.batch(vec![request; 20]).await.unwrap()),
            }
        });
    }

    until_somebody_waits(&first).await;
    // Answered on the same connection as the transfers: those came before.
    stopping.get_ledger(&bob.ledger_id).await.unwrap();
    stop.cancel();
    locked.rollback().await.unwrap();
    let answers: Vec<_> = accepted.join_all().await.into_iter().flatten().collect();
    running.join_all().await;

    assert_eq!(answers.len(), 105);
    assert!(answers.iter().all(|answer| is_posted(answer.as_ref().unwrap())), "{answers:?}");
    assert_eq!(first.balance(&bob).await, 10_600);
    assert_sound(&first.pool).await;
}

fn told(outcomes: &[proto::ledger::v1::TransferOutcome]) -> Vec<Result<Transfer, Status>> {
    let told = |outcome| item(outcome).cloned().map_err(Status::internal);
    outcomes.iter().map(told).collect()
}

/// How many transfers there are, asked until there is an answer.
async fn count(setup: &Setup) -> i64 {
    loop {
        let count = sqlx::query_scalar("select count(*) from transfers");
        if let Ok(count) = count.fetch_one(&setup.pool).await {
            return count;
        }
    }
}

/// What a client saw of its transfers, by their references.
type Seen = Vec<(String, Result<Transfer, Status>)>;

/// Sends transfers one after the other; with a key, again until there is an answer.
async fn send(setup: Setup, from: Ledger, to: Ledger, client: usize, count: usize) -> Seen {
    let mut seen = Vec::new();
    for n in 0..count {
        let reference = format!("c{client}-n{n}");
        let request = referenced(&reference, transfer(&from, &to, "0.01"));
        let answer = if client.is_multiple_of(2) {
            setup.transfer(request).await
        } else {
            loop {
                match setup.transfer(keyed(&reference, request.clone())).await {
                    Ok(answer) => break Ok(answer),
                    Err(status) => {
                        let reason = reason(&status);
                        assert!(
                            matches!(reason.as_str(), "UNAVAILABLE" | "OUTCOME_UNKNOWN"),
                            "{status:?}"
                        );
                        tokio::time::sleep(Duration::from_millis(10)).await;
                    }
                }
            }
        };
        seen.push((reference, answer));
    }
    seen
}

#[tokio::test]
async fn sessions_that_the_database_ends_lose_nothing_and_double_nothing() {
    let setup = setup().await;
    let (alice, bob) = (setup.funded(100_000).await, setup.funded(100_000).await);
    let mut sending = JoinSet::new();
    for client in 0..16 {
        let (from, to) = if client % 4 < 2 { (&alice, &bob) } else { (&bob, &alice) };
        sending.spawn(send(setup.clone(), from.clone(), to.clone(), client, 60));
    }

    let mut seen = Vec::new();
    let mut killer = setup.pool.acquire().await.unwrap().detach();
    let kill = "
        select count(pg_terminate_backend(pid)) from pg_stat_activity
        where datname = current_database() and pid <> pg_backend_pid()
    ";
    for _ in 0..12 {
        let before = count(&setup).await;
        sqlx::query(kill).execute(&mut killer).await.unwrap();
        // Again when they have found their way back, or have nothing left to do.
        while count(&setup).await < before + 40 && !sending.is_empty() {
            while sending.try_join_next().map(|done| seen.extend(done.unwrap())).is_some() {}
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
    seen.extend(sending.join_all().await.into_iter().flatten());

    assert!(seen.iter().any(|(_, answer)| answer.is_ok()));
    for (reference, answer) in seen {
        let recorded = setup.recorded(&reference).await;
        match answer {
            Ok(made) => assert_eq!((recorded, is_posted(&made)), (1, true), "{reference}"),
            Err(status) if reason(&status) == "OUTCOME_UNKNOWN" => assert!(recorded <= 1),
            Err(status) => {
                assert_eq!((reason(&status).as_str(), recorded), ("UNAVAILABLE", 0), "{reference}");
            }
        }
    }
    assert_sound(&setup.pool).await;
}

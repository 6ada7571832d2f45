//! Requests with one key at once.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use sqlx::{Connection, PgConnection};
use tokio::task::JoinSet;
use uuid::Uuid;

use super::{Asked, everything};
use crate::{
    scene::{CREATE_LEDGER, Scene, TRANSFER, ledger, transfer},
    stack::platform,
};

#[tokio::test]
async fn two_hundred_requests_with_one_key_have_one_effect_and_one_answer() {
    let scene = Scene::new().await;

    for asked in everything(&scene).await {
        let before = asked.count(&scene).await;
        let mut asking = JoinSet::new();
        for _ in 0..200 {
            let (scene, asked) = (scene.clone(), asked.clone());
            asking.spawn(async move { asked.send(&scene, "k-1").await });
        }
        let answers = asking.join_all().await;

        let odd = answers.iter().find(|reply| reply.status != 200);
        assert!(odd.is_none(), "{asked:?}: {odd:?}");
        let texts: BTreeSet<_> = answers.iter().map(|reply| &reply.text).collect();
        assert_eq!(texts.len(), 1, "{asked:?}: {texts:?}");
        let done = answers.iter().filter(|reply| !reply.is_replayed()).count();
        assert_eq!(done, 1, "{asked:?}");
        let effects = u64::from(!asked.grows.is_empty());
        assert_eq!(asked.count(&scene).await, before + effects, "{asked:?}");
    }
}

#[tokio::test]
async fn of_two_bodies_that_race_for_a_key_one_is_done_and_the_other_refused() {
    let scene = Scene::new().await;
    let [from, to] = scene.pair("500").await;
    let mut asking = JoinSet::new();
    for place in 0..40 {
        let amount = if place % 2 == 0 { "1" } else { "2" };
        let (scene, asked) = (scene.clone(), Asked::post(TRANSFER, transfer(&from, &to, amount)));
        asking.spawn(async move { (amount, asked.send(&scene, "k-1").await) });
    }

    let answers = asking.join_all().await;

    let winner = answers.iter().find(|(_, reply)| reply.status == 200).unwrap().0;
    for (amount, reply) in &answers {
        if *amount == winner {
            reply.data();
        } else {
            assert_eq!(reply.refusal(), (409, "IDEMPOTENCY_KEY_REUSED"));
        }
    }
    assert_eq!(scene.balance(&to).await, format!("{winner}.00"));
}

#[tokio::test]
async fn a_request_that_is_still_running_is_waited_for_and_then_told() {
    let scene = Scene::new().await;
    let holder = scene.customer("Bloggs").await;
    let first = scene.ledger_of(&holder, "gbp").await;
    let asked = Asked::post(CREATE_LEDGER, ledger(&holder, "gbp"));
    let databases = &platform().databases;
    let name = format!("{}ledger", databases.prefix);
    let mut conn =
        PgConnection::connect_with(&databases.server.clone().database(&name)).await.unwrap();
    let tenant: Uuid = sqlx::query_scalar("select tenant_id from ledgers where ledger_id = $1")
        .bind(Uuid::parse_str(&first).unwrap())
        .fetch_one(&mut conn)
        .await
        .unwrap();
    let claim = "
        insert into requests (tenant_id, operation, request_id, request_hash)
        values ($1, 'CreateLedger', 'k-1', '')";
    let mut running = conn.begin().await.unwrap();
    sqlx::query(claim).bind(tenant).execute(&mut *running).await.unwrap();

    let start = Instant::now();
    let reply = asked.send(&scene, "k-1").await;
    let waited = start.elapsed();
    let waiting = async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        running.rollback().await.unwrap();
    };
    let (done, ()) = tokio::join!(asked.send(&scene, "k-1"), waiting);

    assert_eq!(reply.refusal(), (409, "REQUEST_IN_PROGRESS"));
    assert!((Duration::from_secs(4)..Duration::from_secs(9)).contains(&waited), "{waited:?}");
    done.data();
    let ledgers = format!("/accounts/customers/{holder}/ledgers");
    assert_eq!(scene.get(&ledgers).await.data()["total"], 2);
}

#[tokio::test]
async fn a_request_whose_sender_hung_up_is_done_once_when_it_is_asked_for_again() {
    let scene = Scene::new().await;
    let [from, to] = scene.pair("100").await;
    let asked = Asked::post(TRANSFER, transfer(&from, &to, "1"));

    for place in 0..40 {
        let key = format!("k-{place}");
        let patience = Duration::from_micros(500 * place);
        let first = tokio::time::timeout(patience, asked.send(&scene, &key)).await;
        let again = asked.send(&scene, &key).await;

        again.data();
        if let Ok(first) = first {
            assert_eq!((again.is_replayed(), again.text), (true, first.text));
        }
    }

    assert_eq!([scene.balance(&from).await, scene.balance(&to).await], ["60.00", "40.00"]);
    assert_eq!(scene.transactions(&to, "").await["total"], 40);
}

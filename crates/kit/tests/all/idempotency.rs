use std::time::Duration;

use kit::{
    caller::Caller,
    errors::{Error, Violations},
    idempotency::{self, Begun, Key, Refused, Work},
    postgres::{Database, citus::Layout},
};
use tokio::{task::JoinSet, time::timeout};
use tonic::Code;
use tonic_health::pb::HealthCheckRequest as Message;
use tonic_types::StatusExt;

use crate::{database, in_role};

fn key(caller: &Caller, request_id: &str, content: &str) -> Key {
    let mut bad = Violations::new();
    Key::of(caller, "Try", request_id, &message(content), &mut bad).unwrap()
}

fn message(service: &str) -> Message {
    Message { service: service.into() }
}

async fn begin(pool: &Database, key: Key) -> Result<Begun<Message>, Error> {
    idempotency::begin(pool, key.tenant(), Some(key)).await
}

async fn work(pool: &Database, key: Key) -> Work {
    match begin(pool, key).await.unwrap() {
        Begun::New(work) => work,
        Begun::Replayed(answer) => panic!("{answer:?}"),
    }
}

async fn replayed(pool: &Database, key: Key) -> Message {
    match begin(pool, key).await.unwrap() {
        Begun::New(work) => panic!("{work:?}"),
        Begun::Replayed(answer) => answer.message,
    }
}

#[tokio::test]
async fn those_who_wait_for_a_key_keep_nobody_from_the_database() {
    let (pool, caller) = (in_role(&database().await), testkit::caller());
    let first = work(&pool, key(&caller, "busy", "a")).await;
    let mut waiting = JoinSet::new();
    for _ in 0..50 {
        let (pool, key) = (pool.clone(), key(&caller, "busy", "a"));
        waiting.spawn(async move { replayed(&pool, key).await });
    }

    let others = async {
        for _ in 0..20 {
            let mut conn = pool.of(caller.tenant()).await.unwrap();
            sqlx::query("select 1").execute(&mut *conn).await.unwrap();
            drop(conn);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(Duration::from_secs(3), others).await.unwrap();
    first.commit(message("done")).await.unwrap();

    assert!(waiting.join_all().await.iter().all(|answer| *answer == message("done")));
}

#[tokio::test]
async fn a_key_is_free_again_when_its_first_request_comes_to_nothing() {
    let (pool, caller) = (in_role(&database().await), testkit::caller());
    let first = work(&pool, key(&caller, "undone", "a")).await;
    let second = work(&pool, key(&caller, "undone", "b"));
    let third = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        drop(first);
    };

    let (second, ()) = tokio::join!(second, third);
    second.commit(message("b")).await.unwrap();

    assert_eq!(replayed(&pool, key(&caller, "undone", "b")).await, message("b"));
    let reused = begin(&pool, key(&caller, "undone", "a")).await.unwrap_err();
    assert!(matches!(reused, Error::Request(Refused::Reused)));
}

#[tokio::test]
async fn a_key_that_is_worked_on_too_long_is_told_so() {
    let (pool, caller) = (in_role(&database().await), testkit::caller());
    let _first = work(&pool, key(&caller, "long", "a")).await;

    let refused = timeout(Duration::from_secs(8), begin(&pool, key(&caller, "long", "a"))).await;

    assert!(matches!(refused, Ok(Err(Error::Request(Refused::InProgress)))));
}

#[tokio::test]
async fn what_is_kept_may_be_less_than_what_is_answered() {
    let (pool, caller) = (in_role(&database().await), testkit::caller());
    let first = work(&pool, key(&caller, "less", "a")).await;

    let answer = first.commit_keeping(&message("id"), message("id and name")).await.unwrap();

    assert_eq!(answer.message, message("id and name"));
    assert_eq!(replayed(&pool, key(&caller, "less", "a")).await, message("id"));
}

#[tokio::test]
async fn a_keyed_hash_tells_the_same_request_from_another() {
    let (pool, caller) = (database().await, testkit::caller());
    let (plain, keyed) = (in_role(&pool), in_role(&pool).with_keys(testkit::keys()));
    let key = |content| key(&caller, "keyed", content);

    work(&keyed, key("a")).await.commit(message("done")).await.unwrap();

    assert_eq!(replayed(&keyed, key("a")).await, message("done"));
    for (pool, content) in [(&keyed, "b"), (&plain, "a")] {
        let reused = begin(pool, key(content)).await.unwrap_err();
        assert!(matches!(reused, Error::Request(Refused::Reused)), "{content}");
    }
    let kept: Vec<u8> =
        sqlx::query_scalar("select request_hash from requests").fetch_one(&pool).await.unwrap();
    assert!(testkit::keys().is_fingerprint(&kept, key("a").hash()));
}

#[tokio::test]
async fn a_request_of_an_earlier_release_is_known_by_its_hash_without_a_key() {
    let (pool, caller) = (database().await, testkit::caller());
    let (plain, keyed) = (in_role(&pool), in_role(&pool).with_keys(testkit::keys()));

    let first = work(&plain, key(&caller, "before", "a")).await;
    first.commit(message("done")).await.unwrap();

    assert_eq!(replayed(&keyed, key(&caller, "before", "a")).await, message("done"));
    let reused = begin(&keyed, key(&caller, "before", "b")).await.unwrap_err();
    assert!(matches!(reused, Error::Request(Refused::Reused)));
}

#[tokio::test]
async fn old_requests_are_forgotten_and_no_others() {
    for layout in [Layout::OneServer, Layout::ByTenant] {
        forgets_old_requests(layout).await;
    }
}

async fn forgets_old_requests(layout: Layout) {
    let (pool, caller) = (database().await, testkit::caller());
    let role = in_role(&pool).laid_out(layout);
    for name in ["old", "young"] {
        work(&role, key(&caller, name, "a")).await.commit(message(name)).await.unwrap();
    }
    // More than are deleted at a time.
    sqlx::query(
        "insert into requests (tenant_id, operation, request_id, request_hash, create_time)
         select gen_random_uuid(), 'Try', number::text, '', now() - interval '15 days'
         from generate_series(1, 700) number",
    )
    .execute(&pool)
    .await
    .unwrap();
    sqlx::query(
        "update requests set create_time = now() - interval '15 days' where request_id = 'old'",
    )
    .execute(&pool)
    .await
    .unwrap();

    let forgotten = idempotency::forget_old(&role, idempotency::KEPT).await.unwrap();

    assert_eq!(forgotten, 701);
    assert_eq!(replayed(&role, key(&caller, "young", "a")).await, message("young"));
    drop(work(&role, key(&caller, "old", "b")).await);
}

#[tokio::test]
async fn a_commit_that_is_not_answered_is_no_invitation_to_try_again() {
    let (pool, caller) = (database().await, testkit::caller());
    let Begun::New(mut work) =
        idempotency::begin::<Message>(&in_role(&pool), caller.tenant(), None).await.unwrap()
    else {
        panic!("a request without a key is always new");
    };
    let pid: i32 =
        sqlx::query_scalar("select pg_backend_pid()").fetch_one(work.conn()).await.unwrap();
    sqlx::query("select pg_terminate_backend($1)").bind(pid).execute(&pool).await.unwrap();
    tokio::time::sleep(Duration::from_millis(100)).await;

    let error = work.commit(message("a")).await.unwrap_err();
    let status = error.into_status("lombard.test.v1");

    assert_eq!(status.code(), Code::DeadlineExceeded);
    assert!(status.get_error_details().retry_info().is_none());
}

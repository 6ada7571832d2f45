//! What a service sees of its database.

use std::time::Duration;

use kit::{caller::Caller, postgres::Database};
use sqlx::{Connection, PgConnection, PgPool};
use types::TenantId;

use crate::{database, in_role};

async fn insert(conn: &mut PgConnection, tenant: TenantId, id: &str) -> Result<(), sqlx::Error> {
    let insert = "insert into requests (tenant_id, operation, request_id, request_hash)
                  values ($1, 'Try', $2, '')";
    sqlx::query(insert).bind(tenant.uuid()).bind(id).execute(conn).await.map(|_| ())
}

/// The request ids of everybody whom the connection sees: no `where` narrows it.
async fn seen(conn: &mut PgConnection) -> Vec<String> {
    let all = "select request_id from requests order by request_id";
    sqlx::query_scalar(all).fetch_all(conn).await.unwrap()
}

/// Two tenants, `a` and `b`, with a row of that name each.
async fn two_tenants() -> (PgPool, Database, [TenantId; 2]) {
    let pool = database().await;
    let tenants = [testkit::caller(), testkit::caller()].map(|caller: Caller| caller.tenant());
    for (tenant, id) in tenants.iter().zip(["a", "b"]) {
        insert(&mut pool.acquire().await.unwrap(), *tenant, id).await.unwrap();
    }
    let database = in_role(&pool);
    (pool, database, tenants)
}

#[tokio::test]
async fn a_statement_that_names_no_tenant_sees_those_that_the_connection_is_for() {
    let (_, database, [a, b]) = two_tenants().await;

    assert_eq!(seen(&mut database.of(a).await.unwrap()).await, ["a"]);
    assert_eq!(seen(&mut database.begin(b).await.unwrap()).await, ["b"]);
    assert_eq!(seen(&mut database.of_each([a, b]).await.unwrap()).await, ["a", "b"]);
    assert_eq!(seen(&mut database.begin_of_each([a, b]).await.unwrap()).await, ["a", "b"]);
    assert_eq!(seen(&mut database.platform().await.unwrap()).await, ["a", "b"]);
    assert_eq!(seen(&mut database.begin_platform().await.unwrap()).await, ["a", "b"]);
    assert_eq!(seen(&mut database.of_each([]).await.unwrap()).await, [""; 0]);
}

#[tokio::test]
async fn a_connection_that_nobody_is_named_for_sees_nothing_and_fails_nothing() {
    let (_, database, _) = two_tenants().await;
    let options = database.connect_options();

    let mut conn = PgConnection::connect_with(&options).await.unwrap();
    let at_first = seen(&mut conn).await;
    sqlx::query("set lombard.tenants = '*'").execute(&mut conn).await.unwrap();
    let everything = seen(&mut conn).await;
    sqlx::query("reset lombard.tenants").execute(&mut conn).await.unwrap();

    assert_eq!(at_first, [""; 0]);
    assert_eq!(everything, ["a", "b"]);
    assert_eq!(seen(&mut conn).await, [""; 0]);
}

#[tokio::test]
async fn what_one_request_was_set_to_is_not_there_for_the_next() {
    let pool = database().await;
    let alone = kit::postgres::pool(pool.connect_options().as_ref().clone(), 1);
    let (database, caller) = (in_role(&alone), testkit::caller());
    insert(&mut database.of(caller.tenant()).await.unwrap(), caller.tenant(), "a").await.unwrap();

    let tx = database.begin(testkit::caller().tenant()).await.unwrap();
    tx.commit().await.unwrap();
    let of_another = seen(&mut database.of(testkit::caller().tenant()).await.unwrap()).await;
    let mut tx = database.begin(testkit::caller().tenant()).await.unwrap();

    assert_eq!(of_another, [""; 0]);
    assert_eq!(seen(&mut tx).await, [""; 0]);
}

#[tokio::test]
async fn nobody_writes_for_a_tenant_that_the_connection_is_not_for() {
    let (pool, database, [a, b]) = two_tenants().await;
    let mut conn = database.of(a).await.unwrap();

    let refused = insert(&mut conn, b, "forged").await.unwrap_err();
    let moved = sqlx::query("update requests set tenant_id = $1").bind(b.uuid());
    let moved = moved.execute(&mut *conn).await.unwrap_err();
    let changed = sqlx::query("update requests set response = 'x' where request_id = 'b'");
    let changed = changed.execute(&mut *conn).await.unwrap().rows_affected();
    let deleted = sqlx::query("delete from requests").execute(&mut *conn).await.unwrap();

    assert!(refused.to_string().contains("row-level security"), "{refused}");
    assert!(moved.to_string().contains("permission denied"), "{moved}");
    assert_eq!(changed, 0);
    assert_eq!(deleted.rows_affected(), 1);
    assert_eq!(seen(&mut pool.acquire().await.unwrap()).await, ["b"]);
}

#[tokio::test]
async fn connections_that_broke_while_they_rested_fail_no_request() {
    let (pool, database, [a, _]) = two_tenants().await;
    for in_a_transaction in [false, true] {
        // Three at once, so that three rest.
        drop(tokio::join!(database.of(a), database.of(a), database.of(a)));
        tokio::time::sleep(Duration::from_millis(50)).await;
        let end = "select count(pg_terminate_backend(pid)) from pg_stat_activity
                   where datname = current_database() and pid <> pg_backend_pid()";
        sqlx::query(end).execute(&mut *pool.acquire().await.unwrap()).await.unwrap();

        if in_a_transaction {
            assert_eq!(seen(&mut database.begin(a).await.unwrap()).await, ["a"]);
        } else {
            assert_eq!(seen(&mut database.of(a).await.unwrap()).await, ["a"]);
        }
    }
}

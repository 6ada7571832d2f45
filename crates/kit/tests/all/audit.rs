use std::time::Duration;

use kit::{
    audit::{Act, Form, Head, link, record, verify},
    caller::{Call, Caller},
};
use sqlx::{AssertSqlSafe, PgPool, postgres::PgPoolOptions};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use types::{TenantId, UserId};

use crate::{database, in_role};

fn of(tenant: TenantId) -> Caller {
    let call = Call::begin(Some("request-1"), Duration::from_secs(20));
    Caller::new(call, tenant, Some(UserId::new()), Vec::new())
}

async fn write(pool: &PgPool, by: &Caller, records: usize) {
    let mut conn = pool.acquire().await.unwrap();
    for n in 0..records {
        let state = Form::of("thing").text(n.to_string()).digest();
        let act = Act::new("thing.make", format_args!("things/{n}")).after(state);
        record(&mut conn, by, &act).await.unwrap();
    }
}

/// A log of three records of each of two tenants, all of them links.
async fn log() -> (PgPool, [TenantId; 2]) {
    let pool = database().await;
    let tenants = [TenantId::new(), TenantId::new()];
    for tenant in tenants {
        write(&pool, &of(tenant), 3).await;
    }
    assert_eq!(link(&in_role(&pool), Duration::ZERO).await.unwrap(), 6);
    (pool, tenants)
}

async fn run(pool: &PgPool, statement: &str) {
    let done = sqlx::query(AssertSqlSafe(statement)).execute(pool).await.unwrap();
    assert!(done.rows_affected() > 0 || statement.starts_with("alter"), "{statement}");
}

async fn faults(pool: &PgPool, expected: &[Head]) -> Vec<String> {
    let report = verify(pool, expected).await.unwrap();
    assert_eq!(report.is_sound(), report.faults.is_empty());
    report.faults
}

#[tokio::test]
async fn records_become_a_chain_for_each_tenant() {
    let (pool, tenants) = log().await;
    write(&pool, &of(tenants[0]), 2).await;

    let linked = link(&in_role(&pool), Duration::ZERO).await.unwrap();
    let report = verify(&pool, &[]).await.unwrap();

    assert_eq!((linked, report.links, report.faults), (2, 8, vec![]));
    let ends = |tenant: TenantId| report.heads.iter().find(|head| head.tenant == tenant.uuid());
    assert_eq!(ends(tenants[0]).unwrap().sequence, 5);
    assert_eq!(ends(tenants[1]).unwrap().sequence, 3);
}

#[tokio::test]
async fn a_young_record_waits_for_its_place() {
    let pool = database().await;
    write(&pool, &of(TenantId::new()), 1).await;

    assert_eq!(link(&in_role(&pool), Duration::from_mins(1)).await.unwrap(), 0);
    assert_eq!(faults(&pool, &[]).await, [""; 0]);
    assert_eq!(link(&in_role(&pool), Duration::ZERO).await.unwrap(), 1);
}

/// As services do, until there are so many links.
async fn link_until(pool: &PgPool, links: i64) {
    let stop = CancellationToken::new();
    let linking = kit::audit::run(in_role(pool), stop.clone());
    let looking = async {
        loop {
            let seen = sqlx::query_scalar("select count(*) from audit_links").fetch_one(pool);
            let seen: i64 = seen.await.unwrap();
            if seen >= links {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    let looking = async {
        let looked = tokio::time::timeout(Duration::from_mins(1), looking).await;
        stop.cancel();
        looked.unwrap();
    };
    tokio::join!(linking, looking);
}

#[tokio::test]
async fn what_is_recent_is_linked_although_the_look_at_all_records_fails() {
    let pool = database().await;
    let by = of(TenantId::new());
    write(&pool, &by, 1).await;
    run(&pool, "update audit_records set create_time = create_time - interval '2 days'").await;
    write(&pool, &by, 3).await;
    // As one fails that would read more than it has time for: whatever reads the old record.
    let statements = "
        create function read_in_time(at timestamptz) returns boolean language plpgsql as $$
        begin
            if at < now() - interval '1 day' then
                raise exception 'canceling statement due to statement timeout';
            end if;
            return true;
        end $$;
        create policy in_time on audit_records as restrictive for select
            using (read_in_time(create_time));
    ";
    sqlx::raw_sql(statements).execute(&pool).await.unwrap();
    let options = pool.connect_options().as_ref().clone().options([("enable_seqscan", "off")]);
    let indexed = PgPoolOptions::new().connect_lazy_with(options);

    assert!(link(&in_role(&indexed), Duration::ZERO).await.is_err(), "the whole cannot be read");
    link_until(&indexed, 3).await;
}

#[tokio::test]
async fn more_records_of_one_moment_than_are_looked_at_together_are_all_linked() {
    let pool = database().await;
    let many = "
        insert into audit_records
            (tenant_id, audit_record_id, service, action, object, request_id, create_time)
        select t, gen_random_uuid(), 'test', 'thing.make', 'things/' || n, 'r', now()
        from unnest($1::uuid[]) t, generate_series(1, 6000) n
    ";
    let tenants = [TenantId::new(), TenantId::new()].map(TenantId::uuid);
    sqlx::query(many).bind(tenants.as_slice()).execute(&pool).await.unwrap();

    link_until(&pool, 12_000).await;
    let report = verify(&pool, &[]).await.unwrap();
    assert_eq!((report.links, report.faults), (12_000, vec![]));

    run(&pool, "delete from audit_links").await;
    assert_eq!(link(&in_role(&pool), Duration::ZERO).await.unwrap(), 12_000);
}

#[tokio::test]
async fn processes_that_link_at_the_same_time_make_one_chain() {
    let pool = database().await;
    let tenants: Vec<TenantId> = (0..3).map(|_| TenantId::new()).collect();
    let mut working = JoinSet::new();
    for tenant in &tenants {
        let (pool, by) = (pool.clone(), of(*tenant));
        working.spawn(async move { write(&pool, &by, 60).await });
    }
    for _ in 0..3 {
        let pool = pool.clone();
        working.spawn(async move {
            for _ in 0..20 {
                link(&in_role(&pool), Duration::ZERO).await.unwrap();
            }
        });
    }
    working.join_all().await;
    link(&in_role(&pool), Duration::ZERO).await.unwrap();

    let report = verify(&pool, &[]).await.unwrap();

    assert_eq!((report.links, report.faults), (180, vec![]));
    assert!(report.heads.iter().all(|head| head.sequence == 60), "{:?}", report.heads);
}

#[tokio::test]
async fn every_way_to_change_the_log_is_seen() {
    let foreign = "alter table audit_links drop constraint audit_links_of_record";
    let free = "alter table audit_links drop constraint audit_links_record_once";
    let attacks: [(&str, &[&str], &str); 9] = [
        (
            "changed",
            &["update audit_records set action = 'x' where object = 'things/1'"],
            "changed",
        ),
        ("forged", &["update audit_records set user_id = tenant_id"], "changed"),
        (
            "dated",
            &["update audit_records set create_time = create_time - interval '1 s'"],
            "changed",
        ),
        ("removed", &[foreign, "delete from audit_records where object = 'things/1'"], "gone"),
        (
            "removed with its link",
            &[
                "delete from audit_links where sequence = 2",
                "delete from audit_records where object = 'things/1'",
            ],
            "links before it are gone",
        ),
        ("unlinked", &["delete from audit_links where sequence = 1"], "links before it are gone"),
        ("broken", &["update audit_links set hash = sha256(hash) where sequence = 2"], "changed"),
        (
            "re-ordered",
            &[
                free,
                "update audit_links l set audit_record_id = o.audit_record_id from audit_links o \
                 where o.tenant_id = l.tenant_id and o.sequence = 4 - l.sequence",
            ],
            "changed",
        ),
        (
            "added",
            &["insert into audit_records \
               select tenant_id, gen_random_uuid(), user_id, api_key_id, service, action, 'things/9', \
                      before_digest, after_digest, request_id, create_time - interval '1 day' \
               from audit_records where object = 'things/1'"],
            "in no chain",
        ),
    ];
    for (name, statements, fault) in attacks {
        let (pool, tenants) = log().await;
        assert_eq!(faults(&pool, &[]).await, [""; 0], "{name}");

        for statement in statements {
            run(&pool, statement).await;
        }
        let found = faults(&pool, &[]).await;

        for tenant in tenants {
            let of_tenant =
                |it: &&String| it.starts_with(&tenant.to_string()) && it.ends_with(fault);
            assert!(found.iter().any(|it| of_tenant(&it)), "{name}: {found:?}");
        }
    }
}

#[tokio::test]
async fn a_head_that_was_kept_shows_what_the_database_alone_cannot() {
    let (pool, tenants) = log().await;
    let kept = verify(&pool, &[]).await.unwrap().heads;
    write(&pool, &of(tenants[0]), 1).await;
    link(&in_role(&pool), Duration::ZERO).await.unwrap();
    assert_eq!(faults(&pool, &kept).await, [""; 0]);

    // Whoever may do everything takes the end away, and makes the whole chain again without it.
    run(&pool, "delete from audit_links").await;
    run(&pool, "delete from audit_records where object in ('things/0', 'things/2')").await;
    link(&in_role(&pool), Duration::ZERO).await.unwrap();

    assert_eq!(faults(&pool, &[]).await, [""; 0]);
    assert_eq!(faults(&pool, &kept).await.len(), 2);
}

#[tokio::test]
async fn what_is_not_done_is_not_on_record() {
    let pool = database().await;
    let by = of(TenantId::new());
    let mut tx = pool.begin().await.unwrap();
    record(&mut tx, &by, &Act::new("thing.make", "things/1")).await.unwrap();
    tx.rollback().await.unwrap();

    let records: i64 =
        sqlx::query_scalar("select count(*) from audit_records").fetch_one(&pool).await.unwrap();

    assert_eq!(records, 0);
    assert_eq!(link(&in_role(&pool), Duration::ZERO).await.unwrap(), 0);
}

#[tokio::test]
async fn a_service_may_add_to_the_log_and_nothing_else() {
    let (pool, [tenant, _]) = log().await;
    let mut conn = in_role(&pool).of(tenant).await.unwrap();

    for table in ["audit_records", "audit_links"] {
        for statement in [
            format!("update {table} set create_time = now()"),
            format!("delete from {table}"),
            format!("truncate {table}"),
        ] {
            let refused = sqlx::query(AssertSqlSafe(statement)).execute(&mut *conn).await;
            let refused = refused.unwrap_err().to_string();
            assert!(refused.contains("permission denied"), "{refused}");
        }
        let seen = format!("select count(*) from {table}");
        let seen: i64 =
            sqlx::query_scalar(AssertSqlSafe(seen)).fetch_one(&mut *conn).await.unwrap();
        assert_eq!(seen, 3, "those of another tenant in {table}");
    }
}

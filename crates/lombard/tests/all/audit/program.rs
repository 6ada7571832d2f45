//! `lombard audit verify` as a program. What it checks is tested beside the checks.

use std::{fs, process::Output, time::Duration};

use kit::{
    audit::{self, Act},
    caller::Caller,
    postgres::Database,
};
use sqlx::{ConnectOptions, PgPool};
use tokio::{process::Command, time::timeout};

use crate::program::{PATIENCE, directory};

async fn verify(arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut verify = Command::new(env!("CARGO_BIN_EXE_lombard"));
    verify.args(["audit", "verify"]).args(arguments).kill_on_drop(true);
    let Output { status, stdout, stderr } =
        timeout(PATIENCE, verify.output()).await.unwrap().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

/// Every look is compared with the one before it, and one that finds something wrong is not kept.
#[tokio::test]
async fn a_journal_is_compared_with_and_added_to() {
    let directory = directory();
    let journal = directory.path().to_str().unwrap();
    let pool = testkit::database("ledger", &ledger::MIGRATIONS).await;
    let by = testkit::caller();
    write((&pool, ledger::ROLE), &by, "things/1").await;
    let url = url(&pool);
    let look = ["--database-url", &url, "--journal", journal];
    let kept = || fs::read_dir(journal).unwrap().count();

    let first = verify(&look).await;
    let after_first = kept();
    // Files are named by the second.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    write((&pool, ledger::ROLE), &by, "things/2").await;
    let second = verify(&look).await;
    let after_second = kept();
    for statement in ["delete from audit_links", "delete from audit_records"] {
        sqlx::query(statement).execute(&pool).await.unwrap();
    }
    let emptied = verify(&look).await;

    assert_eq!((first.0, after_first), (Some(0), 1), "{first:?}");
    assert_eq!((second.0, after_second), (Some(0), 2), "{second:?}");
    assert!(emptied.0 == Some(1) && emptied.1.contains("not what was kept"), "{emptied:?}");
    assert_eq!(kept(), 2);
}

async fn write((pool, role): (&PgPool, &str), by: &Caller, object: &str) {
    let mut conn = pool.acquire().await.unwrap();
    audit::record(&mut conn, by, &Act::new("thing.make", object)).await.unwrap();
    audit::link(&Database::new(pool, role), Duration::ZERO).await.unwrap();
}

fn url(pool: &PgPool) -> String {
    pool.connect_options().to_url_lossy().to_string()
}

#[tokio::test]
async fn sound_logs_end_it_with_0_and_others_with_1_and_what_is_wrong() {
    let directory = directory();
    let heads = directory.path().join("heads");
    let heads = heads.to_str().unwrap();
    let customers = testkit::database("customer", &customer::MIGRATIONS).await;
    let ledgers = testkit::database("ledger", &ledger::MIGRATIONS).await;
    let by = testkit::caller();
    write((&customers, customer::ROLE), &by, "things/1").await;
    write((&ledgers, ledger::ROLE), &by, "things/2").await;
    let both = [url(&customers), url(&ledgers)];
    let both = ["--database-url", &both[0], "--database-url", &both[1]];

    let sound = verify(&[&both[..], &["--heads", heads]].concat()).await;
    write((&ledgers, ledger::ROLE), &by, "things/3").await;
    let grown = verify(&[&both[..], &["--expect", heads]].concat()).await;
    let half = verify(&[&both[..2], &["--expect", heads]].concat()).await;
    sqlx::query("update audit_records set object = 'things/4' where object = 'things/3'")
        .execute(&ledgers)
        .await
        .unwrap();
    let changed = verify(&both).await;
    for statement in ["delete from audit_links", "delete from audit_records"] {
        sqlx::query(statement).execute(&ledgers).await.unwrap();
    }
    let emptied = verify(&both).await;
    let missed = verify(&[&both[..], &["--expect", heads]].concat()).await;

    assert_eq!(sound.0, Some(0), "{sound:?}");
    let tenant = by.tenant();
    assert!(sound.1.starts_with("customer: 1 records in 1 chains: sound\nledger: 1"), "{sound:?}");
    assert!(sound.1.contains(&format!("\nledger {tenant} 1 ")), "{sound:?}");
    assert_eq!((grown.0, emptied.0), (Some(0), Some(0)), "{grown:?} {emptied:?}");
    assert!(half.0 == Some(1) && half.2.contains("ledger"), "{half:?}");
    assert_eq!(changed.0, Some(1));
    assert!(
        changed.1.contains(&format!("ledger: 2 records in 1 chains: NOT SOUND\n  {tenant} 2 "))
    );
    assert!(missed.0 == Some(1) && missed.1.contains("not what was kept"), "{missed:?}");
}

//! Statements on the table `login_attempts`.

use std::time::Duration;

use sqlx::{PgConnection, postgres::types::PgInterval};
use uuid::Uuid;

use super::PURGED_AT_ONCE;
use crate::domain::{Subject, Tally, WINDOW};

/// Records a try for each of its subjects.
pub(crate) async fn insert(
    conn: &mut PgConnection,
    attempt: Uuid,
    subjects: &[Subject],
) -> Result<(), sqlx::Error> {
    let hashes: Vec<&[u8]> = subjects.iter().map(Subject::as_bytes).collect();
    sqlx::query!(
        "
        insert into login_attempts (attempt_id, subject)
        select $1, subject from unnest($2::bytea[]) as given (subject)
        ",
        attempt,
        &hashes as &[&[u8]],
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Counts the tries of a subject within the window, but for this one.
pub(crate) async fn tally(
    conn: &mut PgConnection,
    attempt: Uuid,
    subject: Subject,
) -> Result<Tally, sqlx::Error> {
    let counted = sqlx::query!(
        r#"
        select
            count(*) as "tries!",
            count(*) filter (where wrong) as "wrong!",
            (extract(epoch from now() - max(attempt_time) filter (where wrong)) * 1000)::bigint
                as since_wrong_ms
        from login_attempts
        where subject = $1 and attempt_time > now() - $2::interval and attempt_id <> $3
        "#,
        subject.as_bytes(),
        window(),
        attempt,
    )
    .fetch_one(conn)
    .await?;
    let since_wrong_ms = counted.since_wrong_ms.and_then(|since| u64::try_from(since).ok());
    Ok(Tally {
        subject,
        tries: counted.tries,
        wrong: counted.wrong,
        since_wrong: Duration::from_millis(since_wrong_ms.unwrap_or(0)),
    })
}

/// Keeps a try as a wrong one.
pub(crate) async fn mark_wrong(conn: &mut PgConnection, attempt: Uuid) -> Result<(), sqlx::Error> {
    sqlx::query!("update login_attempts set wrong = true where attempt_id = $1", attempt)
        .execute(conn)
        .await?;
    Ok(())
}

/// Forgets a try.
pub(crate) async fn delete(conn: &mut PgConnection, attempt: Uuid) -> Result<(), sqlx::Error> {
    sqlx::query!("delete from login_attempts where attempt_id = $1", attempt).execute(conn).await?;
    Ok(())
}

/// Forgets the wrong tries of a subject, but for those that somebody else is forgetting.
pub(crate) async fn forgive(conn: &mut PgConnection, subject: &Subject) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "
        delete from login_attempts
        where (attempt_id, subject) in (
            select attempt_id, subject from login_attempts
            where subject = $1 and wrong
            for update skip locked
        )
        ",
        subject.as_bytes(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Deletes some of the tries that no longer count.
pub(crate) async fn purge(conn: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "
        delete from login_attempts
        where (attempt_id, subject) in (
            select attempt_id, subject from login_attempts
            where attempt_time <= now() - $1::interval
            order by attempt_time
            limit $2
            for update skip locked
        )
        ",
        window(),
        PURGED_AT_ONCE,
    )
    .execute(conn)
    .await?;
    Ok(())
}

fn window() -> PgInterval {
    let microseconds = i64::try_from(WINDOW.as_micros()).unwrap_or(i64::MAX);
    PgInterval { months: 0, days: 0, microseconds }
}

//! Statements on the table `login_attempts`.

use std::time::Duration;

use sqlx::{PgConnection, postgres::types::PgInterval};
use uuid::Uuid;

use super::PURGED_AT_ONCE;
use crate::domain::{Subject, Tally, UNDECIDED, WINDOW};

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
            count(*) filter (where is_wrong) as "wrong!",
            (extract(epoch from now() - max(attempt_time) filter (where is_wrong)) * 1000)::bigint
                as since_wrong_ms
        from (
            select attempt_time, wrong or attempt_time < now() - $4::interval as is_wrong
            from login_attempts
            where subject = $1 and attempt_time > now() - $2::interval and attempt_id <> $3
        ) tries
        "#,
        subject.as_bytes(),
        interval(WINDOW),
        attempt,
        interval(UNDECIDED),
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

/// Does nothing, in as many round trips as it takes to put a try on record: so that the time tells nothing.
pub(crate) async fn nothing(conn: &mut PgConnection) -> Result<(), sqlx::Error> {
    sqlx::query!("select 1 as nothing").fetch_one(conn).await?;
    Ok(())
}

/// Forgets a try.
pub(crate) async fn delete(conn: &mut PgConnection, attempt: Uuid) -> Result<(), sqlx::Error> {
    sqlx::query!("delete from login_attempts where attempt_id = $1", attempt).execute(conn).await?;
    Ok(())
}

/// Forgets the wrong tries of a subject, and those given up, but for those that somebody else is forgetting.
pub(crate) async fn forgive(conn: &mut PgConnection, subject: &Subject) -> Result<(), sqlx::Error> {
    sqlx::query!(
        "
        delete from login_attempts
        where (attempt_id, subject) in (
            select attempt_id, subject from login_attempts
            where subject = $1 and (wrong or attempt_time < now() - $2::interval)
            for update skip locked
        )
        ",
        subject.as_bytes(),
        interval(UNDECIDED),
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
        interval(WINDOW),
        PURGED_AT_ONCE,
    )
    .execute(conn)
    .await?;
    Ok(())
}

fn interval(duration: Duration) -> PgInterval {
    let microseconds = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
    PgInterval { months: 0, days: 0, microseconds }
}

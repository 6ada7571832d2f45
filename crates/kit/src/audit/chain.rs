//! Makes records links of their tenant's chain, in the background: whoever writes one never waits for
//! another. A record is a few seconds old by then, and until then whoever has the database could take it away
//! unseen.
//!
//! Any number of processes may do it: of two that add a link at the same place, one has added it, and the
//! other looks again. A round that is cut off has left whole chains.
//!
//! No statement looks at more than a slice of the log: however big that gets, none runs out of time, and what
//! is recent does not wait for what is old.

use std::time::Duration;

use sqlx::PgConnection;
use time::OffsetDateTime;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;
use types::TenantId;
use uuid::Uuid;

use super::{
    Digest, Form,
    store::Kept,
    unlinked::{self, FIRST, Place},
};
use crate::postgres::Database;

/// How old records are when they become links: those of a busy moment do together, in order.
const AGE: Duration = Duration::from_secs(2);
/// Between one round and the next.
const INTERVAL: Duration = Duration::from_secs(2);
/// Records that are looked at by one statement: few enough for its time, however many there are.
const SLICE: i64 = 10_000;
/// Records of a tenant that become links at a time.
const TOGETHER: usize = 1_000;
/// How often that is tried while others add to the same chain.
const TRIES: u32 = 3;
/// Longer than it takes from when a record is dated until it is seen.
const UNSEEN: Duration = Duration::from_mins(2);
/// From the beginning of one look at every record to the next, at least.
const WHOLE: Duration = Duration::from_hours(1);

/// The hash that the first link follows.
pub(super) const NONE: Digest = [0; 32];

/// A place in a chain.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) sequence: i64,
    pub(super) record: Uuid,
    pub(super) hash: Digest,
}

/// The hash at a place: of the hash before, the place, and all that the record says.
pub(super) fn hash(before: &[u8], sequence: i64, record: &Kept) -> Digest {
    let form = Form::of("lombard.audit.v1")
        .bytes(before)
        .number(sequence)
        .bytes(record.tenant_id.as_bytes())
        .bytes(record.audit_record_id.as_bytes())
        .maybe(record.user_id.map(|id| id.to_string()))
        .maybe(record.api_key_id.map(|id| id.to_string()))
        .maybe(record.service.as_deref())
        .text(&record.action)
        .text(&record.object);
    let digest = |form: Form, digest: &Option<Vec<u8>>| match digest {
        Some(digest) => form.flag(true).bytes(digest),
        None => form.flag(false),
    };
    let form = digest(digest(form, &record.before_digest), &record.after_digest);
    form.text(&record.request_id).time(Some(record.create_time)).digest()
}

/// Makes records links until `stop`, with a round every two seconds.
pub async fn run(database: Database, stop: CancellationToken) {
    // So that processes that start together do so apart.
    let mut wait = rand::random_range(Duration::ZERO..=INTERVAL);
    let (mut since, mut whole) = (None, Whole::default());
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = sleep(wait) => {}
        }
        wait = INTERVAL;
        let round = async {
            // What is recent first. What becomes of the whole is nothing to it.
            tell(recent(&database, &mut since).await);
            tell(whole.go_on(&database).await);
        };
        tokio::select! {
            () = stop.cancelled() => return,
            () = round => {}
        }
    }
}

fn tell(linked: Result<u64, sqlx::Error>) {
    match linked {
        Ok(linked) => metrics::counter!("lombard_audit_records_linked").increment(linked),
        Err(error) => {
            metrics::counter!("lombard_audit_rounds_failed").increment(1);
            tracing::warn!(%error, "audit records are not linked yet");
        }
    }
}

/// Makes all records links that are older than `age`, once. Answers how many.
///
/// # Errors
///
/// Those of the database; the links that were made before one stay.
pub async fn link(database: &Database, age: Duration) -> Result<u64, sqlx::Error> {
    let (mut linked, mut from) = (0_u64, Some(FIRST));
    while let Some(begin) = from {
        let (made, next) = slice(database, begin, age).await?;
        (linked, from) = (linked.saturating_add(made), next);
    }
    Ok(linked)
}

/// Goes on from `since`, slice by slice, to what has only just the age. Answers how many links it made.
async fn recent(
    database: &Database,
    since: &mut Option<OffsetDateTime>,
) -> Result<u64, sqlx::Error> {
    // It is the platform's work, whoever has records.
    let mut conn = database.platform().await?;
    let before = less(unlinked::now(&mut conn).await?, AGE);
    let again = less(before, UNSEEN);
    let mut from = match *since {
        Some(since) => since,
        None => resume(&mut conn, again).await,
    };
    drop(conn);
    // A slice that fails now may fail always: it is left to the look at the whole.
    *since = Some(again);
    let mut linked = 0_u64;
    while from < before {
        let (made, next) = slice_of_time(database, from, before).await?;
        (linked, from) = (linked.saturating_add(made), next);
    }
    Ok(linked)
}

/// From where to go on: what was written since the youngest link's record, however long ago that was.
async fn resume(conn: &mut PgConnection, otherwise: OffsetDateTime) -> OffsetDateTime {
    match unlinked::last_linked(conn).await {
        Ok(Some(last)) => less(last, UNSEEN).min(otherwise),
        Ok(None) => otherwise,
        Err(error) => {
            tracing::warn!(%error, "where the audit log's links end is not known");
            otherwise
        }
    }
}

/// Makes links of the first records of a time. Answers how many, and where the rest begins.
async fn slice_of_time(
    database: &Database,
    from: OffsetDateTime,
    before: OffsetDateTime,
) -> Result<(u64, OffsetDateTime), sqlx::Error> {
    let mut conn = database.platform().await?;
    let end = unlinked::time_after(&mut conn, from, before, SLICE).await?;
    // All records of one transaction have one time, which is not to be looked at for ever.
    let least = from.saturating_add(time::Duration::MICROSECOND);
    let end = end.map_or(before, |end| end.max(least));
    let due = unlinked::of_time(&mut conn, from, end).await?;
    drop(conn);
    Ok((add(database, &due).await?, end))
}

/// Makes links of the first records from a key on that are older than `age`. Answers how many, and where
/// the rest begins, if there is one.
async fn slice(
    database: &Database,
    from: Place,
    age: Duration,
) -> Result<(u64, Option<Place>), sqlx::Error> {
    let mut conn = database.platform().await?;
    let before = less(unlinked::now(&mut conn).await?, age);
    let end = unlinked::place_after(&mut conn, from, SLICE).await?;
    let due = unlinked::between(&mut conn, from, end, before).await?;
    drop(conn);
    Ok((add(database, &due).await?, end))
}

/// The look at every record, whenever it was written, for those that came to be seen late: a slice a round.
#[derive(Debug, Default)]
struct Whole {
    /// Where it goes on; none: at the first record, when it is time again.
    from: Option<Place>,
    begun: Option<Instant>,
}

impl Whole {
    async fn go_on(&mut self, database: &Database) -> Result<u64, sqlx::Error> {
        let is_due = self.begun.is_none_or(|begun| begun.elapsed() >= WHOLE);
        if self.from.is_none() && is_due {
            (self.from, self.begun) = (Some(FIRST), Some(Instant::now()));
        }
        let Some(from) = self.from else { return Ok(0) };
        let (linked, next) = slice(database, from, AGE).await?;
        self.from = next;
        Ok(linked)
    }
}

/// Makes records links, tenant by tenant. Answers how many became one by this.
async fn add(database: &Database, due: &[Place]) -> Result<u64, sqlx::Error> {
    let mut linked = 0_u64;
    for of_tenant in due.chunk_by(|one, next| one.tenant == next.tenant) {
        for some in of_tenant.chunks(TOGETHER) {
            let made = extend(database, some).await?;
            linked = linked.saturating_add(u64::try_from(made).unwrap_or_default());
        }
    }
    Ok(linked)
}

/// Makes records of one tenant links. Answers how many: none where somebody else is faster again and again.
async fn extend(database: &Database, due: &[Place]) -> Result<usize, sqlx::Error> {
    let Some(first) = due.first() else { return Ok(0) };
    let records: Vec<Uuid> = due.iter().map(|place| place.record).collect();
    for _ in 0..TRIES {
        let mut tx = database.begin(TenantId::from_uuid(first.tenant)).await?;
        // First: a record that gets its place after this is found by whoever reads the head then.
        let (mut sequence, mut before) =
            unlinked::head(&mut tx, first.tenant).await?.unwrap_or((0, NONE.to_vec()));
        let mut links = Vec::new();
        for record in unlinked::of_tenant(&mut tx, first.tenant, &records).await? {
            sequence = sequence.saturating_add(1);
            let hash = hash(&before, sequence, &record);
            before = hash.to_vec();
            links.push(Link { sequence, record: record.audit_record_id, hash });
        }
        match unlinked::add(&mut tx, first.tenant, &links).await {
            Ok(()) => return tx.commit().await.map(|()| links.len()),
            Err(error) if is_taken(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(0)
}

fn less(time: OffsetDateTime, age: Duration) -> OffsetDateTime {
    time.saturating_sub(age.try_into().unwrap_or_default())
}

/// Somebody else has made a link at the same place, or of the same record.
fn is_taken(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(sqlx::error::DatabaseError::is_unique_violation)
}

// The hash is a format: what was linked yesterday must be proved tomorrow.
#[cfg(test)]
mod tests {
    use super::*;
    use crate::hex::hex;

    fn record() -> Kept {
        Kept {
            tenant_id: Uuid::from_u128(1),
            audit_record_id: Uuid::from_u128(2),
            user_id: Some(Uuid::from_u128(3)),
            api_key_id: None,
            service: None,
            action: "customer.update".to_owned(),
            object: "customers/4".to_owned(),
            before_digest: None,
            after_digest: Some(vec![5; 32]),
            request_id: "six".to_owned(),
            create_time: OffsetDateTime::UNIX_EPOCH,
        }
    }

    #[test]
    fn a_hash_is_of_everything_that_a_record_says() {
        let whole = hash(&NONE, 1, &record());
        let other = Uuid::from_u128(9);
        let changed: [fn(&mut Kept, Uuid); 11] = [
            |it, id| it.tenant_id = id,
            |it, id| it.audit_record_id = id,
            |it, id| it.user_id = Some(id),
            |it, id| it.api_key_id = Some(id),
            |it, _| it.service = Some(String::new()),
            |it, _| it.action.push('x'),
            |it, _| it.object.push('x'),
            |it, _| std::mem::swap(&mut it.before_digest, &mut it.after_digest),
            |it, _| it.after_digest = None,
            |it, _| it.request_id.push('x'),
            |it, _| it.create_time = it.create_time.saturating_add(time::Duration::MICROSECOND),
        ];

        for (n, change) in changed.into_iter().enumerate() {
            let mut it = record();
            change(&mut it, other);
            assert_ne!(hash(&NONE, 1, &it), whole, "{n}");
        }
        assert_ne!(hash(&NONE, 2, &record()), whole);
        assert_ne!(hash(&[1; 32], 1, &record()), whole);
    }

    #[test]
    fn a_record_has_the_hash_that_it_had_yesterday() {
        assert_eq!(
            hex(&hash(&NONE, 1, &record())),
            "f2c4d7166352a3b7c779b07f19e4301aede9403f083d376af1c1e9b7af36131b"
        );
    }
}

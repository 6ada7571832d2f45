//! Makes records links of their tenant's chain, in the background: whoever writes one never waits for
//! another. A record is a few seconds old by then, and until then whoever has the database could take it away
//! unseen.
//!
//! Any number of processes may do it: of two that add a link at the same place, one has added it, and the
//! other leaves that tenant for its next round. A round that is cut off has left whole chains.

use std::time::Duration;

use time::OffsetDateTime;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use types::TenantId;
use uuid::Uuid;

use super::{
    Digest, Form,
    store::{self, Kept},
};
use crate::postgres::Database;

/// How old records are when they become links: those of a busy moment do together, in order.
const AGE: Duration = Duration::from_secs(2);
/// Between one round and the next.
const INTERVAL: Duration = Duration::from_secs(2);
/// Records of a tenant that become links at a time.
const TOGETHER: i64 = 1_000;
/// Longer than it takes from when a record is dated until it is seen.
const UNSEEN: Duration = Duration::from_mins(2);
/// Each so many rounds look at every record, whenever it was written: every hour.
const WHOLE: u32 = 1_800;

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
    let (mut rounds, mut since) = (0_u32, None);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = sleep(wait) => {}
        }
        wait = INTERVAL;
        let from = since.filter(|_| !rounds.is_multiple_of(WHOLE));
        let round = tokio::select! {
            () = stop.cancelled() => return,
            round = round(&database, AGE, from) => round,
        };
        match round {
            Ok((begin, linked)) => {
                metrics::counter!("lombard_audit_records_linked_total").increment(linked);
                since =
                    begin.checked_sub(AGE.saturating_add(UNSEEN).try_into().unwrap_or_default());
                rounds = rounds.wrapping_add(1);
            }
            Err(error) => {
                metrics::counter!("lombard_audit_rounds_failed_total").increment(1);
                tracing::warn!(%error, "audit records are not linked yet");
            }
        }
    }
}

/// Makes all records links that are older than `age`, once. Answers how many.
///
/// # Errors
///
/// Those of the database; the links that were made before one stay.
pub async fn link(database: &Database, age: Duration) -> Result<u64, sqlx::Error> {
    Ok(round(database, age, None).await?.1)
}

/// One round over records from `since` on. Answers when it began, by the database's clock, and how many
/// links it made.
async fn round(
    database: &Database,
    age: Duration,
    since: Option<OffsetDateTime>,
) -> Result<(OffsetDateTime, u64), sqlx::Error> {
    // It is the platform's work, whoever has records.
    let mut conn = database.platform().await?;
    let begin = store::now(&mut conn).await?;
    let before = age.try_into().ok().and_then(|age| begin.checked_sub(age)).unwrap_or(begin);
    let due = store::due(&mut conn, since, before).await?;
    drop(conn);
    let mut linked = 0_u64;
    for tenant in due {
        loop {
            let made = extend(database, tenant, (since, before)).await?;
            linked = linked.saturating_add(u64::try_from(made).unwrap_or_default());
            if i64::try_from(made).is_ok_and(|made| made < TOGETHER) {
                break;
            }
        }
    }
    Ok((begin, linked))
}

/// Makes some of a tenant's records links. Answers how many: none where somebody else does so now.
async fn extend(
    database: &Database,
    tenant: Uuid,
    times: (Option<OffsetDateTime>, OffsetDateTime),
) -> Result<usize, sqlx::Error> {
    let mut tx = database.begin(TenantId::from_uuid(tenant)).await?;
    // First: a record that gets its place after this is found by whoever reads the head then.
    let (mut sequence, mut before) =
        store::head(&mut tx, tenant).await?.unwrap_or((0, NONE.to_vec()));
    let mut links = Vec::new();
    for record in store::unlinked(&mut tx, tenant, times, TOGETHER).await? {
        sequence = sequence.saturating_add(1);
        let hash = hash(&before, sequence, &record);
        before = hash.to_vec();
        links.push(Link { sequence, record: record.audit_record_id, hash });
    }
    match store::add(&mut tx, tenant, &links).await {
        Ok(()) => tx.commit().await.map(|()| links.len()),
        Err(error) if is_taken(&error) => Ok(0),
        Err(error) => Err(error),
    }
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

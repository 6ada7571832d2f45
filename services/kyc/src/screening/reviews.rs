//! What becomes of matches: evidence of a review.
//!
//! A match is settled once a person has decided the review that it is evidence of, or will: it does not
//! ask again until the entry or the customer's details change. Approving a review clears its matches.

use kit::{
    audit::{self, Act, Form},
    caller::Caller,
    errors::Violations,
    idempotency::{self, Answer, Begun, Key},
    postgres::Database,
    time::now,
};
use prost::Message;
use sqlx::PgConnection;
use types::{CustomerId, TenantId, VerificationId};

use super::{Lists, Match};
use crate::{
    domain::{self, Change, IdType, Lifecycle, Outcome, Status, Verification},
    error::Error,
    record::Record,
    store::{
        matches::{self, Known},
        screening, transitions, verifications,
    },
};

/// By whom a review was asked for that no provider left to a person.
const PROVIDER: &str = "screening";
/// Why.
pub(crate) const REASON: &str = "SANCTIONS_MATCH";
/// Reviews and attempts of one customer may begin at the same time.
const TRIES: u32 = 3;

/// Matches and the reviews that they ask for.
#[derive(Debug, Clone)]
pub(crate) struct Reviews {
    database: Database,
    lists: Lists,
}

impl Reviews {
    pub(crate) fn new(database: Database, lists: Lists) -> Self {
        Self { database, lists }
    }

    /// Screens a customer; true when something new asks for a review. May be repeated.
    pub(crate) async fn screen(
        &self,
        tenant: TenantId,
        customer: CustomerId,
        details_version: i64,
        record: &Record,
    ) -> Result<bool, Error> {
        let found = self.lists.search(tenant, &record.wanted()).await?;
        if found.is_empty() {
            return Ok(false);
        }
        let who = Who { tenant, customer, details_version };
        for _ in 1..TRIES {
            match self.ask(who, &found).await {
                Err(Error::VerificationInProgress(_)) => {}
                asked => return asked,
            }
        }
        self.ask(who, &found).await
    }

    async fn ask(&self, who: Who, found: &[Match]) -> Result<bool, Error> {
        let mut tx = self.database.begin(who.tenant).await?;
        let under_way = matches::lock_under_way(&mut tx, who.tenant, who.customer).await?;
        let known = matches::known(&mut tx, who.tenant, who.customer).await?;
        let fresh = unless(found, &known, who.details_version, is_settled);
        if fresh.is_empty() {
            return Ok(false);
        }
        let review = match under_way {
            Some(id) => verifications::lock(&mut tx, who.tenant, id)
                .await?
                .ok_or(Error::VerificationNotFound(id))?,
            None => begin(&mut tx, who).await?,
        };
        matches::insert(&mut tx, &review, who.details_version, &fresh).await?;
        matches::note_added(&mut tx, &review).await?;
        tx.commit().await?;
        tracing::info!(matches = fresh.len(), "verification {} has matches", review.id);
        Ok(true)
    }

    /// Screens the customer of an attempt that is about to be recorded as decided. The lists are those
    /// that are stored now.
    pub(crate) async fn search(
        &self,
        tenant: TenantId,
        record: &Record,
    ) -> Result<Vec<Match>, Error> {
        self.lists.search(tenant, &record.wanted()).await
    }

    /// From which score on a match asks for a review.
    pub(crate) async fn threshold(&self, tenant: TenantId) -> Result<u32, Error> {
        self.lists.threshold(tenant).await
    }

    /// Sets it. What may then be found has everybody screened again.
    pub(crate) async fn set_threshold<M: Message + Default>(
        &self,
        caller: &Caller,
        key: Option<Key>,
        threshold: i32,
        render: fn(i32) -> M,
    ) -> Result<Answer<M>, Error> {
        if !(500..=1000).contains(&threshold) {
            let mut bad = Violations::new();
            bad.add("settings.threshold", "must be 500-1000");
            return Err(bad.into());
        }
        let mut work = match idempotency::begin(&self.database, caller.tenant(), key).await? {
            Begun::Replayed(answer) => return Ok(answer),
            Begun::New(work) => work,
        };
        screening::set_threshold(work.conn(), caller.tenant(), threshold).await?;
        let state = Form::of("screening_settings").number(threshold).digest();
        let act = Act::new("screening_settings.set", "screening_settings").after(state);
        audit::record(work.conn(), caller, &act).await?;
        screening::want_sweep(work.conn()).await?;
        Ok(work.commit(render(threshold)).await?)
    }
}

/// Stores the matches that speak against recording that somebody is verified; false when none does. Those
/// that others have found for this attempt meanwhile count too. In the transaction that locks the attempt.
pub(crate) async fn weigh(
    conn: &mut PgConnection,
    verification: &Verification,
    details_version: i64,
    found: &[Match],
) -> Result<bool, Error> {
    let known = matches::known(conn, verification.tenant, verification.customer).await?;
    let uncleared = unless(found, &known, details_version, is_cleared);
    matches::insert(conn, verification, details_version, &uncleared).await?;
    let noted = known.iter().any(|known| known.verification == verification.id);
    Ok(noted || !uncleared.is_empty())
}

/// Whose details, and which.
#[derive(Debug, Clone, Copy)]
struct Who {
    tenant: TenantId,
    customer: CustomerId,
    details_version: i64,
}

fn unless<'a>(
    found: &'a [Match],
    known: &[Known],
    details_version: i64,
    counts: fn(Status) -> bool,
) -> Vec<&'a Match> {
    let is_known = |found: &Match| {
        known.iter().any(|known| counts(known.status) && known.is(found, details_version))
    };
    found.iter().filter(|found| !is_known(found)).collect()
}

/// A person has looked at it, or will.
fn is_settled(status: Status) -> bool {
    match status {
        Status::Pending | Status::InReview | Status::Verified | Status::Rejected => true,
        Status::ResubmissionRequired | Status::Expired | Status::Error => false,
    }
}

/// A person has found that it is somebody else.
fn is_cleared(status: Status) -> bool {
    match status {
        Status::Verified => true,
        Status::Pending
        | Status::InReview
        | Status::Rejected
        | Status::ResubmissionRequired
        | Status::Expired
        | Status::Error => false,
    }
}

/// A review of its own, as if a provider had left it to a person.
async fn begin(conn: &mut PgConnection, who: Who) -> Result<Verification, Error> {
    let at = now();
    let latest = verifications::latest(conn, who.tenant, &[who.customer]).await?.pop();
    let id = VerificationId::new();
    let mut review = Verification {
        tenant: who.tenant,
        // A process whose clock is ahead may have made the latest.
        id: latest.map_or(id, |latest| id.max(domain::id_after(latest.id))),
        customer: who.customer,
        provider: PROVIDER.to_owned(),
        id_type: IdType::None,
        details_version: who.details_version,
        create_time: at,
        lifecycle: Lifecycle::begin(at),
    };
    verifications::insert(conn, &review, PROVIDER).await?;
    if verifications::greater_id(conn, &review).await?.is_some() {
        return Err(Error::VerificationInProgress(who.customer));
    }
    transitions::insert(conn, &review, None).await?;
    let outcome = Outcome::InReview(vec![REASON.to_owned()]);
    if review.lifecycle.decide(outcome, at)? == Change::Made {
        verifications::save_transition(conn, &review, None).await?;
    }
    Ok(review)
}

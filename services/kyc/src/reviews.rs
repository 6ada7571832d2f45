//! Use cases of those who decide what a provider left to people, and of those who play the provider.

use kit::{
    audit::{self, Act, Form},
    caller::Caller,
    idempotency::{self, Answer, Begun, Key},
    postgres::Database,
    time::now,
};
use prost::Message;
use types::{TenantId, VerificationId};

use crate::{
    domain::{Change, Decision, Verification},
    error::Error,
    store::{
        decisions::{self, Made},
        review_policies,
        transitions::{self, Transition},
        verifications,
    },
    verifications::Verifications,
};

/// What somebody decides of a verification.
#[derive(Debug)]
pub(crate) struct Ruling {
    pub(crate) verification: VerificationId,
    pub(crate) decision: Decision,
    pub(crate) reason: String,
}

/// What became of a ruling.
#[derive(Debug)]
pub(crate) struct Ruled {
    pub(crate) verification: Verification,
    /// It waits for another person.
    pub(crate) waits: bool,
}

/// The reviews of all tenants.
#[derive(Debug, Clone)]
pub(crate) struct Reviews {
    database: Database,
    verifications: Verifications,
}

impl Reviews {
    pub(crate) fn new(database: Database, verifications: Verifications) -> Self {
        Self { database, verifications }
    }

    /// Decides, alone or with another.
    pub(crate) async fn decide<M: Message + Default>(
        &self,
        caller: &Caller,
        key: Option<Key>,
        ruling: Ruling,
        render: fn(&Ruled) -> M,
    ) -> Result<Answer<M>, Error> {
        let user = caller.user().ok_or(Error::OperatorRequired)?;
        let mut work = match idempotency::begin(&self.database, caller.tenant(), key).await? {
            Begun::Replayed(answer) => return Ok(answer),
            Begun::New(work) => work,
        };
        let place = (caller.tenant(), ruling.verification);
        let mut verification = verifications::lock(work.conn(), place.0, place.1)
            .await?
            .ok_or(Error::VerificationNotFound(place.1))?;
        let at = now();
        let outcome = ruling.decision.outcome(&ruling.reason);
        let mut after = verification.lifecycle.clone();
        let change = after.review(outcome, at).map_err(|_| Error::NotInReview(place.1))?;
        let mut waits = false;
        if change == Change::Made {
            let before = decisions::list(work.conn(), place.0, place.1).await?;
            let last = before.last();
            let same = last.filter(|last| last.decision == ruling.decision);
            waits = review_policies::four_eyes(work.conn(), place.0).await?
                && same.is_none_or(|last| last.user == user);
            let said_before = waits && same.is_some();
            if !said_before {
                let number = last.map_or(0, |last| last.number).saturating_add(1);
                let Ruling { decision, reason, .. } = ruling;
                let took_effect = !waits;
                let made = Made { number, decision, reason, user, took_effect, create_time: at };
                decisions::insert(work.conn(), place, &made, caller).await?;
            }
            if !waits {
                verification.lifecycle = after;
                verifications::save_transition(work.conn(), &verification, Some(caller)).await?;
            }
        }
        let ruled = Ruled { verification, waits };
        let answer = work.commit(render(&ruled)).await?;
        if change == Change::Made && !waits {
            self.verifications.announce(caller, &ruled.verification).await;
        }
        Ok(answer)
    }

    /// Ends a verification as if its provider, or one person alone, had.
    pub(crate) async fn play<M: Message + Default>(
        &self,
        caller: &Caller,
        key: Option<Key>,
        ruling: Ruling,
        render: fn(&Verification) -> M,
    ) -> Result<Answer<M>, Error> {
        let mut work = match idempotency::begin(&self.database, caller.tenant(), key).await? {
            Begun::Replayed(answer) => return Ok(answer),
            Begun::New(work) => work,
        };
        let id = ruling.verification;
        let mut verification = verifications::lock(work.conn(), caller.tenant(), id)
            .await?
            .ok_or(Error::VerificationNotFound(id))?;
        let outcome = ruling.decision.outcome(&ruling.reason);
        let change = verification.lifecycle.play(outcome, now());
        let change = change.map_err(|_| Error::NotInReview(id))?;
        if change == Change::Made {
            verifications::save_transition(work.conn(), &verification, Some(caller)).await?;
        }
        let answer = work.commit(render(&verification)).await?;
        if change == Change::Made {
            self.verifications.announce(caller, &verification).await;
        }
        Ok(answer)
    }

    /// What became of a verification, and who decided.
    pub(crate) async fn history(
        &self,
        caller: &Caller,
        id: VerificationId,
    ) -> Result<(Vec<Transition>, Vec<Made>), Error> {
        let tenant = caller.tenant();
        self.verifications.get(tenant, id).await?;
        let mut conn = self.database.of(tenant).await?;
        // What reviewers wrote may be about the person.
        let act = Act::new("history.read", transitions::object(id));
        audit::record(&mut conn, caller, &act).await?;
        let transitions = transitions::list(&mut conn, tenant, id).await?;
        Ok((transitions, decisions::list(&mut conn, tenant, id).await?))
    }

    pub(crate) async fn four_eyes(&self, tenant: TenantId) -> Result<bool, Error> {
        let mut conn = self.database.of(tenant).await?;
        review_policies::four_eyes(&mut conn, tenant).await
    }

    pub(crate) async fn set_four_eyes(&self, caller: &Caller, wanted: bool) -> Result<(), Error> {
        let mut tx = self.database.begin(caller.tenant()).await?;
        review_policies::save(&mut tx, caller, wanted, now()).await?;
        let state = Form::of("review_policy").flag(wanted).digest();
        let act = Act::new("review_policy.set", "review_policy").after(state);
        audit::record(&mut tx, caller, &act).await?;
        tx.commit().await?;
        tracing::info!(tenant = %caller.tenant(), four_eyes = wanted, "a review policy was set");
        Ok(())
    }
}

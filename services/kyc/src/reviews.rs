//! Use cases of those who decide what a provider left to people, and of those who play the provider.

use kit::{
    audit::{self, Act, Form},
    caller::Caller,
    idempotency::{self, Answer, Begun, Key},
    keys::Keyring,
    postgres::Database,
    time::now,
};
use prost::Message;
use sqlx::PgConnection;
use time::OffsetDateTime;
use types::{TenantId, UserId, VerificationId};

use crate::{
    domain::{Change, Decision, Note, Verification},
    error::Error,
    notes,
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

/// A ruling of somebody who has looked at the evidence.
#[derive(Debug)]
pub(crate) struct Informed {
    pub(crate) ruling: Ruling,
    /// Of what was looked at.
    pub(crate) evidence_version: i64,
    pub(crate) note: Option<Note>,
}

impl Informed {
    /// Whether somebody has decided so before, on the same evidence.
    fn is_same(&self, made: &Made) -> bool {
        made.decision == self.ruling.decision && made.evidence_version == self.evidence_version
    }

    fn made(&self, number: i32, user: UserId, took_effect: bool, at: OffsetDateTime) -> Made {
        Made {
            number,
            decision: self.ruling.decision,
            reason: self.ruling.reason.clone(),
            evidence_version: self.evidence_version,
            note: self.note.clone(),
            user,
            took_effect,
            create_time: at,
        }
    }
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
    keys: Keyring,
    verifications: Verifications,
}

impl Reviews {
    pub(crate) fn new(database: Database, keys: Keyring, verifications: Verifications) -> Self {
        Self { database, keys, verifications }
    }

    /// Decides, alone or with another, while the evidence is what was looked at.
    pub(crate) async fn decide<M: Message + Default>(
        &self,
        caller: &Caller,
        key: Option<Key>,
        informed: Informed,
        render: fn(&Ruled) -> M,
    ) -> Result<Answer<M>, Error> {
        let user = caller.user().ok_or(Error::OperatorRequired)?;
        let mut work = match idempotency::begin(&self.database, caller.tenant(), key).await? {
            Begun::Replayed(answer) => return Ok(answer),
            Begun::New(work) => work,
        };
        let ruling = &informed.ruling;
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
            let seen = Some(informed.evidence_version);
            if verifications::evidence_version(work.conn(), place.0, place.1).await? != seen {
                return Err(Error::EvidenceChanged(place.1));
            }
            let four_eyes = review_policies::four_eyes(work.conn(), place.0).await?;
            // Whoever makes a key for another user would be two people.
            if four_eyes && caller.key().is_some() {
                return Err(Error::LoginRequired);
            }
            let before = decisions::list(work.conn(), place.0, place.1).await?;
            let last = before.last();
            let same = last.filter(|last| informed.is_same(last));
            waits = four_eyes && same.is_none_or(|last| last.user == user);
            let said_before = waits && same.is_some();
            if !said_before {
                let number = last.map_or(0, |last| last.number).saturating_add(1);
                let made = informed.made(number, user, !waits, at);
                self.record(work.conn(), caller, place.1, &made).await?;
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

    /// Notes a decision, with what was written beside it. The verification must be locked.
    async fn record(
        &self,
        conn: &mut PgConnection,
        caller: &Caller,
        id: VerificationId,
        made: &Made,
    ) -> Result<(), Error> {
        let tenant = caller.tenant();
        decisions::insert(conn, (tenant, id), made, caller).await?;
        match &made.note {
            Some(note) => notes::keep(conn, &self.keys, (tenant, id, made.number), note).await,
            None => Ok(()),
        }
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
        let mut made = decisions::list(&mut conn, tenant, id).await?;
        notes::add(&mut conn, &self.keys, (tenant, id), &mut made).await?;
        Ok((transitions, made))
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

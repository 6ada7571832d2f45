//! Logging in. No password is checked before the try is on record.

use std::time::{Duration, Instant};

use kit::{
    audit::{self, Act},
    caller::{Call, Caller},
    errors,
};
use sqlx::{PgConnection, postgres::types::PgInterval};
use tokio::time::sleep;
use types::TenantId;
use uuid::Uuid;

use crate::{
    Access,
    admin::user_object,
    domain::{Admission, Credentials, Issued, PasswordHash, Subject, Token, admission},
    error::Error,
    store::{
        attempts, tokens,
        users::{self, User},
    },
};

/// How long a try waits for others for the same address that are being checked.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long at most it waits before it looks again: longer each time, and at random, so that those who
/// got into each other's way do not meet again.
const PAUSES_MS: [u64; 5] = [25, 50, 100, 200, 400];

/// What becomes of a try.
enum Verdict {
    Right(User),
    /// Whose address it is, where it is somebody's.
    Wrong(Option<User>),
}

impl Access {
    /// A new token for who knows the password.
    pub(crate) async fn login(
        &self,
        call: &Call,
        credentials: Credentials,
    ) -> Result<Issued, Error> {
        let attempt = self.admit(&credentials.subjects()).await?;
        let email = Subject::email(&credentials.email);
        // Whoever ends the call before the verdict leaves the try on record, and knows nothing.
        match self.verify(credentials).await {
            Ok(Verdict::Right(user)) => match self.issue(call, attempt, &email, &user).await? {
                Some(issued) => Ok(issued),
                None => self.refuse(call, attempt, Some(&user)).await,
            },
            Ok(Verdict::Wrong(user)) => self.refuse(call, attempt, user.as_ref()).await,
            Err(error) => {
                attempts::delete(&mut *self.database.of_each([]).await?, attempt).await?;
                Err(error)
            }
        }
    }

    /// Records a try whose password may be checked.
    async fn admit(&self, subjects: &[Subject]) -> Result<Uuid, Error> {
        let attempt = Uuid::now_v7();
        let start = Instant::now();
        let mut pauses_ms = PAUSES_MS.into_iter();
        let mut pause_ms = 0;
        while start.elapsed() < PATIENCE {
            match self.record(attempt, subjects).await? {
                Admission::Admitted => return Ok(attempt),
                Admission::Locked(free_after) => return Err(Error::TooManyAttempts(free_after)),
                Admission::Crowded => {
                    pause_ms = pauses_ms.next().unwrap_or(pause_ms);
                    sleep(Duration::from_millis(rand::random_range(0..=pause_ms))).await;
                }
            }
        }
        Err(Error::TooManyAttempts(Duration::from_secs(1)))
    }

    /// Records a try, unless it is not admitted: one that was refused must not count.
    async fn record(&self, attempt: Uuid, subjects: &[Subject]) -> Result<Admission, Error> {
        // Tries are no tenant's.
        let mut conn = self.database.of_each([]).await?;
        let admission = look(&mut conn, attempt, subjects).await?;
        if admission != Admission::Admitted {
            return Ok(admission);
        }
        attempts::purge(&mut conn).await?;
        // Committed before the others are counted again: of two at the same time, at least one
        // counts the other.
        attempts::insert(&mut conn, attempt, subjects).await?;
        let admission = look(&mut conn, attempt, subjects).await?;
        if admission != Admission::Admitted {
            attempts::delete(&mut conn, attempt).await?;
        }
        Ok(admission)
    }

    /// Keeps a wrong try, and puts it on record where the address is somebody's. That of nobody's is only
    /// counted: strangers make up as many as they like, and a record is kept for ever.
    async fn refuse(
        &self,
        call: &Call,
        attempt: Uuid,
        user: Option<&User>,
    ) -> Result<Issued, Error> {
        let tenant = user.map_or(TenantId::from_uuid(Uuid::nil()), |user| user.tenant);
        let mut tx = self.database.begin(tenant).await?;
        attempts::mark_wrong(&mut tx, attempt).await?;
        if let Some(user) = user {
            let by = Caller::service(call.clone(), tenant, "nobody");
            audit::record(&mut tx, &by, &Act::new("login.refuse", user_object(user.id))).await?;
        } else {
            metrics::counter!("lombard_logins_of_nobody").increment(1);
            attempts::nothing(&mut tx).await?;
        }
        tx.commit().await?;
        Err(Error::WrongCredentials)
    }

    /// Whether it is the password of a user who may log in. Takes as long when there is none.
    async fn verify(&self, credentials: Credentials) -> Result<Verdict, Error> {
        // Whose it is, is what the address tells.
        let mut conn = self.database.platform().await?;
        let user = users::find(&mut conn, &credentials.email).await?;
        drop(conn);
        let hash =
            user.as_ref().map_or_else(PasswordHash::of_nobody, |user| user.password_hash.clone());
        let matches = self.passwords.matches(credentials.password, hash).await?;
        Ok(match user {
            Some(user) if matches && user.active => Verdict::Right(user),
            user => Verdict::Wrong(user),
        })
    }

    /// A token, for who may have mistyped before; none where the user has been disabled or has another
    /// password since theirs was checked.
    async fn issue(
        &self,
        call: &Call,
        attempt: Uuid,
        email: &Subject,
        user: &User,
    ) -> Result<Option<Issued>, Error> {
        let token = Token::generate().map_err(internal)?;
        let lifetime = PgInterval::try_from(self.settings.token_lifetime).map_err(internal)?;
        // Everybody's who have expired.
        tokens::purge(&mut *self.database.platform().await?).await?;
        let mut tx = self.database.begin(user.tenant).await?;
        // First: whoever changes the user after this finds the token, and ends it.
        if !users::is_unchanged(&mut tx, user).await? {
            return Ok(None);
        }
        attempts::delete(&mut tx, attempt).await?;
        attempts::forgive(&mut tx, email).await?;
        let expire_time = tokens::insert(&mut tx, token.hash(), user, lifetime).await?;
        let by = Caller::new(call.clone(), user.tenant, Some(user.id), Vec::new());
        audit::record(&mut tx, &by, &Act::new("login", user_object(user.id))).await?;
        tx.commit().await?;
        Ok(Some(Issued { token, expire_time }))
    }
}

/// What the tries of others say about this one.
async fn look(
    conn: &mut PgConnection,
    attempt: Uuid,
    subjects: &[Subject],
) -> Result<Admission, sqlx::Error> {
    let mut tallies = Vec::with_capacity(subjects.len());
    for subject in subjects {
        tallies.push(attempts::tally(conn, attempt, subject.clone()).await?);
    }
    Ok(admission(&tallies))
}

fn internal(error: impl std::fmt::Display) -> Error {
    errors::Error::Internal(format!("issuing a token: {error}")).into()
}

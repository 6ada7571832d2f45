//! A rail without a bank at its other end. What becomes of a payment is in the last digits of the
//! creditor's account number, or of the IBAN:
//!
//! | account number, end of the IBAN | what happens |
//! |---|---|
//! | `00000001` | settles after 2 s |
//! | `00000002` | is rejected with `AC01` |
//! | `00000003` | settles, and comes back 2 s later |
//! | `00000004` | the rail is down for the first 3 tries; then it settles |
//! | anything else | settles at once |
//!
//! It keeps what it was given in tables of its own, in transactions of its own, as a bank elsewhere
//! would: whatever dies, here or there, a payment is paid once. Those tables are no tenant's, and no tenant's row
//! is seen here.

use std::time::Duration;

use kit::{errors, postgres::Database};
use types::PaymentId;

use super::{Answer, Incoming, Instruction, Progress, Rail, RailError};
use crate::{
    domain::ledger::BankDetails,
    error::Error,
    store::sandbox_rail::{self as store, Decision, Given},
};

/// How often an outage lets a payment fail.
const OUTAGE_TRIES: i32 = 3;
/// What a rejection says: the account number is wrong (ISO 20022).
const REJECTION: &str = "AC01";

/// The sandbox rail.
#[derive(Debug, Clone)]
pub(crate) struct Sandbox {
    database: Database,
    /// How long the slow things take.
    delay: Duration,
}

/// What an account number stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Play {
    Settle,
    SettleLater,
    Reject,
    Return,
    Outage,
}

impl Play {
    fn of(account: &BankDetails) -> Self {
        let number = account.uk.as_ref().map(|uk| uk.account_number.as_str());
        let iban = account.international.as_ref().map(|known| known.iban.as_str());
        let account = number.or(iban).unwrap_or_default();
        let ends = |digits: &str| account.ends_with(digits);
        if ends("00000001") {
            Self::SettleLater
        } else if ends("00000002") {
            Self::Reject
        } else if ends("00000003") {
            Self::Return
        } else if ends("00000004") {
            Self::Outage
        } else {
            Self::Settle
        }
    }
}

impl Sandbox {
    pub(crate) fn new(database: Database, delay: Duration) -> Self {
        Self { database, delay }
    }

    async fn take(&self, instruction: &Instruction) -> Result<Progress, Trouble> {
        let play = Play::of(&instruction.creditor.account);
        let decision = Decision {
            after: if play == Play::SettleLater { self.delay } else { Duration::ZERO },
            rejection: (play == Play::Reject).then_some(REJECTION),
            // Counted from the decision, which is made at once.
            returned_after: (play == Play::Return).then_some(self.delay),
            failing_tries: if play == Play::Outage { OUTAGE_TRIES } else { 0 },
        };
        let mut tx = self.database.begin_of_each([]).await.map_err(Error::from)?;
        let given = store::take(&mut tx, instruction, &decision).await?;
        tx.commit().await.map_err(Error::from)?;
        match given {
            Given::Taken(progress) => Ok(progress),
            Given::Down => Err(Trouble::Down),
            Given::Different => Err(Trouble::Different),
        }
    }
}

impl Rail for Sandbox {
    fn submit<'a>(&'a self, instruction: &'a Instruction) -> Answer<'a, Progress> {
        Box::pin(async { Ok(self.take(instruction).await?) })
    }

    fn fetch(&self, payment: PaymentId) -> Answer<'_, Progress> {
        Box::pin(async move {
            let mut conn = self.database.of_each([]).await.map_err(broken)?;
            let found = store::progress(&mut conn, payment).await.map_err(Trouble::from)?;
            found.ok_or_else(|| RailError::Permanent("it was never given".to_owned()))
        })
    }

    fn incoming<'a>(&'a self, after: Option<&'a str>, limit: i64) -> Answer<'a, Vec<Incoming>> {
        Box::pin(async move {
            let mut conn = self.database.of_each([]).await.map_err(broken)?;
            Ok(store::incoming(&mut conn, after, limit).await.map_err(Trouble::from)?)
        })
    }

    fn acknowledge<'a>(&'a self, reference: &'a str) -> Answer<'a, ()> {
        Box::pin(async {
            let mut conn = self.database.of_each([]).await.map_err(broken)?;
            Ok(store::acknowledge(&mut conn, reference).await.map_err(Trouble::from)?)
        })
    }
}

/// What can go wrong in the sandbox.
enum Trouble {
    Down,
    /// Another payment had this id.
    Different,
    Database(Error),
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Database(error)
    }
}

impl From<Trouble> for RailError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            Trouble::Down => Self::Transient("the sandbox plays an outage".to_owned()),
            Trouble::Different => Self::Permanent("another payment has this id".to_owned()),
            Trouble::Database(Error::Kit(errors::Error::Database(error))) => broken(error),
            Trouble::Database(error) => Self::Transient(error.to_string()),
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "as map_err gives it")]
fn broken(error: sqlx::Error) -> RailError {
    RailError::Transient(error.to_string())
}

#[cfg(test)]
mod tests {
    use types::{AccountNumber, BankCode, Iban, SortCode};

    use super::*;
    use crate::domain::ledger::{InternationalAccount, UkAccount};

    fn plays(number: &str) -> [Play; 2] {
        let sort_code = SortCode::parse("200000").unwrap();
        let account_number = AccountNumber::parse(number).unwrap();
        let code = BankCode::parse("BARC").unwrap();
        let iban = Iban::of_uk_account(&code, &sort_code, &account_number);
        let uk =
            BankDetails { uk: Some(UkAccount { sort_code, account_number }), international: None };
        let international = InternationalAccount { iban, bic: None };
        let sepa = BankDetails { uk: None, international: Some(international) };
        [Play::of(&uk), Play::of(&sepa)]
    }

    #[test]
    fn the_last_digits_decide_on_either_rail() {
        assert_eq!(plays("00000001"), [Play::SettleLater; 2]);
        assert_eq!(plays("00000002"), [Play::Reject; 2]);
        assert_eq!(plays("00000003"), [Play::Return; 2]);
        assert_eq!(plays("00000004"), [Play::Outage; 2]);
        assert_eq!(plays("12345678"), [Play::Settle; 2]);
    }
}

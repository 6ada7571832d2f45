//! An account of the general ledger, as it stands while nobody else changes it, and what may be done
//! to it.

use time::OffsetDateTime;
use types::{Currency, Id, LedgerId, kind::Independent};

/// What an [`AccountId`] names.
#[derive(Debug)]
pub(crate) enum AccountKind {}
impl Independent for AccountKind {}
/// Names an account.
pub(crate) type AccountId = Id<AccountKind>;

/// The account that is a ledger.
pub(crate) fn of_ledger(ledger: LedgerId) -> AccountId {
    AccountId::from_uuid(ledger.uuid())
}

/// An account with what decides a posting.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Account {
    pub(crate) id: AccountId,
    /// Counts the changes of what is kept: tells whether this is still how the account stands.
    pub(crate) version: i64,
    pub(crate) currency: Currency,
    /// Whether it takes postings.
    pub(crate) active: bool,
    pub(crate) balance_minor: i64,
    /// Reserved for payments under way.
    pub(crate) held_minor: i64,
    /// What the balance without what is held may not go below; none for the tenant's own accounts.
    pub(crate) floor_minor: Option<i64>,
    /// How many entries it has: the sequence number of the last one.
    pub(crate) entry_count: i64,
    /// None before the first entry, and for entries whose time is still to be told by the clock.
    pub(crate) last_entry_time: Option<OffsetDateTime>,
}

/// A number that would not fit 64 bits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Overflow;

/// What a debit would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Debit {
    /// Leave this balance.
    Leaves(i64),
    /// Go below the floor.
    InsufficientFunds,
}

/// What holding an amount would do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Hold {
    /// Make this be held.
    Holds(i64),
    /// Go below the floor.
    InsufficientFunds,
}

impl Account {
    /// What a debit of `amount_minor`, which is above 0, would do.
    pub(crate) fn debit(&self, amount_minor: i64) -> Result<Debit, Overflow> {
        let Some(floor_minor) = self.floor_minor else {
            return self.balance_minor.checked_sub(amount_minor).map(Debit::Leaves).ok_or(Overflow);
        };
        // In 128 bits neither difference can overflow.
        let left = i128::from(self.balance_minor).saturating_sub(i128::from(amount_minor));
        let spendable = left.saturating_sub(i128::from(self.held_minor));
        if spendable < i128::from(floor_minor) {
            return Ok(Debit::InsufficientFunds);
        }
        i64::try_from(left).map(Debit::Leaves).map_err(|_| Overflow)
    }

    /// What holding `amount_minor`, which is above 0, would do: it is allowed where a debit is.
    pub(crate) fn hold(&self, amount_minor: i64) -> Result<Hold, Overflow> {
        match self.debit(amount_minor)? {
            Debit::Leaves(_) => {
                self.held_minor.checked_add(amount_minor).map(Hold::Holds).ok_or(Overflow)
            }
            Debit::InsufficientFunds => Ok(Hold::InsufficientFunds),
        }
    }

    /// What is held without `amount_minor`, which must be part of it.
    pub(crate) fn release(&self, amount_minor: i64) -> Result<i64, Overflow> {
        self.held_minor.checked_sub(amount_minor).filter(|held| *held >= 0).ok_or(Overflow)
    }

    /// The balance that a credit of `amount_minor` would leave.
    pub(crate) fn credit(&self, amount_minor: i64) -> Result<i64, Overflow> {
        self.balance_minor.checked_add(amount_minor).ok_or(Overflow)
    }

    /// The account with one entry more, not before `time`.
    pub(crate) fn after_entry(
        mut self,
        balance_minor: i64,
        time: Option<OffsetDateTime>,
    ) -> Result<Self, Overflow> {
        self.entry_count = self.entry_count.checked_add(1).ok_or(Overflow)?;
        self.balance_minor = balance_minor;
        self.last_entry_time = time;
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn account(balance_minor: i64, held_minor: i64, floor_minor: i64) -> Account {
        Account {
            id: AccountId::new(),
            version: 0,
            currency: Currency::parse("GBP").unwrap(),
            active: true,
            balance_minor,
            held_minor,
            floor_minor: Some(floor_minor),
            entry_count: 0,
            last_entry_time: None,
        }
    }

    #[test]
    fn what_is_held_cannot_be_held_again_or_spent() {
        let account = account(100, 60, 0);

        assert_eq!(account.hold(40), Ok(Hold::Holds(100)));
        assert_eq!(account.hold(41), Ok(Hold::InsufficientFunds));
        assert_eq!(account.debit(41), Ok(Debit::InsufficientFunds));
    }

    #[test]
    fn an_overdraft_can_be_held() {
        assert_eq!(account(0, 0, -50).hold(50), Ok(Hold::Holds(50)));
        assert_eq!(account(0, 0, -50).hold(51), Ok(Hold::InsufficientFunds));
    }

    #[test]
    fn more_than_is_held_cannot_be_released() {
        assert_eq!(account(100, 60, 0).release(60), Ok(0));
        assert_eq!(account(100, 60, 0).release(61), Err(Overflow));
        assert_eq!(account(100, 60, 0).release(i64::MIN), Err(Overflow));
    }

    proptest! {
        #[test]
        fn what_was_held_and_released_can_be_debited(
            balance in any::<i64>(),
            held in 0..i64::MAX,
            floor in i64::MIN..=0,
            amount in 1..i64::MAX,
        ) {
            let mut account = account(balance, held, floor);
            if let Ok(Hold::Holds(more)) = account.hold(amount) {
                account.held_minor = more;
                prop_assert_eq!(account.release(amount), Ok(held));
                account.held_minor = held;
                prop_assert!(matches!(account.debit(amount), Ok(Debit::Leaves(_))));
            }
        }
    }
}

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

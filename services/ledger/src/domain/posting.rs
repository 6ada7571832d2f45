//! How an order to move money becomes a movement, or a decline.

use time::OffsetDateTime;

use super::{
    account::{Account, AccountId, Debit, Overflow},
    transfer::{Order, Outcome, Payer, ResponseCode},
};

/// What an order does to its accounts, beside what the order says itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Posting {
    pub(crate) outcome: Outcome,
    /// The balance of the account that is debited, after it; of a decline, as before it.
    pub(crate) debit_balance_minor: i64,
    /// The balance of the account that is credited, after it; none of a decline.
    pub(crate) credit_balance_minor: Option<i64>,
    /// Its time, unless the clock says a later one: that of the last entries of its accounts, so that
    /// time never goes back on either.
    pub(crate) not_before: Option<OffsetDateTime>,
}

/// Why an order leaves no trace. Those that accounts are the reason for come in the order of checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// One of the accounts does not exist.
    NoSuchAccount,
    CurrencyMismatch,
    AccountDisabled(AccountId),
    CustomerDisabled,
    BalanceLimit,
    /// Its request's key stands for another request.
    KeyReused,
    /// What it undoes has been undone.
    AlreadyReversed,
}

impl From<Overflow> for Refused {
    fn from(_: Overflow) -> Self {
        Self::BalanceLimit
    }
}

/// Decides an order and carries it out on its two accounts, as they stand now. Want of funds is an
/// outcome, which the credited account takes no part in; what is refused changes nothing.
pub(crate) fn post(
    order: &Order,
    debit: &mut Account,
    credit: &mut Account,
) -> Result<Posting, Refused> {
    check(order, debit, credit)?;
    let not_before = debit.last_entry_time.max(credit.last_entry_time);
    let amount_minor = order.movement.amount.minor();
    match debit.debit(amount_minor)? {
        Debit::Leaves(left) => {
            let grown = credit.credit(amount_minor)?;
            let debited = debit.after_entry(left, not_before)?;
            let credited = credit.after_entry(grown, not_before)?;
            (*debit, *credit) = (debited, credited);
            let outcome = Outcome::Posted {
                debit_sequence: debited.entry_count,
                credit_sequence: credited.entry_count,
            };
            Ok(Posting {
                outcome,
                debit_balance_minor: left,
                credit_balance_minor: Some(grown),
                not_before,
            })
        }
        Debit::InsufficientFunds => {
            *debit = debit.after_entry(debit.balance_minor, not_before)?;
            let code = ResponseCode::InsufficientFunds;
            Ok(Posting {
                outcome: Outcome::Declined { code, debit_sequence: debit.entry_count },
                debit_balance_minor: debit.balance_minor,
                credit_balance_minor: None,
                not_before,
            })
        }
    }
}

/// Whether an order may be carried out at all, whatever there is on its accounts.
pub(super) fn check(order: &Order, debit: &Account, credit: &Account) -> Result<(), Refused> {
    let currency = order.movement.amount.currency();
    if debit.currency != currency || credit.currency != currency {
        return Err(Refused::CurrencyMismatch);
    }
    let disabled = [debit, credit].into_iter().find(|account| !account.active);
    match (order.payer, disabled) {
        (Payer::Rail, _) | (Payer::Customer | Payer::Outside, None) => Ok(()),
        (Payer::Customer | Payer::DisabledCustomer | Payer::Outside, Some(disabled)) => {
            Err(Refused::AccountDisabled(disabled.id))
        }
        (Payer::DisabledCustomer, None) => Err(Refused::CustomerDisabled),
    }
}

#[cfg(test)]
mod tests;

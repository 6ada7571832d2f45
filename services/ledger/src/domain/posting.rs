//! How an order to move money becomes a movement, or a decline.

use time::OffsetDateTime;

use super::{
    account::{Account, AccountId, Debit, Overflow},
    transaction::Direction,
    transfer::{Order, Outcome, Payer, ResponseCode, Transfer},
};

/// One side of a transfer on its account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) account: AccountId,
    pub(crate) direction: Direction,
    /// Below 0 on the debit side, above on the credit side, 0 when declined.
    pub(crate) amount_minor: i64,
    pub(crate) balance_after_minor: i64,
    pub(crate) sequence: i64,
}

/// Everything that a transfer writes: itself, and its entries, which carry the accounts' new state.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Posting {
    pub(crate) transfer: Transfer,
    pub(crate) entries: Vec<Entry>,
}

/// Why an order leaves no trace. The order of the variants is that of the checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    CurrencyMismatch,
    AccountDisabled(AccountId),
    CustomerDisabled,
    BalanceLimit,
}

impl From<Overflow> for Refused {
    fn from(_: Overflow) -> Self {
        Self::BalanceLimit
    }
}

/// The two accounts of an order, as they stand while both are locked.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Locked {
    pub(crate) debit: Account,
    pub(crate) credit: Account,
}

/// Decides an order. Want of funds is an outcome; what is refused leaves no trace.
///
/// `now` counts unless one of the accounts has a later entry, so that time never goes back on either.
pub(crate) fn post(order: Order, locked: Locked, now: OffsetDateTime) -> Result<Posting, Refused> {
    let Locked { debit, credit } = locked;
    check(&order, &debit, &credit)?;
    let at =
        [debit.last_entry_time, credit.last_entry_time].into_iter().flatten().fold(now, Ord::max);
    let amount_minor = order.amount.minor();
    match debit.debit(amount_minor)? {
        Debit::Leaves(left) => {
            let grown = credit.credit(amount_minor)?;
            let debit = debit.after_entry(left, at)?;
            let credit = credit.after_entry(grown, at)?;
            let outcome = Outcome::Posted {
                debit_sequence: debit.entry_count,
                credit_sequence: credit.entry_count,
            };
            let taken = amount_minor.checked_neg().ok_or(Overflow)?;
            let entries = vec![
                entry(&debit, Direction::Out, taken),
                entry(&credit, Direction::In, amount_minor),
            ];
            Ok(Posting { transfer: transfer(order, outcome, at), entries })
        }
        Debit::InsufficientFunds => {
            let unchanged = debit.balance_minor;
            let debit = debit.after_entry(unchanged, at)?;
            let outcome = Outcome::Declined {
                code: ResponseCode::InsufficientFunds,
                debit_sequence: debit.entry_count,
            };
            let entries = vec![entry(&debit, Direction::Out, 0)];
            Ok(Posting { transfer: transfer(order, outcome, at), entries })
        }
    }
}

fn check(order: &Order, debit: &Account, credit: &Account) -> Result<(), Refused> {
    let currency = order.amount.currency();
    if debit.currency != currency || credit.currency != currency {
        return Err(Refused::CurrencyMismatch);
    }
    if let Some(disabled) = [debit, credit].into_iter().find(|account| !account.active) {
        return Err(Refused::AccountDisabled(disabled.id));
    }
    match order.payer {
        Payer::Customer | Payer::Outside(_) => Ok(()),
        Payer::DisabledCustomer => Err(Refused::CustomerDisabled),
    }
}

fn transfer(order: Order, outcome: Outcome, at: OffsetDateTime) -> Transfer {
    let sender = match order.payer {
        Payer::Outside(party) => Some(party),
        Payer::Customer | Payer::DisabledCustomer => None,
    };
    Transfer {
        id: order.transfer_id,
        kind: order.kind,
        outcome,
        sides: order.sides,
        amount: order.amount,
        reference: order.reference,
        sender,
        create_time: at,
    }
}

fn entry(account: &Account, direction: Direction, amount_minor: i64) -> Entry {
    Entry {
        account: account.id,
        direction,
        amount_minor,
        balance_after_minor: account.balance_minor,
        sequence: account.entry_count,
    }
}

#[cfg(test)]
mod tests;

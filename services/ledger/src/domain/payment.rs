//! Payments: orders to move money over a rail, and the life that they have.

use time::OffsetDateTime;
use types::{Amount, PaymentId, Reference, TenantId, TransferId};

use super::{
    account::{Account, AccountId, Hold},
    posting::{Posting, Refused, check, post},
    transfer::{Order, OutsideParty, ResponseCode, TransferType},
};

/// How far a payment has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum State {
    /// Its amount is held; nobody else knows of it.
    Accepted,
    /// It goes this way, and whoever is there has it or may have it; its amount is held.
    Submitted(Route),
    Settled {
        transfer: TransferId,
        /// What brought the money back later.
        returned: Option<TransferId>,
    },
    Rejected(Rejection),
    Cancelled,
}

/// Why a payment is not made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Rejection {
    /// Before it was accepted: this transfer records why.
    Declined { code: ResponseCode, transfer: TransferId },
    /// By the rail, or by the bank at its other end, in a code of theirs.
    ByRail(String),
}

/// How a payment goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Route {
    Rail,
    /// To a ledger of this platform: no rail has to do with it.
    OnUs,
}

/// The word by which a state is filtered and kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Accepted,
    Submitted,
    Settled,
    Rejected,
    Cancelled,
}

impl Status {
    pub(crate) const ALL: [Self; 5] =
        [Self::Accepted, Self::Submitted, Self::Settled, Self::Rejected, Self::Cancelled];

    /// The word for it in the database.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Submitted => "submitted",
            Self::Settled => "settled",
            Self::Rejected => "rejected",
            Self::Cancelled => "cancelled",
        }
    }

    /// The status that a word of the database stands for.
    pub(crate) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|known| known.word() == word)
    }
}

/// Whether a transition was made now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    Made,
    AlreadyMade,
}

/// The state allows no such transition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct WrongState;

impl State {
    pub(crate) fn status(&self) -> Status {
        match self {
            Self::Accepted => Status::Accepted,
            Self::Submitted(_) => Status::Submitted,
            Self::Settled { .. } => Status::Settled,
            Self::Rejected(_) => Status::Rejected,
            Self::Cancelled => Status::Cancelled,
        }
    }

    /// It is about to go out of our hands, and cannot be taken back from now on.
    pub(crate) fn submit(&mut self, route: Route) -> Result<Change, WrongState> {
        match self {
            Self::Accepted => {
                *self = Self::Submitted(route);
                Ok(Change::Made)
            }
            Self::Submitted(_) => Ok(Change::AlreadyMade),
            Self::Settled { .. } | Self::Rejected(_) | Self::Cancelled => Err(WrongState),
        }
    }

    /// The money has gone.
    pub(crate) fn settle(&mut self, transfer: TransferId) -> Result<Change, WrongState> {
        match self {
            Self::Submitted(_) => {
                *self = Self::Settled { transfer, returned: None };
                Ok(Change::Made)
            }
            Self::Settled { .. } => Ok(Change::AlreadyMade),
            Self::Accepted | Self::Rejected(_) | Self::Cancelled => Err(WrongState),
        }
    }

    /// It will not be made, for a reason in the rail's own code.
    pub(crate) fn reject(&mut self, reason: &str) -> Result<Change, WrongState> {
        match self {
            Self::Submitted(_) => {
                *self = Self::Rejected(Rejection::ByRail(reason.to_owned()));
                Ok(Change::Made)
            }
            Self::Rejected(_) => Ok(Change::AlreadyMade),
            Self::Accepted | Self::Settled { .. } | Self::Cancelled => Err(WrongState),
        }
    }

    /// It is taken back in time.
    pub(crate) fn cancel(&mut self) -> Result<Change, WrongState> {
        match self {
            Self::Accepted => {
                *self = Self::Cancelled;
                Ok(Change::Made)
            }
            Self::Cancelled => Ok(Change::AlreadyMade),
            Self::Submitted(_) | Self::Settled { .. } | Self::Rejected(_) => Err(WrongState),
        }
    }

    /// The money that had gone has come back.
    pub(crate) fn give_back(&mut self, transfer: TransferId) -> Result<Change, WrongState> {
        match self {
            Self::Settled { returned: Some(_), .. } => Ok(Change::AlreadyMade),
            Self::Settled { returned, .. } => {
                *returned = Some(transfer);
                Ok(Change::Made)
            }
            Self::Accepted | Self::Submitted(_) | Self::Rejected(_) | Self::Cancelled => {
                Err(WrongState)
            }
        }
    }
}

/// Where a payment's money comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// A customer's ledger, which holds it until it goes.
    Ledger(AccountId),
    /// Suspense, which gives back what this transfer brought in.
    Suspense { account: AccountId, returns: TransferId },
}

impl Source {
    pub(crate) fn account(self) -> AccountId {
        match self {
            Self::Ledger(account) | Self::Suspense { account, .. } => account,
        }
    }

    /// Lets go of what is held of an account, which is that of this source.
    pub(crate) fn release(self, account: &mut Account, amount: Amount) -> Result<(), Refused> {
        match self {
            Self::Ledger(_) => account.held_minor = account.release(amount.minor())?,
            Self::Suspense { .. } => {}
        }
        Ok(())
    }
}

/// An order to move money over a rail.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Payment {
    pub(crate) tenant: TenantId,
    pub(crate) id: PaymentId,
    pub(crate) kind: TransferType,
    pub(crate) state: State,
    pub(crate) source: Source,
    pub(crate) creditor: OutsideParty,
    pub(crate) amount: Amount,
    pub(crate) reference: Reference,
    pub(crate) create_time: OffsetDateTime,
    pub(crate) update_time: OffsetDateTime,
}

/// The code of the only currency that a rail carries; none where it carries several.
pub(crate) fn rail_currency(kind: TransferType) -> Option<&'static str> {
    match kind {
        TransferType::FasterPayment => Some("GBP"),
        TransferType::SepaCredit => Some("EUR"),
        TransferType::InternalTransfer | TransferType::SwiftCredit => None,
    }
}

/// What becomes of a payment that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Acceptance {
    /// The account holds its amount.
    Held,
    /// There is not enough: a decline is to be recorded.
    Declined(Posting),
}

/// Holds what an order would move, for as long as it is under way. What is refused changes nothing;
/// the checks are those of a posting at once, in the same order.
pub(crate) fn accept(
    order: &Order,
    debit: &mut Account,
    mut credit: Account,
) -> Result<Acceptance, Refused> {
    check(order, debit, &credit)?;
    match debit.hold(order.movement.amount.minor())? {
        Hold::Holds(held_minor) => {
            debit.held_minor = held_minor;
            Ok(Acceptance::Held)
        }
        Hold::InsufficientFunds => post(order, debit, &mut credit).map(Acceptance::Declined),
    }
}

#[cfg(test)]
mod tests;
